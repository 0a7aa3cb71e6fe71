"""How fast orders are carried out: the time from step to step, by the day a step was reached."""

from datetime import timedelta
from decimal import Decimal

from domain.commerce.order_messages import OrderDelivered, OrderPaid, OrderShipped
from domain.model import value
from readmodels.commerce.sketch import EMPTY, Sketch, added, quantile
from readmodels.model import Projection, Role, document, replace


@value
class StepTime:
    """The times that orders took for one step: their number, mean, median and 95th percentile.

    The quantiles are within 1 % of the true ones, and None, as the mean, where there is no time
    yet. Those of several days come from their sketches merged, as the sketch's module says.
    """

    count: int
    total_seconds: Decimal
    mean_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    sketch: Sketch


@document(read=Role("clerk", "analyst", "warehouse"))
class FulfilmentPerformance:
    """The steps that orders reached on a day, UTC, and how long after the step before they did.

    A time counts on the day it ended: from placed to paid on the day of the payment, from paid to
    shipped on that of the last shipment, from shipped to delivered on that of the delivery.
    Recorded sales have no steps and do not count.
    """

    id: str
    placed_to_paid: StepTime
    paid_to_shipped: StepTime
    shipped_to_delivered: StepTime


StepEvent = OrderPaid | OrderShipped | OrderDelivered

NONE_YET = StepTime(
    count=0,
    total_seconds=Decimal(0),
    mean_seconds=None,
    p50_seconds=None,
    p95_seconds=None,
    sketch=EMPTY,
)


def keys(event: StepEvent) -> list[str]:
    """The day; none for a shipment that leaves something to ship."""
    if isinstance(event, OrderShipped) and not event.complete:
        return []
    return [event.at.isoformat()[:10]]


def evolve(
    document: FulfilmentPerformance | None, event: StepEvent
) -> FulfilmentPerformance | None:
    known = document or FulfilmentPerformance(
        id=event.at.isoformat()[:10],
        placed_to_paid=NONE_YET,
        paid_to_shipped=NONE_YET,
        shipped_to_delivered=NONE_YET,
    )
    match event:
        case OrderPaid(placed_at=before, at=at):
            return replace(known, placed_to_paid=_counted(known.placed_to_paid, at - before))
        case OrderShipped(paid_at=before, at=at):
            return replace(known, paid_to_shipped=_counted(known.paid_to_shipped, at - before))
        case OrderDelivered(shipped_at=before, at=at):
            return replace(
                known, shipped_to_delivered=_counted(known.shipped_to_delivered, at - before)
            )


def _counted(step: StepTime, took: timedelta) -> StepTime:
    """The times with one more; clocks that were set back make it none, not negative."""
    took = max(took, timedelta(0))
    total = step.total_seconds + Decimal(took // timedelta(microseconds=1)).scaleb(-6)
    count = step.count + 1
    sketch = added(step.sketch, took.total_seconds())
    return StepTime(
        count=count,
        total_seconds=total,
        mean_seconds=float(total / count),
        p50_seconds=quantile(sketch, 0.5),
        p95_seconds=quantile(sketch, 0.95),
        sketch=sketch,
    )


fulfilment_performances = Projection(document=FulfilmentPerformance, keys=keys, evolve=evolve)
