"""Where an order stands, folded from its events."""

from datetime import datetime
from decimal import Decimal

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
from domain.commerce.terms import ZERO, OrderLine, PricedLine
from domain.model import replace, value


@value
class Sale:
    """What a paid order is about."""

    customer: str
    lines: tuple[PricedLine, ...]
    payment: str
    paid_at: datetime
    refunded: Decimal


@value
class Unplaced:
    """Nothing is known of the order."""


@value
class Placed:
    """The order waits for its stock."""

    customer: str
    lines: tuple[OrderLine, ...]
    placed_at: datetime


@value
class Confirmed:
    """The order waits for its payment."""

    customer: str
    lines: tuple[PricedLine, ...]
    total: Decimal
    placed_at: datetime


@value
class Paid:
    """The order waits to be shipped."""

    sale: Sale


@value
class Shipping:
    """A part of the order was shipped: `shipped` by product, in `parts` shipments."""

    sale: Sale
    shipped: dict[str, int]
    parts: int


@value
class Shipped:
    """All of the order is on its way."""

    sale: Sale
    shipped_at: datetime


@value
class Delivered:
    """The order is with the customer, but for what came back: `returned` by product."""

    sale: Sale
    returned: dict[str, int]
    returns: int


@value
class Returned:
    """All of the order came back."""

    sale: Sale


@value
class CancelledPaid:
    """The order ended after it was paid."""

    sale: Sale


@value
class Cancelled:
    """The order ended before it was paid."""

    customer: str


@value
class Declined:
    """The order was rejected, as something of it could not be reserved."""

    customer: str


@value
class Recorded:
    """The order is a sale of another system."""

    customer: str
    units: int
    amount: Decimal


Sold = Paid | Shipping | Shipped | Delivered | Returned | CancelledPaid
Order = Unplaced | Placed | Confirmed | Sold | Cancelled | Declined | Recorded


def evolve(state: Order, event: OrderEvent) -> Order:
    match event:
        case OrderPlaced(customer=customer, lines=lines, at=at):
            return Placed(customer=customer, lines=lines, placed_at=at)
        case OrderConfirmed(customer=customer, lines=priced, total=total, placed_at=placed_at):
            return Confirmed(customer=customer, lines=priced, total=total, placed_at=placed_at)
        case OrderRejected(customer=customer):
            return Declined(customer=customer)
        case OrderPaid(customer=customer, lines=priced, payment=payment, at=at):
            return Paid(
                sale=Sale(
                    customer=customer, lines=priced, payment=payment, paid_at=at, refunded=ZERO
                )
            )
        case OrderCancelled(customer=customer):
            if isinstance(state, Paid):
                return CancelledPaid(sale=state.sale)
            return Cancelled(customer=customer)
        case SaleRecorded(customer=customer, units=units, amount=amount):
            return Recorded(customer=customer, units=units, amount=amount)
        case OrderShipped() | OrderDelivered() | OrderReturned() | OrderRefunded():
            return _evolve_sold(state, event)


def _evolve_sold(
    state: Order, event: OrderShipped | OrderDelivered | OrderReturned | OrderRefunded
) -> Order:
    match event, state:
        case OrderShipped(complete=True, at=at), Paid(sale=sale) | Shipping(sale=sale):
            return Shipped(sale=sale, shipped_at=at)
        case OrderShipped(lines=lines), Paid(sale=sale):
            return Shipping(
                sale=sale, shipped={each.product: each.shipped for each in lines}, parts=1
            )
        case OrderShipped(lines=lines), Shipping(shipped=before, parts=parts):
            shipped = {**before, **{each.product: each.shipped for each in lines}}
            return replace(state, shipped=shipped, parts=parts + 1)
        case OrderDelivered(), Shipped(sale=sale):
            return Delivered(sale=sale, returned={}, returns=0)
        case OrderReturned(complete=True), Delivered(sale=sale):
            return Returned(sale=sale)
        case OrderReturned(lines=lines, number=number), Delivered(returned=before):
            back = {each.product: before.get(each.product, 0) + each.quantity for each in lines}
            return replace(state, returned={**before, **back}, returns=number)
        case OrderRefunded(amount=amount), (
            Paid() | Shipping() | Shipped() | Delivered() | Returned() | CancelledPaid()
        ):
            return replace(state, sale=replace(state.sale, refunded=state.sale.refunded + amount))
        case _:
            return state


def customer_of(state: Order) -> str | None:
    """Whose order it is; None where nothing is known of it."""
    match state:
        case Unplaced():
            return None
        case Placed() | Confirmed() | Cancelled() | Declined() | Recorded():
            return state.customer
        case Paid() | Shipping() | Shipped() | Delivered() | Returned() | CancelledPaid():
            return state.sale.customer


def status_of(state: Order) -> str:
    """What an order is, in a word or three."""
    match state:
        case Declined():
            return "rejected"
        case CancelledPaid():
            return "cancelled"
        case Shipping():
            return "shipped in part"
        case _:
            return type(state).__name__.lower()
