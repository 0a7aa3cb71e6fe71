"""What is said about an order: the events of its life, and the commands for them."""

from datetime import datetime
from decimal import Decimal

from domain.commerce.addresses import PostalAddress
from domain.commerce.terms import OrderLine, PricedLine
from domain.model import Actor, NewId, Now, Role, Roles, command, event, value


@value
class ShippedLine:
    """A product in a shipment: how much of it, and how much of it was shipped by now in all."""

    product: str
    quantity: int
    shipped: int


@event("commerce.OrderPlaced")
class OrderPlaced:
    """A customer wants products; neither stock nor prices are sure yet."""

    order: str
    customer: str
    lines: tuple[OrderLine, ...]
    at: datetime
    by: str
    shipping: PostalAddress | None = None
    billing: PostalAddress | None = None


@event("commerce.OrderConfirmed")
class OrderConfirmed:
    """All of the order is reserved, its prices are fixed, and it waits for its payment."""

    order: str
    customer: str
    lines: tuple[PricedLine, ...]
    total: Decimal
    placed_at: datetime
    at: datetime
    by: str


@event("commerce.OrderRejected")
class OrderRejected:
    """The order could not be reserved."""

    order: str
    customer: str
    lines: tuple[OrderLine, ...]
    reason: str
    at: datetime
    by: str


@event("commerce.OrderPaid")
class OrderPaid:
    """The whole total was paid by one payment; from now on the order counts as a sale."""

    order: str
    customer: str
    payment: str
    lines: tuple[PricedLine, ...]
    units: int
    total: Decimal
    placed_at: datetime
    at: datetime
    by: str


@event("commerce.OrderShipped")
class OrderShipped:
    """A part of the order has left; with the last part it is complete."""

    order: str
    customer: str
    lines: tuple[ShippedLine, ...]
    complete: bool
    paid_at: datetime
    at: datetime
    by: str


@event("commerce.OrderDelivered")
class OrderDelivered:
    """All of the order is with the customer."""

    order: str
    customer: str
    shipped_at: datetime
    at: datetime
    by: str


@event("commerce.OrderCancelled")
class OrderCancelled:
    """The order ended before any of it was shipped; `payment` is what it was paid by, if it was."""

    order: str
    customer: str
    lines: tuple[OrderLine, ...]
    payment: str | None
    reason: str
    at: datetime
    by: str


@event("commerce.OrderReturned")
class OrderReturned:
    """A part of the order came back, or with `complete` the last of it; `amount` is its price.

    `number` counts the returns of the order, from 1.
    """

    order: str
    customer: str
    payment: str
    number: int
    lines: tuple[OrderLine, ...]
    amount: Decimal
    complete: bool
    reason: str
    at: datetime
    by: str


@event("commerce.OrderRefunded")
class OrderRefunded:
    """Some of what was paid for the order went back to the customer."""

    order: str
    customer: str
    amount: Decimal
    at: datetime
    by: str


@event("commerce.SaleRecorded")
class SaleRecorded:
    """A sale made, paid and delivered in another system was taken over as a fact."""

    order: str
    customer: str
    units: int
    amount: Decimal
    at: datetime
    by: str


OrderEvent = (
    OrderPlaced
    | OrderConfirmed
    | OrderRejected
    | OrderPaid
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | OrderReturned
    | OrderRefunded
    | SaleRecorded
)


@command(allow=Role("customer"))
class PlaceOrder:
    """Order products at the prices of the moment their stock is reserved; pay within 30 minutes."""

    order: NewId
    lines: tuple[OrderLine, ...]
    shipping: PostalAddress | None = None
    billing: PostalAddress | None = None
    at: Now
    by: Actor


@command()
class ConfirmOrder:
    """Fix the prices of an order of which everything is reserved."""

    order: str
    lines: tuple[PricedLine, ...]
    at: Now
    by: Actor


@command()
class RejectOrder:
    """End an order of which something could not be reserved."""

    order: str
    reason: str
    at: Now
    by: Actor


@command()
class PayOrder:
    """Count an order as paid by a captured payment."""

    order: str
    payment: str
    amount: Decimal
    at: Now
    by: Actor


@command(allow=Role("warehouse"))
class ShipOrder:
    """Ship a part of a paid order; without lines, all that is left of it."""

    order: str
    lines: tuple[OrderLine, ...] = ()
    at: Now
    by: Actor


@command(allow=Role("warehouse"))
class DeliverOrder:
    """Note that all of a shipped order has reached its customer."""

    order: str
    at: Now
    by: Actor


@command(allow=Role("customer", "clerk"))
class CancelOrder:
    """Cancel an order of which nothing was shipped: one's own, or as a clerk any."""

    order: str
    reason: str
    at: Now
    by: Actor
    roles: Roles


@command()
class AbandonOrder:
    """Cancel an order if it is still unpaid."""

    order: str
    reason: str
    at: Now
    by: Actor


@command(allow=Role("customer", "clerk"))
class ReturnOrder:
    """Return a part of a delivered order, one's own or as a clerk any; without lines, all of it."""

    order: str
    reason: str
    lines: tuple[OrderLine, ...] = ()
    at: Now
    by: Actor
    roles: Roles


@command()
class NoteRefund:
    """Note what has been refunded of a payment in all, where the order was paid by it."""

    order: str
    payment: str
    refunded: Decimal
    at: Now
    by: Actor


@command(allow=Role("clerk"))
class RecordSale:
    """Take over a sale of another system, as paid and delivered; it touches no stock."""

    order: str
    customer: str
    units: int
    amount: Decimal
    at: Now
    by: Actor


OrderCommand = (
    PlaceOrder
    | ConfirmOrder
    | RejectOrder
    | PayOrder
    | ShipOrder
    | DeliverOrder
    | CancelOrder
    | AbandonOrder
    | ReturnOrder
    | NoteRefund
    | RecordSale
)
