"""The reviews of a customer's recency: a timer to the next class, until the last is reached.

A purchase sets none while a timer runs that is over in time: when it is, it is set anew by what was
bought last. Only one that runs for longer, to a later class, is got ahead of by another. So there
is seldom more than one timer, however much is bought.
"""

from datetime import datetime, timedelta

from domain.commerce.order_messages import OrderPaid, SaleRecorded
from domain.commerce.recency import RECENCY_CLASSES, RecencyReviewed, ReviewRecency
from domain.model import After, Process, value

ReviewsEvent = OrderPaid | SaleRecorded | RecencyReviewed


@value
class Reviews:
    """The last purchase, when the next timer is over, and the one that is to be set just now."""

    bought_at: datetime | None
    next_at: datetime | None
    delay: timedelta | None


def evolve(state: Reviews, event: ReviewsEvent) -> Reviews:
    bought_at, next_at = state.bought_at, state.next_at
    match event:
        case OrderPaid(at=at) | SaleRecorded(at=at):
            bought_at = max(bought_at or at, at)
        case RecencyReviewed(at=at):
            next_at = None if next_at is None or next_at <= at else next_at
    begins = None if bought_at is None else _next_class(bought_at, event.at)
    if begins is None or (next_at is not None and next_at <= begins):
        return Reviews(bought_at=bought_at, next_at=next_at, delay=None)
    return Reviews(bought_at=bought_at, next_at=begins, delay=begins - event.at)


def react(state: Reviews, event: ReviewsEvent) -> list[ReviewRecency | After[ReviewRecency]]:
    if state.delay is None:
        return []
    review = ReviewRecency(customer=event.customer, at=event.at + state.delay)
    return [After(state.delay, review)]


def _next_class(bought_at: datetime, at: datetime) -> datetime | None:
    """When the next class begins after `at`; None where there is none."""
    return next((bought_at + each for each in RECENCY_CLASSES if bought_at + each > at), None)


recency_reviews = Process(
    name="recency_reviews",
    key=lambda event: event.customer,
    initial=lambda: Reviews(bought_at=None, next_at=None, delay=None),
    evolve=evolve,
    react=react,
)
