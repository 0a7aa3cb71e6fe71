"""The reviews of a customer's recency: one timer at a time, until the last class is reached.

A purchase while the timer runs moves nothing: when the timer is over, it is set anew by what was
bought last. So a customer has one timer at most, however much is bought.
"""

from datetime import datetime, timedelta

from domain.commerce.order_messages import OrderPaid, SaleRecorded
from domain.commerce.recency import RECENCY_CLASSES, RecencyReviewed, ReviewRecency
from domain.model import After, Process, value

ReviewsEvent = OrderPaid | SaleRecorded | RecencyReviewed


@value
class Reviews:
    """The last purchase, whether a timer runs, and the timer that is to be set just now."""

    bought_at: datetime | None
    is_waiting: bool
    delay: timedelta | None


def evolve(state: Reviews, event: ReviewsEvent) -> Reviews:
    bought_at, is_waiting = state.bought_at, state.is_waiting
    match event:
        case OrderPaid(at=at) | SaleRecorded(at=at):
            bought_at = max(bought_at or at, at)
        case RecencyReviewed():
            is_waiting = False
    delay = None if is_waiting or bought_at is None else _until_next(bought_at, event.at)
    return Reviews(bought_at=bought_at, is_waiting=is_waiting or delay is not None, delay=delay)


def react(state: Reviews, event: ReviewsEvent) -> list[ReviewRecency | After[ReviewRecency]]:
    if state.delay is None:
        return []
    review = ReviewRecency(customer=event.customer, at=event.at + state.delay)
    return [After(state.delay, review)]


def _until_next(bought_at: datetime, at: datetime) -> timedelta | None:
    """How long it takes from `at` until the next class begins; None where there is none."""
    begins = (bought_at + each for each in RECENCY_CLASSES)
    return next((each - at for each in begins if each > at), None)


recency_reviews = Process(
    name="recency_reviews",
    key=lambda event: event.customer,
    initial=lambda: Reviews(bought_at=None, is_waiting=False, delay=None),
    evolve=evolve,
    react=react,
)
