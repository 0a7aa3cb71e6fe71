"""How long ago a customer bought last: looked at again whenever it reaches another class.

Time passes without events, so somebody has to say that it did: the reviews ask, and the answer is
an event that documents can fold.
"""

from datetime import datetime, timedelta

from domain.model import Aggregate, Now, Role, command, event, value

RECENCY_CLASSES = (
    timedelta(days=30),
    timedelta(days=90),
    timedelta(days=180),
    timedelta(days=365),
)
"""Where one class of recency ends and the next begins, by the time since the last purchase."""


@event("commerce.RecencyReviewed")
class RecencyReviewed:
    """So late it is, and the customer may not have bought for long."""

    customer: str
    at: datetime


@command()
class ReviewRecency:
    """Look at how long ago a customer bought last."""

    customer: str
    at: Now


@value
class Recency:
    """When it was looked at last."""

    reviewed_at: datetime | None


def decide(command: ReviewRecency, state: Recency) -> list[RecencyReviewed]:
    if state.reviewed_at is not None and command.at <= state.reviewed_at:
        return []
    return [RecencyReviewed(customer=command.customer, at=command.at)]


def evolve(state: Recency, event: RecencyReviewed) -> Recency:
    return Recency(reviewed_at=event.at)


recency = Aggregate(
    name="recency",
    key=lambda command: command.customer,
    initial=lambda: Recency(reviewed_at=None),
    decide=decide,
    evolve=evolve,
    history=Role("analyst"),
)
