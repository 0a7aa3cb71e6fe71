"""How long ago a customer bought last: one timer at a time, from class to class."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

from domain.commerce.order_messages import OrderPaid
from domain.commerce.recency import RECENCY_CLASSES, RecencyReviewed, ReviewRecency, recency
from domain.commerce.recency_reviews import ReviewsEvent, recency_reviews
from domain.model import After
from domain.testing import given, reacting
from tests.domain.commerce.facts import PAID, T0

DAY = timedelta(days=1)


def review(days: float) -> ReviewRecency:
    return ReviewRecency(customer="ann", at=T0 + days * DAY)


def reviewed(days: float) -> RecencyReviewed:
    return RecencyReviewed(customer="ann", at=T0 + days * DAY)


BOUGHT = replace(PAID, at=T0)
BOUGHT_LATER = replace(PAID, at=T0 + 10 * DAY)


def test_a_review_is_told_once_and_never_backwards() -> None:
    assert given(recency).when(review(30)) == [reviewed(30)]
    assert given(recency, reviewed(30)).when(review(30)) == []
    assert given(recency, reviewed(30)).when(review(29)) == []


def test_a_purchase_sets_a_timer_to_the_end_of_the_first_class() -> None:
    assert reacting(recency_reviews).to(BOUGHT) == [After(30 * DAY, review(30))]


def test_a_purchase_while_the_timer_runs_sets_none() -> None:
    assert reacting(recency_reviews, BOUGHT).to(BOUGHT_LATER) == []
    again = reacting(recency_reviews, BOUGHT, BOUGHT_LATER).to(reviewed(30))
    assert again == [After(10 * DAY, review(40))]


def test_a_purchase_gets_ahead_of_a_timer_that_runs_to_a_later_class() -> None:
    lapsed = reacting(recency_reviews, BOUGHT, reviewed(30))
    back = replace(PAID, at=T0 + 45 * DAY)
    assert lapsed.to(back) == [After(30 * DAY, review(75))]
    soon = replace(PAID, at=T0 + 65 * DAY)
    assert lapsed.to(soon) == []


def test_a_timer_that_was_got_ahead_of_sets_none_when_it_is_over() -> None:
    back = replace(PAID, at=T0 + 45 * DAY)
    past: list[ReviewsEvent] = [BOUGHT, reviewed(30), back, reviewed(75)]
    assert reacting(recency_reviews, *past).to(reviewed(90)) == []


def test_the_timer_goes_from_class_to_class_and_ends_with_the_last() -> None:
    past: list[ReviewsEvent] = [BOUGHT, reviewed(30), reviewed(90), reviewed(180)]
    assert reacting(recency_reviews, *past[:2]).to(past[2]) == [After(90 * DAY, review(180))]
    assert reacting(recency_reviews, *past).to(reviewed(365)) == []
    back = replace(PAID, at=T0 + 400 * DAY)
    sent = reacting(recency_reviews, *past, reviewed(365)).to(back)
    assert sent == [After(30 * DAY, review(430))]


def test_a_purchase_of_long_ago_that_is_heard_of_late_changes_nothing() -> None:
    old = replace(PAID, at=T0 - 800 * DAY)
    assert reacting(recency_reviews, BOUGHT).to(old) == []


@settings(max_examples=60, deadline=None)
@hypothesis_given(st.lists(st.integers(0, 900), min_size=1, max_size=8))
def test_at_every_bound_of_a_class_somebody_looks(days: list[int]) -> None:
    """Purchases and timers in the order of time: each class is reviewed the moment it begins."""
    purchases = [T0 + each * DAY for each in sorted(days)]
    state, timer, looks = recency_reviews.initial(), list[datetime](), set[datetime]()
    waiting = list(purchases)
    while waiting or timer:
        if not timer or (waiting and waiting[0] < timer[0]):
            event: RecencyReviewed | OrderPaid = replace(PAID, at=waiting.pop(0))
        else:
            event = RecencyReviewed(customer="ann", at=timer.pop(0))
            looks.add(event.at)
        state = recency_reviews.evolve(state, event)
        for each in recency_reviews.react(state, event):
            assert isinstance(each, After)
            timer = sorted({*timer, event.at + each.delay})
        assert len(timer) <= 4
    assert bounds(purchases) <= looks


def bounds(purchases: Sequence[datetime]) -> set[datetime]:
    """The instants at which the last purchase becomes as old as a class begins."""
    ends = [*purchases[1:], datetime.max.replace(tzinfo=T0.tzinfo)]
    return {
        bought + each
        for bought, end in zip(purchases, ends, strict=True)
        for each in RECENCY_CLASSES
        if bought + each < end
    }
