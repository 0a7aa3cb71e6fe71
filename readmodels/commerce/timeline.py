"""The timeline of an order: who did what when."""

from datetime import datetime
from enum import StrEnum

from domain.commerce.order_messages import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    SaleRecorded,
    ShippedLine,
)
from domain.commerce.terms import OrderLine
from domain.model import value


class OrderStep(StrEnum):
    """What can happen to an order."""

    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"
    REFUNDED = "REFUNDED"
    RECORDED = "RECORDED"


@value
class TimelineEntry:
    """What happened to an order, when, by whom; the note has the reason, parts or amount."""

    what: OrderStep
    at: datetime
    by: str
    note: str | None


def entry_of(event: OrderEvent) -> TimelineEntry:
    """The entry that stands for the event."""
    step, note = _step(event)
    return TimelineEntry(what=step, at=event.at, by=event.by, note=note)


def _step(event: OrderEvent) -> tuple[OrderStep, str | None]:
    match event:
        case OrderPlaced(lines=lines):
            return OrderStep.PLACED, _listing(lines)
        case OrderConfirmed(total=total):
            return OrderStep.CONFIRMED, f"total {total}"
        case OrderRejected(reason=reason):
            return OrderStep.REJECTED, reason
        case OrderPaid(payment=payment):
            return OrderStep.PAID, f"by payment {payment}"
        case OrderShipped(lines=parts):
            return OrderStep.SHIPPED, _listing(parts)
        case OrderDelivered():
            return OrderStep.DELIVERED, None
        case OrderCancelled(reason=reason):
            return OrderStep.CANCELLED, reason
        case OrderReturned(lines=lines, reason=reason):
            return OrderStep.RETURNED, f"{_listing(lines)}: {reason}"
        case OrderRefunded(amount=amount):
            return OrderStep.REFUNDED, str(amount)
        case SaleRecorded(units=units):
            return OrderStep.RECORDED, f"{units} units"


LISTED_MAX = 5
"""How many lines a note names."""


def _listing(lines: tuple[OrderLine, ...] | tuple[ShippedLine, ...]) -> str:
    named = ", ".join(f"{each.quantity} x {each.product}" for each in lines[:LISTED_MAX])
    more = len(lines) - LISTED_MAX
    return f"{named} and {more} more" if more > 0 else named
