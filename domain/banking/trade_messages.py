"""What is said about a trade: the events of its course, and the commands for them."""

from datetime import datetime
from decimal import Decimal

from domain.banking.terms import Reference
from domain.banking.trade_terms import TradeRefusal, TradeSide
from domain.model import Actor, NewId, Now, Role, Roles, command, event, value


@value
class TradeOrder:
    """What is to be bought or sold, at which price at worst, with the money of which account."""

    trade: str
    account: str
    instrument: str
    side: TradeSide
    quantity: Decimal
    limit_price: Decimal | None
    sender: str | None
    placed_at: datetime

    @property
    def reference(self) -> Reference:
        """What its legs go by."""
        return Reference(id=self.trade, begun_at=self.placed_at)


@event("banking.TradePlaced")
class TradePlaced:
    """A trade begins; neither money nor units were moved yet."""

    order: TradeOrder
    at: datetime
    by: str


@event("banking.TradeSettled")
class TradeSettled:
    """Money and units have changed hands; `realised` is the profit of a sale, else None."""

    order: TradeOrder
    owners: tuple[str, ...]
    currency: str
    price: Decimal
    amount: Decimal
    realised: Decimal | None
    at: datetime


@event("banking.TradeFailed")
class TradeFailed:
    """The trade came to nothing: what was moved is back."""

    order: TradeOrder
    owners: tuple[str, ...]
    reason: TradeRefusal
    at: datetime


TradeEvent = TradePlaced | TradeSettled | TradeFailed


@command(allow=Role("customer", "teller"))
class PlaceTrade:
    """Buy or sell units at the latest quote, a customer with the money of an own account.

    With a limit, a purchase is not made above it, nor a sale below it.
    """

    trade: NewId
    account: str
    instrument: str
    side: TradeSide
    quantity: Decimal
    limit_price: Decimal | None = None
    at: Now
    by: Actor
    roles: Roles


@command()
class SettleTrade:
    """Note that money and units have changed hands."""

    trade: str
    owners: tuple[str, ...]
    currency: str
    price: Decimal
    amount: Decimal
    realised: Decimal | None
    at: Now


@command()
class FailTrade:
    """Note that the trade came to nothing."""

    trade: str
    owners: tuple[str, ...]
    reason: TradeRefusal
    at: Now


TradeCommand = PlaceTrade | SettleTrade | FailTrade
