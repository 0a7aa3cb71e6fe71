"""What a customer is worth, and the signals of orders, as they are shown."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from domain.commerce.order_messages import OrderRefunded
from domain.commerce.order_signal_messages import (
    OrderSignalCleared,
    OrderSignalKind,
    OrderSignalRaised,
    OrderSignalReason,
    OrderSignalUpheld,
)
from domain.commerce.recency import RecencyReviewed
from domain.testing import shown
from readmodels.commerce.customer_value import CustomerValue, ValueEvent, customer_values
from readmodels.commerce.order_signal import OrderSignal, OrderSignalStatus, order_signals
from tests.domain.commerce.facts import PAID, ROBOT, T0, minutes, money
from tests.readmodels.commerce.test_order import RECORDED

DAY = timedelta(days=1)
SALE = replace(RECORDED, customer="ann", at=T0 + 20 * DAY)
REFUNDED = OrderRefunded(
    order="o-1", customer="ann", amount=money("9.50"), at=T0 + 5 * DAY, by=ROBOT
)


def value(*events: ValueEvent) -> CustomerValue:
    return shown(customer_values, *events)["ann"]


def reviewed(at: datetime) -> RecencyReviewed:
    return RecencyReviewed(customer="ann", at=at)


def test_a_first_purchase_repeats_nothing() -> None:
    assert value(replace(PAID, at=T0)) == CustomerValue(
        id="ann",
        purchases=1,
        frequency=0,
        recency_days=0.0,
        monetary=money("0.00"),
        spent=money("25.00"),
        refunded=money("0.00"),
        first_at=T0,
        first_order="o-1",
        first_amount=money("25.00"),
        last_at=T0,
        reviewed_at=None,
        recency_score=5,
        frequency_score=1,
        monetary_score=2,
    )


def test_repeat_purchases_make_frequency_recency_and_monetary_value() -> None:
    third = replace(SALE, order="old-9", amount=money("10.00"), at=T0 + 30 * DAY)
    found = value(replace(PAID, at=T0), SALE, third)
    assert (found.purchases, found.frequency, found.recency_days) == (3, 2, 30.0)
    assert found.monetary == money("19.66")  # (29.33 + 10.00) / 2, to the even cent
    assert (found.frequency_score, found.monetary_score) == (3, 4)


def test_the_value_is_the_same_whichever_purchase_is_heard_of_first() -> None:
    same_time = replace(SALE, order="a-1", amount=money("1.00"))
    bought = replace(PAID, at=T0 + 20 * DAY)
    events: list[ValueEvent] = [bought, SALE, same_time, reviewed(T0 + 60 * DAY)]
    found = {value(*each) for each in permutations(events)}
    (only,) = found
    assert (only.first_order, only.recency_score) == ("a-1", 4)
    assert only.monetary == money("27.16")


def test_a_refund_lessens_what_was_spent_but_not_what_was_bought() -> None:
    found = value(replace(PAID, at=T0), REFUNDED, SALE)
    assert (found.spent, found.refunded) == (money("44.83"), money("9.50"))
    assert found.monetary == money("29.33")


@pytest.mark.parametrize(
    ("days", "score"), [(29, 5), (30, 4), (89, 4), (90, 3), (180, 2), (364, 2), (365, 1), (999, 1)]
)
def test_recency_falls_with_time_alone(days: int, score: int) -> None:
    assert value(replace(PAID, at=T0), reviewed(T0 + days * DAY)).recency_score == score


def test_a_customer_who_comes_back_is_recent_again() -> None:
    back = replace(PAID, order="o-2", at=T0 + 400 * DAY)
    found = value(replace(PAID, at=T0), reviewed(T0 + 365 * DAY), back)
    assert (found.recency_score, found.frequency_score) == (5, 2)


# The signals

REASON = OrderSignalReason(kind=OrderSignalKind.OTHER_ADDRESS, points=15, note="two addresses")
RAISED = OrderSignalRaised(order="o-1", customer="ann", reasons=(REASON,), score=15, at=minutes(1))
CLEARED = OrderSignalCleared(order="o-1", customer="ann", note="a gift", at=minutes(5), by="clara")


def signal(*events: OrderSignalRaised | OrderSignalCleared | OrderSignalUpheld) -> OrderSignal:
    return shown(order_signals, *events)["o-1"]


def test_a_signal_is_shown_with_its_reasons_until_a_clerk_has_looked() -> None:
    raised = signal(RAISED)
    assert raised == OrderSignal(
        id="o-1",
        customer="ann",
        score=15,
        reasons=(REASON,),
        status=OrderSignalStatus.RAISED,
        raised_at=minutes(1),
        reviewed_at=None,
        reviewed_by=None,
        note=None,
    )
    assert signal(RAISED, CLEARED) == replace(
        raised,
        status=OrderSignalStatus.CLEARED,
        reviewed_at=minutes(5),
        reviewed_by="clara",
        note="a gift",
    )


def test_a_signal_that_is_raised_again_waits_for_a_clerk_again() -> None:
    again = signal(RAISED, CLEARED, replace(RAISED, score=55, at=minutes(9)))
    assert (again.status, again.score, again.reviewed_by) == (OrderSignalStatus.RAISED, 55, None)
    upheld = OrderSignalUpheld(
        order="o-1", customer="ann", note="stolen", at=minutes(12), by="clara"
    )
    assert signal(RAISED, CLEARED, upheld).status is OrderSignalStatus.UPHELD
