"""What a customer is worth: recency, frequency and monetary value, as numbers and as scores.

The numbers are those of Fader, Hardie and Lee, "RFM and CLV: Using Iso-Value Curves for Customer
Base Analysis", Journal of Marketing Research 42(4), 2005: frequency is the number of repeat
purchases, recency the time from the first purchase to the last, and monetary value the mean of
the repeat purchases. With T, the time since the first purchase, a model of lifetime value has all
that it takes; T is whoever asks's to say, from `first_at`.

The scores, 1 to 5, are the classes of Hughes, "Strategic Database Marketing", 1994, where they are
fifths of all customers. Here they have fixed bounds, said below: a customer's score then changes
by what the customer does and by time alone, not whenever anybody else buys. Those of spending are
the fifths of the customers of CDNOW, rounded; of those more than half bought only once, so the
bounds of frequency are set where a fifth is told from a tenth.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from domain.commerce.order_messages import OrderPaid, OrderRefunded, SaleRecorded
from domain.commerce.recency import RECENCY_CLASSES, RecencyReviewed
from domain.commerce.terms import CENT, ZERO
from readmodels.model import Owner, Projection, Role, document, index, one, replace

PURCHASES_BOUNDS = (2, 3, 4, 7)
"""From how many purchases on the frequency score is 2, 3, 4 and 5."""
SPENT_BOUNDS = (Decimal(15), Decimal(30), Decimal(60), Decimal(130))
"""From how much spent on the monetary score is 2, 3, 4 and 5."""
DAY = timedelta(days=1)


@document(
    read=Owner("id") | Role("clerk", "analyst"),
    indexes=[
        index("recency_score", "frequency_score", "monetary_score"),
        index("frequency_score", "spent"),
        index("monetary_score", "spent"),
        index("spent"),
        index("frequency"),
        index("monetary"),
        index("first_at"),
        index("last_at"),
    ],
    links=[one("history", to="CustomerHistory", by="id")],
)
class CustomerValue:
    """A customer by recency, frequency and monetary value; orders count when they are paid.

    `recency_days` is the time from the first purchase to the last, `frequency` the number of
    repeat purchases, `monetary` their mean, 0.00 where there is none; refunds only lessen
    `spent`. The recency score is 5 within 30 days of the last purchase, then falls at 30, 90, 180
    and 365 days by itself, as `reviewed_at` says when it was looked at last.
    """

    id: str
    purchases: int
    frequency: int
    recency_days: float
    monetary: Decimal
    spent: Decimal
    refunded: Decimal
    first_at: datetime | None
    first_order: str
    first_amount: Decimal
    last_at: datetime | None
    reviewed_at: datetime | None
    recency_score: int
    frequency_score: int
    monetary_score: int


ValueEvent = OrderPaid | SaleRecorded | OrderRefunded | RecencyReviewed


def begin(id: str) -> CustomerValue:
    return CustomerValue(
        id=id,
        purchases=0,
        frequency=0,
        recency_days=0.0,
        monetary=ZERO,
        spent=ZERO,
        refunded=ZERO,
        first_at=None,
        first_order="",
        first_amount=ZERO,
        last_at=None,
        reviewed_at=None,
        recency_score=1,
        frequency_score=1,
        monetary_score=1,
    )


def evolve(document: CustomerValue | None, event: ValueEvent) -> CustomerValue | None:
    """A review may be heard of before the purchases that it is about."""
    if document is None:
        return None
    match event:
        case OrderPaid(order=order, total=amount) | SaleRecorded(order=order, amount=amount):
            after = _bought(document, order, amount, event.at)
        case OrderRefunded(amount=amount):
            spent, refunded = document.spent - amount, document.refunded + amount
            after = replace(document, spent=spent, refunded=refunded)
        case RecencyReviewed(at=at):
            after = replace(document, reviewed_at=max(document.reviewed_at or at, at))
    return _scored(after)


def _bought(known: CustomerValue, order: str, amount: Decimal, at: datetime) -> CustomerValue:
    """Of purchases of one instant the one with the first id is the first, whichever comes first."""
    first = (at, order, amount)
    if known.first_at is not None:
        first = min(first, (known.first_at, known.first_order, known.first_amount))
    first_at, first_order, first_amount = first
    last_at = max(known.last_at or at, at)
    return replace(
        known,
        purchases=known.purchases + 1,
        frequency=known.purchases,
        recency_days=(last_at - first_at) / DAY,
        spent=known.spent + amount,
        first_at=first_at,
        first_order=first_order,
        first_amount=first_amount,
        last_at=last_at,
    )


def _scored(known: CustomerValue) -> CustomerValue:
    if known.last_at is None:
        return known
    since = max(known.reviewed_at or known.last_at, known.last_at) - known.last_at
    repeated = known.spent + known.refunded - known.first_amount
    mean = repeated / known.frequency if known.frequency else ZERO
    return replace(
        known,
        monetary=mean.quantize(CENT, ROUND_HALF_EVEN),
        recency_score=5 - bisect_right(RECENCY_CLASSES, since),
        frequency_score=1 + bisect_right(PURCHASES_BOUNDS, known.purchases),
        monetary_score=1 + bisect_right(SPENT_BOUNDS, known.spent),
    )


customer_values = Projection(
    document=CustomerValue, keys=lambda event: [event.customer], evolve=evolve, begin=begin
)
