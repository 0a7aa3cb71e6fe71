"""What was heard of a trade: its order, its price, and the word of the account and portfolio.

They are streams of their own, heard in no common order. The first word of each stands; a later one
is the echo of a command that came twice.
"""

from decimal import Decimal
from enum import StrEnum

from domain.banking.currencies import AMOUNT_MAX, rounded
from domain.banking.instrument_messages import TradePriced, TradePricingRefused
from domain.banking.leg_messages import (
    AccountCredited,
    AccountDebited,
    CreditRefused,
    DebitRefunded,
    DebitRefused,
)
from domain.banking.portfolio_messages import UnitsBought, UnitsRefused, UnitsRestored, UnitsSold
from domain.banking.trade_messages import TradeOrder, TradePlaced
from domain.banking.trade_terms import TradeRefusal
from domain.model import replace, value

TradeNews = (
    TradePlaced
    | TradePriced
    | TradePricingRefused
    | AccountDebited
    | AccountCredited
    | DebitRefunded
    | DebitRefused
    | CreditRefused
    | UnitsBought
    | UnitsSold
    | UnitsRestored
    | UnitsRefused
)


class PartStanding(StrEnum):
    """What came of one part of a trade; `UNDONE` is what was done and has come back."""

    UNHEARD = "UNHEARD"
    DONE = "DONE"
    REFUSED = "REFUSED"
    UNDONE = "UNDONE"


@value
class Part:
    """One part of a trade, and why it was refused."""

    standing: PartStanding = PartStanding.UNHEARD
    refusal: TradeRefusal | None = None


@value
class Trading:
    """The parts of a trade: its price, its money and its units."""

    order: TradeOrder | None = None
    price: Decimal | None = None
    currency: str = ""
    pricing: Part = Part()
    money: Part = Part()
    units: Part = Part()
    owners: tuple[str, ...] = ()
    realised: Decimal | None = None

    @property
    def amount(self) -> Decimal | None:
        """What the units cost; None where that is unknown, below a minor unit or too large."""
        if self.order is None or self.price is None:
            return None
        amount = rounded(self.price * self.order.quantity, self.currency)
        return amount if 0 < amount <= AMOUNT_MAX else None


def evolve(state: Trading, event: TradeNews) -> Trading:
    match event:
        case TradePlaced(order=order):
            return replace(state, order=order)
        case TradePriced(price=price, currency=currency):
            if state.pricing.standing is not PartStanding.UNHEARD:
                return state
            return replace(state, pricing=_done(state.pricing), price=price, currency=currency)
        case TradePricingRefused(reason=reason):
            return replace(state, pricing=_refused(state.pricing, reason))
        case AccountDebited(posting=posting) | AccountCredited(posting=posting):
            return replace(state, money=_done(state.money), owners=posting.owners)
        case DebitRefunded():
            return replace(state, money=_undone(state.money))
        case DebitRefused(reason=why) | CreditRefused(reason=why):
            return replace(state, money=_refused(state.money, TradeRefusal(why.value)))
        case UnitsBought(change=change):
            return replace(state, units=_done(state.units), owners=change.owners)
        case UnitsSold(change=change, realised=realised):
            units = _done(state.units)
            return replace(state, units=units, owners=change.owners, realised=realised)
        case UnitsRestored():
            return replace(state, units=_undone(state.units))
        case UnitsRefused(reason=reason):
            return replace(state, units=_refused(state.units, reason))


def _done(part: Part) -> Part:
    return Part(standing=PartStanding.DONE) if part.standing is PartStanding.UNHEARD else part


def _refused(part: Part, reason: TradeRefusal) -> Part:
    if part.standing is not PartStanding.UNHEARD:
        return part
    return Part(standing=PartStanding.REFUSED, refusal=reason)


def _undone(part: Part) -> Part:
    return replace(part, standing=PartStanding.UNDONE)
