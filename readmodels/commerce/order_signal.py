"""The orders that look like fraud: why, how much, and what a clerk found."""

from datetime import datetime
from enum import StrEnum

from domain.commerce.order_signal_messages import (
    OrderSignalCleared,
    OrderSignalEvent,
    OrderSignalRaised,
    OrderSignalReason,
    OrderSignalUpheld,
)
from readmodels.model import Projection, Role, document, index, one, replace


class OrderSignalStatus(StrEnum):
    """Whether a clerk has looked at the order, and what came of it."""

    RAISED = "RAISED"
    CLEARED = "CLEARED"
    UPHELD = "UPHELD"


@document(
    read=Role("clerk", "analyst"),
    indexes=[
        index("status", "score"),
        index("score"),
        index("customer", "raised_at"),
        index("raised_at"),
    ],
    links=[one("order_shown", to="Order", by="id")],
)
class OrderSignal:
    """An order, under its id, that looks like fraud; `raised_at` is when a reason came last.

    The score, 1 to 100, adds up the points of the reasons. `note` is what `reviewed_by` found.
    """

    id: str
    customer: str
    score: int
    reasons: tuple[OrderSignalReason, ...]
    status: OrderSignalStatus
    raised_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None
    note: str | None


def evolve(document: OrderSignal | None, event: OrderSignalEvent) -> OrderSignal | None:
    match event:
        case OrderSignalRaised():
            return OrderSignal(
                id=event.order,
                customer=event.customer,
                score=event.score,
                reasons=event.reasons,
                status=OrderSignalStatus.RAISED,
                raised_at=event.at,
                reviewed_at=None,
                reviewed_by=None,
                note=None,
            )
        case OrderSignalCleared():
            return document and _reviewed(document, event, OrderSignalStatus.CLEARED)
        case OrderSignalUpheld():
            return document and _reviewed(document, event, OrderSignalStatus.UPHELD)


def _reviewed(
    document: OrderSignal,
    event: OrderSignalCleared | OrderSignalUpheld,
    status: OrderSignalStatus,
) -> OrderSignal:
    return replace(
        document, status=status, reviewed_at=event.at, reviewed_by=event.by, note=event.note
    )


order_signals = Projection(document=OrderSignal, keys=lambda event: [event.order], evolve=evolve)
