"""A trade as those see it whose money it moves, and an instrument as everyone sees it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.trade_messages import (
    TradeEvent,
    TradeFailed,
    TradeOrder,
    TradePlaced,
    TradeSettled,
)
from domain.banking.trade_terms import TradeRefusal, TradeSide
from readmodels.model import Owner, Projection, Role, document, index, replace


class TradeStatus(StrEnum):
    """Where a trade stands."""

    PLACED = "PLACED"
    SETTLED = "SETTLED"
    FAILED = "FAILED"


@document(
    read=Owner("parties") | Role("teller", "compliance"),
    indexes=[
        index("account", "placed_at"),
        index("instrument", "placed_at"),
        index("status", "placed_at"),
        index("side"),
        index("amount"),
        index("placed_at"),
    ],
)
class Trade:
    """A purchase or sale; price and amount are known once it is settled.

    `realised` is the profit of a sale, first in first out; `refusal` is why the trade failed.
    """

    id: str
    account: str
    instrument: str
    side: TradeSide
    quantity: Decimal
    limit_price: Decimal | None
    status: TradeStatus
    price: Decimal | None
    amount: Decimal | None
    currency: str | None
    realised: Decimal | None
    refusal: TradeRefusal | None
    parties: tuple[str, ...]
    placed_at: datetime
    ended_at: datetime | None


def evolve(document: Trade | None, event: TradeEvent) -> Trade | None:
    known = document or _begun(event.order)
    match event:
        case TradePlaced():
            return known
        case TradeSettled():
            return replace(
                known,
                status=TradeStatus.SETTLED,
                price=event.price,
                amount=event.amount,
                currency=event.currency,
                realised=event.realised,
                parties=_parties(known, event.owners),
                ended_at=event.at,
            )
        case TradeFailed(reason=reason):
            return replace(
                known,
                status=TradeStatus.FAILED,
                refusal=reason,
                parties=_parties(known, event.owners),
                ended_at=event.at,
            )


def _begun(order: TradeOrder) -> Trade:
    return Trade(
        id=order.trade,
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        quantity=order.quantity,
        limit_price=order.limit_price,
        status=TradeStatus.PLACED,
        price=None,
        amount=None,
        currency=None,
        realised=None,
        refusal=None,
        parties=() if order.sender is None else (order.sender,),
        placed_at=order.placed_at,
        ended_at=None,
    )


def _parties(document: Trade, owners: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*document.parties, *owners)))


trades = Projection(document=Trade, keys=lambda event: [event.order.trade], evolve=evolve)
