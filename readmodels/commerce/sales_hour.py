"""Sales by hour, UTC: what was paid for in it, and what was refunded in it."""

from decimal import Decimal

from domain.commerce.order_messages import OrderPaid, OrderRefunded, SaleRecorded
from domain.commerce.terms import ZERO
from readmodels.model import Projection, Role, document, index, replace


@document(
    read=Role("clerk", "analyst"),
    indexes=[index("orders"), index("units"), index("revenue"), index("refunded")],
)
class SalesHour:
    """The sales of an hour, `2026-11-23T14`: orders count in the hour of their payment, in full.

    `refunded` is what was given back in this hour, whenever it had been paid.
    """

    id: str
    orders: int
    units: int
    revenue: Decimal
    refunded: Decimal


def keys(event: OrderPaid | SaleRecorded | OrderRefunded) -> list[str]:
    return [event.at.isoformat()[:13]]


def evolve(
    document: SalesHour | None, event: OrderPaid | SaleRecorded | OrderRefunded
) -> SalesHour | None:
    (hour,) = keys(event)
    known = document or SalesHour(id=hour, orders=0, units=0, revenue=ZERO, refunded=ZERO)
    match event:
        case OrderPaid(total=amount) | SaleRecorded(amount=amount):
            return replace(
                known,
                orders=known.orders + 1,
                units=known.units + event.units,
                revenue=known.revenue + amount,
            )
        case OrderRefunded(amount=amount):
            return replace(known, refunded=known.refunded + amount)


sales_hours = Projection(document=SalesHour, keys=keys, evolve=evolve)
