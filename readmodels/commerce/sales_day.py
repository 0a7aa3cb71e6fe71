"""Sales by day, UTC: what was paid for on it, and what was refunded on it."""

from decimal import Decimal

from domain.commerce.order_messages import OrderPaid, OrderRefunded, SaleRecorded
from domain.commerce.terms import ZERO
from readmodels.model import Projection, Role, document, index, replace


@document(
    read=Role("clerk", "analyst"),
    indexes=[index("orders"), index("units"), index("revenue"), index("refunded")],
)
class SalesDay:
    """The sales of a day, `2026-11-23`: orders count on the day of their payment, in full.

    `refunded` is what was given back on this day, whenever it had been paid.
    """

    id: str
    orders: int
    units: int
    revenue: Decimal
    refunded: Decimal


def keys(event: OrderPaid | SaleRecorded | OrderRefunded) -> list[str]:
    return [event.at.isoformat()[:10]]


def evolve(
    document: SalesDay | None, event: OrderPaid | SaleRecorded | OrderRefunded
) -> SalesDay | None:
    (day,) = keys(event)
    known = document or SalesDay(id=day, orders=0, units=0, revenue=ZERO, refunded=ZERO)
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


sales_days = Projection(document=SalesDay, keys=keys, evolve=evolve)
