"""What looks like fraud about an order, and how much it counts: rules over a customer's orders.

A score is the sum of points, so a clerk can tell where it comes from; all rules are below.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from domain.commerce.addresses import PostalAddress, is_same_place
from domain.commerce.order_signal_messages import OrderSignalKind, OrderSignalReason

ORDERS_PER_HOUR_MAX = 5
ORDERS_PER_DAY_MAX = 15
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOTALS_MIN = 5
"""How many totals a customer must have paid before one can be unusual."""
MODIFIED_Z_MAX = Decimal("3.5")
MODIFIED_Z_FAR = Decimal(10)
SPREAD_MIN = Decimal("0.1")
"""The least spread that is reckoned with, as a part of the median: equal totals have none."""

POINTS = {
    OrderSignalKind.ORDERS_IN_AN_HOUR: 40,
    OrderSignalKind.ORDERS_IN_A_DAY: 30,
    OrderSignalKind.OTHER_ADDRESS: 15,
    OrderSignalKind.OTHER_COUNTRY: 35,
    OrderSignalKind.UNUSUAL_TOTAL: 30,
}
POINTS_FAR = 60
"""What a total counts that is far beyond the usual."""


def velocity(times: Sequence[datetime], at: datetime) -> list[OrderSignalReason]:
    """Whether an order is one of too many in an hour, or in a day.

    `times` are those of all orders, `at` among them. What counts is the fullest hour or day that
    the order is in: so the last of a burst is found, in whatever order they are heard of.
    """
    found: list[OrderSignalReason] = []
    for kind, span, most, what in (
        (OrderSignalKind.ORDERS_IN_AN_HOUR, HOUR, ORDERS_PER_HOUR_MAX, "an hour"),
        (OrderSignalKind.ORDERS_IN_A_DAY, DAY, ORDERS_PER_DAY_MAX, "a day"),
    ):
        starts = [each for each in times if at - span < each <= at]
        count = max(
            (sum(start <= each < start + span for each in times) for start in starts), default=0
        )
        if count > most:
            found.append(_reason(kind, f"{count} orders in {what}, where {most} are usual"))
    return found


def addresses(
    shipping: PostalAddress | None, billing: PostalAddress | None
) -> list[OrderSignalReason]:
    """Whether the order is paid in one place and sent to another; nothing where one is not told."""
    if shipping is None or billing is None or is_same_place(shipping, billing):
        return []
    if shipping.country != billing.country:
        note = f"billed in {billing.country}, shipped to {shipping.country}"
        return [_reason(OrderSignalKind.OTHER_COUNTRY, note)]
    return [_reason(OrderSignalKind.OTHER_ADDRESS, "billed to one address, shipped to another")]


def unusual(total: Decimal, paid: Sequence[Decimal]) -> list[OrderSignalReason]:
    """Whether the total is far above those that the customer has paid.

    By the modified z-score of Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993:
    0.6745 (x - median) / MAD, unusual above 3.5. Median and MAD bear up to half of the totals
    being odd themselves, where mean and deviation would follow them.
    """
    if len(paid) < TOTALS_MIN:
        return []
    middle = median(paid)
    spread = max(median(abs(each - middle) for each in paid), middle * SPREAD_MIN)
    if spread == 0:
        return []
    z = Decimal("0.6745") * (total - middle) / spread
    if z <= MODIFIED_Z_MAX:
        return []
    note = f"a total of {total}, where {middle:.2f} is usual"
    kind = OrderSignalKind.UNUSUAL_TOTAL
    if z > MODIFIED_Z_FAR:
        return [OrderSignalReason(kind=kind, points=POINTS_FAR, note=note)]
    return [_reason(kind, note)]


def _reason(kind: OrderSignalKind, note: str) -> OrderSignalReason:
    return OrderSignalReason(kind=kind, points=POINTS[kind], note=note)
