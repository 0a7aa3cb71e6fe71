"""An order as its customer and the shop see it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.commerce.addresses import PostalAddress
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
)
from domain.commerce.terms import ZERO
from domain.model import value
from readmodels.commerce.timeline import TimelineEntry, entry_of
from readmodels.model import Owner, Projection, Role, document, index, replace


class OrderStatus(StrEnum):
    """Where an order stands; in `SHIPPING` a part of it has left, in `SHIPPED` all of it."""

    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    PAID = "PAID"
    SHIPPING = "SHIPPING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


@value
class OrderItem:
    """A line of an order; its price is fixed when the order is confirmed."""

    product: str
    ordered: int
    shipped: int
    returned: int
    unit_price: Decimal | None


@document(
    read=Owner("customer") | Role("clerk", "warehouse"),
    indexes=[
        index("customer", "placed_at"),
        index("status", "placed_at"),
        index("placed_at"),
        index("total"),
    ],
)
class Order:
    """An order. A sale recorded from another system has units and a total, but no lines."""

    id: str
    customer: str
    status: OrderStatus
    lines: tuple[OrderItem, ...]
    units: int
    total: Decimal | None
    refunded: Decimal
    payment: str | None
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    timeline: tuple[TimelineEntry, ...]
    shipping: PostalAddress | None = None
    billing: PostalAddress | None = None


def evolve(document: Order | None, event: OrderEvent) -> Order | None:
    order = _advanced(document, event)
    return order and replace(order, timeline=(*order.timeline, entry_of(event)))


def _advanced(document: Order | None, event: OrderEvent) -> Order | None:
    at = event.at
    match event:
        case OrderPlaced():
            return _placed(event)
        case SaleRecorded():
            return _recorded(event)
        case OrderConfirmed(total=total):
            return document and replace(
                document,
                status=OrderStatus.CONFIRMED,
                lines=_priced(document.lines, event),
                total=total,
            )
        case OrderRejected():
            return document and replace(document, status=OrderStatus.REJECTED)
        case OrderPaid(payment=payment):
            return document and replace(
                document, status=OrderStatus.PAID, payment=payment, paid_at=at
            )
        case OrderShipped(complete=complete):
            return document and replace(
                document,
                status=OrderStatus.SHIPPED if complete else OrderStatus.SHIPPING,
                lines=_shipped(document.lines, event),
                shipped_at=at if complete else None,
            )
        case OrderDelivered():
            return document and replace(document, status=OrderStatus.DELIVERED, delivered_at=at)
        case OrderCancelled():
            return document and replace(document, status=OrderStatus.CANCELLED)
        case OrderReturned(complete=complete):
            return document and replace(
                document,
                status=OrderStatus.RETURNED if complete else document.status,
                lines=_returned(document.lines, event),
            )
        case OrderRefunded(amount=amount):
            return document and replace(document, refunded=document.refunded + amount)


def _placed(event: OrderPlaced) -> Order:
    return Order(
        id=event.order,
        customer=event.customer,
        status=OrderStatus.PLACED,
        lines=tuple(
            OrderItem(
                product=each.product, ordered=each.quantity, shipped=0, returned=0, unit_price=None
            )
            for each in event.lines
        ),
        units=sum(each.quantity for each in event.lines),
        total=None,
        refunded=ZERO,
        payment=None,
        placed_at=event.at,
        paid_at=None,
        shipped_at=None,
        delivered_at=None,
        timeline=(),
        shipping=event.shipping,
        billing=event.billing,
    )


def _recorded(event: SaleRecorded) -> Order:
    return Order(
        id=event.order,
        customer=event.customer,
        status=OrderStatus.DELIVERED,
        lines=(),
        units=event.units,
        total=event.amount,
        refunded=ZERO,
        payment=None,
        placed_at=event.at,
        paid_at=event.at,
        shipped_at=event.at,
        delivered_at=event.at,
        timeline=(),
    )


def _priced(items: tuple[OrderItem, ...], event: OrderConfirmed) -> tuple[OrderItem, ...]:
    prices = {each.product: each.unit_price for each in event.lines}
    return tuple(replace(each, unit_price=prices[each.product]) for each in items)


def _shipped(items: tuple[OrderItem, ...], event: OrderShipped) -> tuple[OrderItem, ...]:
    totals = {each.product: each.shipped for each in event.lines}
    return tuple(replace(e, shipped=totals.get(e.product, e.shipped)) for e in items)


def _returned(items: tuple[OrderItem, ...], event: OrderReturned) -> tuple[OrderItem, ...]:
    back = {each.product: each.quantity for each in event.lines}
    return tuple(replace(e, returned=e.returned + back.get(e.product, 0)) for e in items)


orders = Projection(document=Order, keys=lambda event: [event.order], evolve=evolve, version=2)
