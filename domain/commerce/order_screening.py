"""The screening of a customer's orders: each is scored when it is placed and when it is confirmed.

What is kept of a customer is bounded: the ORDERS_MAX newest orders of a day, and the TOTALS_MAX
totals that were paid last, which the next total is held against. Only what was paid makes a total
usual, so nobody gets one used to by orders that are never paid for. Sales recorded from elsewhere
are such totals too.

Orders of one customer are heard of in any order. Who is pointed out may depend on it, by an order
of a burst more or less; the last of it that is heard of is pointed out in any case.
"""

from datetime import datetime
from decimal import Decimal

from domain.commerce.order_messages import OrderConfirmed, OrderPaid, OrderPlaced, SaleRecorded
from domain.commerce.order_signal_messages import OrderSignalReason, RaiseOrderSignal
from domain.commerce.suspicion import DAY, addresses, unusual, velocity
from domain.model import After, Process, replace, value

ORDERS_MAX = 50
TOTALS_MAX = 30

ScreeningEvent = OrderPlaced | OrderConfirmed | OrderPaid | SaleRecorded


@value
class Screening:
    """What a customer does: when orders were placed, what was paid, and what was found just now."""

    placed: tuple[datetime, ...] = ()
    paid: tuple[Decimal, ...] = ()
    found: tuple[OrderSignalReason, ...] = ()


def evolve(state: Screening, event: ScreeningEvent) -> Screening:
    match event:
        case OrderPlaced(at=at, shipping=shipping, billing=billing):
            placed = _newest((*state.placed, at))
            reasons = velocity(placed, at) + addresses(shipping, billing)
            return replace(state, placed=placed, found=tuple(reasons))
        case OrderConfirmed(total=total):
            return replace(state, found=tuple(unusual(total, state.paid)))
        case OrderPaid(total=amount) | SaleRecorded(amount=amount):
            return replace(state, paid=(*state.paid, amount)[-TOTALS_MAX:], found=())


def react(
    state: Screening, event: ScreeningEvent
) -> list[RaiseOrderSignal | After[RaiseOrderSignal]]:
    if not state.found:
        return []
    return [
        RaiseOrderSignal(
            order=event.order, customer=event.customer, reasons=state.found, at=event.at
        )
    ]


def _newest(times: tuple[datetime, ...]) -> tuple[datetime, ...]:
    """The times of orders that one that is placed now can be one of too many with."""
    last = max(times)
    return tuple(sorted(each for each in times if each > last - 2 * DAY)[-ORDERS_MAX:])


order_screening = Process(
    name="order_screening",
    key=lambda event: event.customer,
    initial=Screening,
    evolve=evolve,
    react=react,
)
