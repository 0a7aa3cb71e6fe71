"""A trade: placed, then settled or failed, as the process sees that hears all who take part."""

from domain.banking.terms import checked_id
from domain.banking.trade_messages import (
    FailTrade,
    PlaceTrade,
    SettleTrade,
    TradeCommand,
    TradeEvent,
    TradeFailed,
    TradeOrder,
    TradePlaced,
    TradeSettled,
)
from domain.banking.trade_terms import checked_price, checked_quantity
from domain.model import Aggregate, Rejected, Role, value


@value
class Unplaced:
    """Nothing is known of the trade."""


@value
class Placed:
    """The trade is under way."""

    order: TradeOrder


@value
class Over:
    """The trade has come to its end, whichever."""


Trade = Unplaced | Placed | Over


def evolve(state: Trade, event: TradeEvent) -> Trade:
    match event:
        case TradePlaced(order=order):
            return Placed(order=order)
        case TradeSettled() | TradeFailed():
            return Over()


def decide(command: TradeCommand, state: Trade) -> list[TradeEvent]:
    match command, state:
        case PlaceTrade(), Unplaced():
            return [_placed(command)]
        case PlaceTrade(trade=trade), _:
            raise Rejected("TRADE_EXISTS", f"trade {trade} was made before")
        case _, Unplaced():
            raise Rejected("TRADE_UNKNOWN", f"there is no trade {command.trade:.40}")
        case _, Over():
            return []
        case SettleTrade(), Placed(order=order):
            return [
                TradeSettled(
                    order=order,
                    owners=command.owners,
                    currency=command.currency,
                    price=command.price,
                    amount=command.amount,
                    realised=command.realised,
                    at=command.at,
                )
            ]
        case FailTrade(owners=owners, reason=reason, at=at), Placed(order=order):
            return [TradeFailed(order=order, owners=owners, reason=reason, at=at)]


def _placed(command: PlaceTrade) -> TradePlaced:
    limit = command.limit_price
    order = TradeOrder(
        trade=command.trade,
        account=checked_id(command.account, "account"),
        instrument=checked_id(command.instrument, "instrument"),
        side=command.side,
        quantity=checked_quantity(command.quantity),
        limit_price=None if limit is None else checked_price(limit, "limit price"),
        sender=None if "teller" in command.roles else command.by,
        placed_at=command.at,
    )
    return TradePlaced(order=order, at=command.at, by=command.by)


trades = Aggregate(
    name="trade",
    key=lambda command: command.trade,
    initial=Unplaced,
    decide=decide,
    evolve=evolve,
    history=Role("teller", "compliance"),
)
