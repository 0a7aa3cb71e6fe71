"""Orders that look like fraud: what is found, what a clerk makes of it, and that it is fair."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.commerce.addresses import PostalAddress
from domain.commerce.order_messages import OrderConfirmed, OrderPlaced, PlaceOrder
from domain.commerce.order_screening import ORDERS_MAX, TOTALS_MAX, ScreeningEvent, order_screening
from domain.commerce.order_signal_messages import (
    ClearOrderSignal,
    OrderSignalCleared,
    OrderSignalKind,
    OrderSignalRaised,
    OrderSignalReason,
    OrderSignalUpheld,
    RaiseOrderSignal,
    UpholdOrderSignal,
)
from domain.commerce.order_signals import order_signals
from domain.commerce.orders import orders
from domain.commerce.suspicion import ORDERS_PER_DAY_MAX, ORDERS_PER_HOUR_MAX, velocity
from domain.testing import given, reacting
from tests.domain.commerce.facts import CONFIRMED, LINES, PAID, PLACED, T0, minutes, money

HOME = PostalAddress(street="Dam 1", city="Amsterdam", postal_code="1012 JS", country="NL")
WORK = replace(HOME, street="Rokin 2")
ABROAD = replace(HOME, country="BE")
ADDRESS = OrderSignalReason(kind=OrderSignalKind.OTHER_ADDRESS, points=15, note="two addresses")
TOTAL = OrderSignalReason(kind=OrderSignalKind.UNUSUAL_TOTAL, points=60, note="much")
HURRY = OrderSignalReason(kind=OrderSignalKind.ORDERS_IN_AN_HOUR, points=40, note="many")


def found(event: ScreeningEvent, *before: ScreeningEvent) -> dict[OrderSignalKind, int]:
    """What the screening points out about an order, and the points of it."""
    sent = reacting(order_screening, *before).to(event)
    raised = [each for each in sent if isinstance(each, RaiseOrderSignal)]
    assert len(raised) == len(sent) <= 1
    assert all((each.order, each.at) == (event.order, event.at) for each in raised)
    return {reason.kind: reason.points for each in raised for reason in each.reasons}


def placed(number: int, at: timedelta) -> OrderPlaced:
    return replace(PLACED, order=f"o-{number}", at=T0 + at)


def confirmed(total: str) -> OrderConfirmed:
    return replace(CONFIRMED, total=money(total))


def paid(*totals: str) -> list[ScreeningEvent]:
    return [replace(PAID, order=f"p-{n}", total=money(each)) for n, each in enumerate(totals)]


def test_an_order_like_any_other_is_left_alone() -> None:
    assert found(PLACED) == found(confirmed("25.00"), PLACED) == found(PAID, PLACED) == {}


def test_one_order_too_many_in_an_hour_is_pointed_out_whichever_is_heard_of_last() -> None:
    burst = [placed(n, timedelta(minutes=9 * n)) for n in range(ORDERS_PER_HOUR_MAX + 1)]
    for last in burst:
        others = [each for each in burst if each is not last]
        assert found(last, *others) == {OrderSignalKind.ORDERS_IN_AN_HOUR: 40}
        assert found(others[-1], *others[:-1]) == {}


def test_orders_an_hour_apart_are_none_too_many() -> None:
    slow = [placed(n, timedelta(minutes=13 * n)) for n in range(ORDERS_PER_HOUR_MAX + 1)]
    assert found(slow[-1], *slow[:-1]) == {}


def test_too_many_orders_in_a_day_are_pointed_out_too() -> None:
    steady = [placed(n, timedelta(minutes=80 * n)) for n in range(ORDERS_PER_DAY_MAX + 1)]
    assert found(steady[-2], *steady[:-2]) == {}
    assert found(steady[-1], *steady[:-1]) == {OrderSignalKind.ORDERS_IN_A_DAY: 30}
    assert velocity([], T0) == []


@pytest.mark.parametrize(
    ("shipping", "billing", "kinds"),
    [
        (HOME, None, {}),
        (None, WORK, {}),
        (HOME, HOME, {}),
        (HOME, replace(HOME, street="dam  1", postal_code="1012js"), {}),
        (HOME, WORK, {OrderSignalKind.OTHER_ADDRESS: 15}),
        (ABROAD, HOME, {OrderSignalKind.OTHER_COUNTRY: 35}),
    ],
)
def test_an_order_billed_in_one_place_and_shipped_to_another(
    shipping: PostalAddress | None,
    billing: PostalAddress | None,
    kinds: dict[OrderSignalKind, int],
) -> None:
    assert found(replace(PLACED, shipping=shipping, billing=billing)) == kinds


@pytest.mark.parametrize(
    ("total", "points"), [("24.00", None), ("0.00", None), ("40.00", 30), ("500.00", 60)]
)
def test_a_total_is_held_against_those_that_the_customer_has_paid(
    total: str, points: int | None
) -> None:
    usual = paid("19.00", "20.00", "21.00", "20.00", "900.00")
    expected = {} if points is None else {OrderSignalKind.UNUSUAL_TOTAL: points}
    assert found(confirmed(total), *usual) == expected


def test_a_new_customer_has_no_usual_total_and_unpaid_orders_make_none() -> None:
    assert found(confirmed("9999.00"), *paid("1.00", "1.00", "1.00", "1.00")) == {}
    unpaid = [confirmed("1.00") for _ in range(9)]
    assert found(confirmed("9999.00"), *unpaid) == {}


def test_free_orders_only_make_no_total_unusual() -> None:
    assert found(confirmed("5.00"), *paid(*["0.00"] * 6)) == {}


def test_what_is_kept_of_a_customer_is_bounded() -> None:
    many = [placed(n, timedelta(seconds=n)) for n in range(ORDERS_MAX + 9)]
    state = reacting(order_screening, *many, *paid(*["1.00"] * (TOTALS_MAX + 9))).state
    assert (len(state.placed), len(state.paid)) == (ORDERS_MAX, TOTALS_MAX)
    later = reacting(order_screening, *many, placed(99, timedelta(days=9))).state
    assert later.placed == (T0 + timedelta(days=9),)
    assert set(state.paid) == {Decimal("1.00")}


# The signal


def raising(*reasons: OrderSignalReason) -> RaiseOrderSignal:
    return RaiseOrderSignal(order="o-1", customer="ann", reasons=reasons, at=minutes(1))


def raised(score: int, *reasons: OrderSignalReason) -> OrderSignalRaised:
    return OrderSignalRaised(
        order="o-1", customer="ann", reasons=reasons, score=score, at=minutes(1)
    )


CLEAR = ClearOrderSignal(order="o-1", note="a gift", at=minutes(5), by="clara")
UPHOLD = UpholdOrderSignal(order="o-1", note="a stolen card", at=minutes(6), by="clara")
CLEARED = OrderSignalCleared(order="o-1", customer="ann", note="a gift", at=minutes(5), by="clara")
UPHELD = OrderSignalUpheld(
    order="o-1", customer="ann", note="a stolen card", at=minutes(6), by="clara"
)


def test_the_score_adds_up_the_points_to_a_hundred_at_most() -> None:
    assert given(order_signals).when(raising(ADDRESS)) == [raised(15, ADDRESS)]
    more = given(order_signals, raised(15, ADDRESS)).when(raising(TOTAL, HURRY))
    assert more == [raised(100, HURRY, ADDRESS, TOTAL)]


def test_a_kind_of_reason_counts_once_the_first_that_came() -> None:
    again = replace(ADDRESS, note="two other addresses")
    assert given(order_signals, raised(15, ADDRESS)).when(raising(again)) == []
    assert given(order_signals).when(raising(ADDRESS, again)) == [raised(15, ADDRESS)]
    more = given(order_signals, raised(15, ADDRESS)).when(raising(again, HURRY))
    assert more == [raised(55, HURRY, ADDRESS)]


def test_a_clerk_clears_or_upholds_a_signal_and_may_think_better_of_it() -> None:
    suspect = raised(15, ADDRESS)
    assert given(order_signals, suspect).when(CLEAR) == [CLEARED]
    assert given(order_signals, suspect, CLEARED).when(CLEAR) == []
    assert given(order_signals, suspect, CLEARED).when(UPHOLD) == [UPHELD]
    assert given(order_signals, suspect, UPHELD).when(UPHOLD) == []
    assert given(order_signals, suspect, UPHELD).when(CLEAR) == [CLEARED]


def test_a_cleared_signal_is_raised_again_by_a_reason_of_a_new_kind_only() -> None:
    cleared = given(order_signals, raised(15, ADDRESS), CLEARED)
    assert cleared.when(raising(ADDRESS)) == []
    assert cleared.when(raising(TOTAL)) == [raised(75, ADDRESS, TOTAL)]
    assert given(order_signals, raised(15, ADDRESS), UPHELD).when(raising(TOTAL)) == []


def test_nothing_is_found_about_an_order_that_nothing_was_said_against() -> None:
    assert given(order_signals).rejects(CLEAR) == "SIGNAL_UNKNOWN"
    assert given(order_signals).rejects(UPHOLD) == "SIGNAL_UNKNOWN"
    assert given(order_signals, raised(15, ADDRESS)).rejects(replace(CLEAR, note=" ")) == (
        "INVALID_TEXT"
    )


# The addresses


def placing(shipping: PostalAddress | None) -> PlaceOrder:
    return PlaceOrder(order="o-1", lines=LINES, shipping=shipping, at=T0, by="ann")


def test_an_order_says_where_it_goes() -> None:
    assert given(orders).when(placing(HOME)) == [replace(PLACED, shipping=HOME)]
    assert given(orders).when(placing(None)) == [PLACED]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (replace(HOME, street=""), "INVALID_TEXT"),
        (replace(HOME, city="x" * 201), "INVALID_TEXT"),
        (replace(HOME, postal_code="1" * 21), "INVALID_TEXT"),
        (replace(HOME, country="nl"), "INVALID_COUNTRY"),
        (replace(HOME, country="NLD"), "INVALID_COUNTRY"),
    ],
)
def test_an_address_that_is_none_is_refused(wrong: PostalAddress, code: str) -> None:
    assert given(orders).rejects(placing(wrong)) == code
