"""What a customer has bought so far, and spent on it."""

from datetime import datetime
from decimal import Decimal

from domain.commerce.order_messages import OrderPaid, OrderRefunded, SaleRecorded
from domain.commerce.terms import ZERO
from readmodels.model import Owner, Projection, Role, document, index, many, replace


@document(
    read=Owner("id") | Role("clerk", "analyst"),
    indexes=[index("orders"), index("units"), index("spent"), index("last_order_at")],
    links=[many("purchases", to="Order", by="customer")],
)
class CustomerHistory:
    """A customer's orders, counted when they are paid, and never uncounted.

    `spent` is what was paid for them less what was refunded of it; `refunded` is the latter.
    The first and last order are those paid first and last.
    """

    id: str
    orders: int
    units: int
    spent: Decimal
    refunded: Decimal
    first_order_at: datetime
    last_order_at: datetime


def evolve(
    document: CustomerHistory | None, event: OrderPaid | SaleRecorded | OrderRefunded
) -> CustomerHistory | None:
    match event:
        case OrderPaid(total=amount) | SaleRecorded(amount=amount):
            known = document or CustomerHistory(
                id=event.customer,
                orders=0,
                units=0,
                spent=ZERO,
                refunded=ZERO,
                first_order_at=event.at,
                last_order_at=event.at,
            )
            return replace(
                known,
                orders=known.orders + 1,
                units=known.units + event.units,
                spent=known.spent + amount,
                first_order_at=min(known.first_order_at, event.at),
                last_order_at=max(known.last_order_at, event.at),
            )
        case OrderRefunded(amount=amount):
            return document and replace(
                document, spent=document.spent - amount, refunded=document.refunded + amount
            )


customer_histories = Projection(
    document=CustomerHistory, keys=lambda event: [event.customer], evolve=evolve
)
