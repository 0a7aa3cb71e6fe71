"""What else the orders of a product have in them: counted once each, bounded, and told."""

from collections import Counter
from dataclasses import replace
from unittest.mock import patch

from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

from domain.commerce import affinities as module
from domain.commerce.affinities import (
    BASKET_MAX,
    BUYERS_MAX,
    COMPANIONS_MAX,
    LIKELY_MAX,
    ORDERS_REMEMBERED_MAX,
    Affinity,
    Count,
    affinities,
    counted,
)
from domain.commerce.affinity_messages import Companion, CountPurchase, PurchaseCounted
from domain.commerce.basket_analysis import basket_analysis
from domain.commerce.terms import PricedLine
from domain.testing import given, reacting
from tests.domain.commerce.facts import PAID, minutes, money


def count(order: str, *basket: str, customer: str = "ann", product: str = "cd-1") -> CountPurchase:
    return CountPurchase(
        product=product, order=order, customer=customer, basket=basket, at=minutes(10)
    )


def after(*commands: CountPurchase) -> tuple[Affinity, list[PurchaseCounted]]:
    """The affinity after these commands, and all events that they gave."""
    state, events = affinities.initial(), list[PurchaseCounted]()
    for command in commands:
        for event in affinities.decide(command, state):
            events.append(event)
            state = affinities.evolve(state, event)
    return state, events


def companions(**orders: int) -> tuple[Companion, ...]:
    return tuple(Companion(product=each, orders=number) for each, number in orders.items())


FIRST = PurchaseCounted(
    product="cd-1",
    order="o-1",
    customer="ann",
    orders=1,
    basket=("lamp", "pen"),
    told=companions(lamp=1, pen=1),
    dropped=(),
    likely=(),
    buyers=(),
    at=minutes(10),
)


def test_a_first_order_is_told_with_all_that_was_bought_with_it() -> None:
    assert given(affinities).when(count("o-1", "lamp", "pen")) == [FIRST]


def test_an_order_counts_once_however_often_it_is_told_of() -> None:
    assert given(affinities, FIRST).when(count("o-1", "lamp", "pen")) == []
    many = [count(f"o-{number}", "lamp") for number in range(ORDERS_REMEMBERED_MAX)]
    state, _ = after(*many, *many)
    assert (state.orders, state.companions["lamp"].orders) == (len(many), len(many))
    assert len(state.counted) == ORDERS_REMEMBERED_MAX


def test_the_buyer_is_told_of_what_others_bought_most_but_not_of_what_is_in_the_basket() -> None:
    (event,) = given(affinities, FIRST).when(count("o-2", "pen", customer="bob"))
    assert event.told == companions(lamp=1, pen=2)
    assert event.likely == companions(lamp=1)
    assert event.buyers == ("ann",)


def test_the_likeliest_come_first_and_are_few() -> None:
    many = [f"x-{number:02}" for number in range(BASKET_MAX - 1)]
    _, events = after(count("o-1", *many), count("o-2", "x-07"), count("o-3", customer="bob"))
    likely = [each.product for each in events[-1].likely]
    assert likely == ["x-07", *many[:7], *many[8:LIKELY_MAX]]


def test_the_last_buyers_are_remembered_each_once() -> None:
    several = [count(f"o-{n}", customer=f"c-{n % (BUYERS_MAX + 2)}") for n in range(40)]
    state, _ = after(*several)
    assert len(state.buyers) == len(set(state.buyers)) == BUYERS_MAX
    assert state.buyers[-1] == several[-1].customer


def test_others_are_told_of_the_orders_of_a_product_at_most_ten_percent_late() -> None:
    _, events = after(count("o-0", "lamp"), *(count(f"o-{n}") for n in range(1, 300)))
    told = 0
    for event in events:
        if event.told:
            told = event.orders
        assert event.orders * 100 < told * 110
    assert [bool(each.told) for each in events[:10]] == [True] * 10
    assert sum(bool(each.told) for each in events) < 50


def test_a_new_companion_takes_the_place_of_the_least_and_is_never_counted_too_high() -> None:
    full = {f"x-{number:03}": Count(orders=2, excess=0) for number in range(COMPANIONS_MAX)}
    state = replace(affinities.initial(), orders=400, told=400, companions=full)
    (event,) = affinities.decide(count("o-1", "new"), state)
    assert event.dropped == ("x-000",)
    assert event.told == companions(new=1)
    changed = affinities.evolve(state, event).companions
    assert changed["new"] == Count(orders=3, excess=2)
    assert len(changed) == COMPANIONS_MAX


baskets = st.lists(st.sets(st.sampled_from("abcdefghij"), max_size=3).map(tuple), max_size=60)


@settings(max_examples=60, deadline=None)
@hypothesis_given(baskets)
def test_counts_are_bounded_from_both_sides_and_the_frequent_are_never_missing(
    orders: list[tuple[str, ...]],
) -> None:
    exact: Counter[str] = Counter()
    found: dict[str, Count] = {}
    with patch.object(module, "COMPANIONS_MAX", 5):
        for basket in orders:
            exact.update(basket)
            found = counted(found, basket)
    assert len(found) <= 5
    assert sum(each.orders for each in found.values()) == exact.total()
    for product, number in exact.items():
        if product in found:
            assert found[product].orders - found[product].excess <= number <= found[product].orders
        else:
            assert number * (5 - 3) <= exact.total()


def test_each_product_of_a_paid_order_is_counted_with_the_others() -> None:
    def counting(product: str, other: str) -> CountPurchase:
        return count("o-1", other, product=product)

    assert reacting(basket_analysis).to(PAID) == [
        counting("cd-1", "cd-2"),
        counting("cd-2", "cd-1"),
    ]


def test_of_a_large_order_the_first_products_are_paired_and_the_others_only_counted() -> None:
    lines = [
        PricedLine(product=f"x-{n}", quantity=1, unit_price=money("1.00"))
        for n in range(BASKET_MAX + 3)
    ]
    sent = reacting(basket_analysis).to(replace(PAID, lines=tuple(lines)))
    baskets = {each.product: each.basket for each in sent if isinstance(each, CountPurchase)}
    paired = {each.product for each in lines[:BASKET_MAX]}
    assert {product for product, basket in baskets.items() if basket} == paired
    assert all(set(baskets[each]) == paired - {each} for each in paired)
    assert len(baskets) == len(lines)
