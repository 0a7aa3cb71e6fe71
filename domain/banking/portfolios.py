"""A portfolio: what an account holds, by instrument, in lots.

It has the id of its account. As accounts do with debits, it keeps what is being sold until the
money has arrived, and remembers the trades that it has done with, so that each is done once.
"""

from decimal import Decimal

from domain.banking.currencies import zero
from domain.banking.lots import Lot, cost_of, given_back, quantity_of, taken
from domain.banking.portfolio_messages import (
    AddUnits,
    HoldingChange,
    PortfolioCommand,
    PortfolioEvent,
    RestoreUnits,
    SaleSettled,
    SettleSale,
    TakeUnits,
    UnitsBought,
    UnitsRefused,
    UnitsRestored,
    UnitsSold,
)
from domain.banking.terms import Reference, Remembered
from domain.banking.trade_terms import TradeRefusal
from domain.model import Aggregate, Role, replace, value

HOLDINGS_MAX = 50
LOTS_MAX = 50
"""How many lots of an instrument a portfolio holds; sell some, then buy more."""
OPEN_SALES_MAX = 20
"""How many sales of a portfolio are under way at most."""


@value
class OpenSale:
    """What is being sold and not paid yet."""

    reference: Reference
    instrument: str
    parts: tuple[Lot, ...]
    price: Decimal
    realised: Decimal


@value
class Portfolio:
    """The lots by instrument, in the currency of the account; `changes` counts what happened.

    It has no owners and no currency before the first purchase.
    """

    owners: tuple[str, ...] = ()
    currency: str = ""
    lots: dict[str, tuple[Lot, ...]]
    open_sales: dict[str, OpenSale]
    changes: int = 0
    remembered: Remembered = Remembered()


def initial() -> Portfolio:
    return Portfolio(lots={}, open_sales={})


def evolve(state: Portfolio, event: PortfolioEvent) -> Portfolio:
    match event:
        case UnitsRefused(reason=TradeRefusal.TOO_LATE):
            return state
        case UnitsRefused(reference=reference):
            return replace(state, remembered=state.remembered.plus(reference))
        case SaleSettled(reference=reference):
            return _ended(state, reference)
        case UnitsBought(change=change, lot=lot):
            lots = (*state.lots.get(change.instrument, ()), lot)
            bought = replace(state, owners=change.owners, currency=change.currency)
            known = state.remembered.plus(event.reference)
            return replace(_held(bought, change, lots), remembered=known)
        case UnitsSold(change=change, parts=parts):
            left, _ = taken(state.lots[change.instrument], quantity_of(parts), state.currency)
            sale = OpenSale(
                reference=event.reference,
                instrument=change.instrument,
                parts=parts,
                price=event.price,
                realised=event.realised,
            )
            opened = {**state.open_sales, event.reference.id: sale}
            return replace(_held(state, change, left), open_sales=opened)
        case UnitsRestored(change=change, parts=parts):
            lots = given_back(state.lots.get(change.instrument, ()), parts)
            return _ended(_held(state, change, lots), event.reference)


def _held(state: Portfolio, change: HoldingChange, lots: tuple[Lot, ...]) -> Portfolio:
    others = {each: held for each, held in state.lots.items() if each != change.instrument}
    if lots:
        others[change.instrument] = lots
    return replace(state, lots=others, changes=change.number)


def _ended(state: Portfolio, reference: Reference) -> Portfolio:
    left = {id: each for id, each in state.open_sales.items() if id != reference.id}
    return replace(state, open_sales=left, remembered=state.remembered.plus(reference))


def decide(command: PortfolioCommand, state: Portfolio) -> list[PortfolioEvent]:
    open_sale = state.open_sales.get(command.reference.id)
    match command:
        case AddUnits() | TakeUnits():
            if open_sale is not None or state.remembered.knows(command.reference):
                return []
            return [_done(command, state)]
        case RestoreUnits():
            return [] if open_sale is None else [_restored(command, state, open_sale)]
        case SettleSale(portfolio=portfolio, at=at):
            if open_sale is None:
                return []
            return [SaleSettled(portfolio=portfolio, reference=open_sale.reference, at=at)]


def _done(command: AddUnits | TakeUnits, state: Portfolio) -> PortfolioEvent:
    refusal = _refusal(command, state)
    if refusal is not None:
        return UnitsRefused(
            portfolio=command.portfolio,
            reference=command.reference,
            reason=refusal,
            at=command.at,
        )
    return _bought(command, state) if isinstance(command, AddUnits) else _sold(command, state)


def _refusal(command: AddUnits | TakeUnits, state: Portfolio) -> TradeRefusal | None:
    if state.remembered.is_too_late(command.reference):
        return TradeRefusal.TOO_LATE
    if isinstance(command, AddUnits):
        return _not_added(command, state)
    return _not_taken(command, state)


def _not_added(command: AddUnits, state: Portfolio) -> TradeRefusal | None:
    """Lots that may come back count as those that are there."""
    selling = list(state.open_sales.values())
    away = [lot.number for s in selling if s.instrument == command.instrument for lot in s.parts]
    held = [lot.number for lot in state.lots.get(command.instrument, ())]
    if len({*held, *away}) >= LOTS_MAX:
        return TradeRefusal.TOO_MANY_LOTS
    instruments = {*state.lots, *(each.instrument for each in selling)}
    if command.instrument not in instruments and len(instruments) >= HOLDINGS_MAX:
        return TradeRefusal.TOO_MANY_HOLDINGS
    return None


def _not_taken(command: TakeUnits, state: Portfolio) -> TradeRefusal | None:
    is_owned = bool(state.owners)
    if is_owned and command.sender is not None and command.sender not in state.owners:
        return TradeRefusal.NOT_YOUR_ACCOUNT
    if quantity_of(state.lots.get(command.instrument, ())) < command.quantity:
        return TradeRefusal.NOT_ENOUGH_UNITS
    if len(state.open_sales) >= OPEN_SALES_MAX:
        return TradeRefusal.TOO_MANY_UNDER_WAY
    return None


def _bought(command: AddUnits, state: Portfolio) -> UnitsBought:
    held = quantity_of(state.lots.get(command.instrument, ())) + command.quantity
    number = state.changes + 1
    return UnitsBought(
        change=HoldingChange(
            portfolio=command.portfolio,
            owners=command.owners,
            instrument=command.instrument,
            currency=command.currency,
            number=number,
            held=held,
        ),
        reference=command.reference,
        lot=Lot(number=number, quantity=command.quantity, cost=command.cost, bought_at=command.at),
        price=command.price,
        at=command.at,
    )


def _sold(command: TakeUnits, state: Portfolio) -> UnitsSold:
    left, parts = taken(state.lots[command.instrument], command.quantity, state.currency)
    return UnitsSold(
        change=_change(command.portfolio, command.instrument, state, left),
        reference=command.reference,
        parts=parts,
        price=command.price,
        proceeds=command.proceeds,
        realised=command.proceeds - cost_of(parts, state.currency),
        at=command.at,
    )


def _restored(command: RestoreUnits, state: Portfolio, sale: OpenSale) -> UnitsRestored:
    lots = given_back(state.lots.get(sale.instrument, ()), sale.parts)
    return UnitsRestored(
        change=_change(command.portfolio, sale.instrument, state, lots),
        reference=sale.reference,
        parts=sale.parts,
        price=sale.price,
        realised=zero(state.currency) - sale.realised,
        at=command.at,
    )


def _change(
    portfolio: str, instrument: str, state: Portfolio, lots: tuple[Lot, ...]
) -> HoldingChange:
    return HoldingChange(
        portfolio=portfolio,
        owners=state.owners,
        instrument=instrument,
        currency=state.currency,
        number=state.changes + 1,
        held=quantity_of(lots),
    )


portfolios = Aggregate(
    name="portfolio",
    key=lambda command: command.portfolio,
    initial=initial,
    decide=decide,
    evolve=evolve,
    history=Role("teller", "compliance"),
)
