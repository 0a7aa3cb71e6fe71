"""Related products and suggestions: the same whichever product is heard of first, with why."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from random import Random
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commerce import affinities as module
from domain.commerce.affinities import Affinity, affinities
from domain.commerce.affinity_messages import Companion, CountPurchase, PurchaseCounted
from domain.testing import shown
from readmodels.commerce.affinity import closeness, likelihood, pair_id, parts_of
from readmodels.commerce.related_product import RelatedProduct, related_products
from readmodels.commerce.suggestion import (
    REASONS_MAX,
    Suggestion,
    SuggestionReason,
    SuggestionStatus,
    suggestions,
)
from tests.domain.commerce.facts import minutes

Basket = tuple[str, tuple[str, ...]]
"""A customer, and what the customer bought."""


def events(*baskets: Basket) -> dict[str, list[PurchaseCounted]]:
    """The events that these orders give, by product."""
    states: dict[str, Affinity] = {}
    found: dict[str, list[PurchaseCounted]] = {}
    for number, (customer, products) in zip(count(1), baskets, strict=False):
        for product in products:
            command = CountPurchase(
                product=product,
                order=f"o-{number}",
                customer=customer,
                basket=tuple(each for each in products if each != product),
                at=minutes(number),
            )
            state = states.get(product, affinities.initial())
            for event in affinities.decide(command, state):
                state = affinities.evolve(state, event)
                found.setdefault(product, []).append(event)
            states[product] = state
    return found


def mixed(streams: Sequence[list[PurchaseCounted]], random: Random) -> list[PurchaseCounted]:
    """All events, those of a stream in order, the streams in any."""
    waiting = [list(each) for each in streams]
    found: list[PurchaseCounted] = []
    while waiting := [each for each in waiting if each]:
        found.append(random.choice(waiting).pop(0))
    return found


def all_of(*baskets: Basket) -> list[PurchaseCounted]:
    return [event for stream in events(*baskets).values() for event in stream]


SHOP: tuple[Basket, ...] = (
    ("ann", ("book", "lamp")),
    ("bob", ("book", "lamp", "pen")),
    ("cem", ("book",)),
)


def test_the_score_of_a_pair_is_the_damped_cosine_of_all_that_was_counted() -> None:
    found = shown(related_products, *all_of(*SHOP))
    assert found["book~lamp"] == RelatedProduct(
        id="book~lamp",
        product="book",
        related="lamp",
        together=2,
        orders=3,
        related_orders=2,
        score=closeness(2, 3, 2),
    )
    assert found["lamp~book"].score == found["book~lamp"].score
    assert found["book~pen"].score == closeness(1, 3, 1) < found["book~lamp"].score
    assert set(found) == {
        f"{one}~{other}" for one in ("book", "lamp", "pen") for other in ("book", "lamp", "pen")
    } - {"book~book", "lamp~lamp", "pen~pen"}


def test_what_is_bought_with_everything_is_likely_but_not_close() -> None:
    phones: list[Basket] = [(f"c-{n}", ("phone", "bag", "case")[: 2 + n % 2]) for n in range(10)]
    others: list[Basket] = [(f"d-{n}", ("bag", f"x-{n}")) for n in range(40)]
    related = shown(related_products, *mixed(list(events(*phones, *others).values()), Random(1)))
    assert related["phone~bag"].together > related["phone~case"].together
    assert related["phone~bag"].score < related["phone~case"].score


def test_a_pair_of_which_one_half_is_known_has_no_score_yet() -> None:
    found = shown(related_products, *events(*SHOP)["book"])
    assert (found["book~pen"].together, found["book~pen"].score) == (1, 0.0)
    assert (found["pen~book"].together, found["pen~book"].related_orders) == (0, 3)


def test_a_companion_that_is_counted_no_more_loses_its_score_and_then_its_pair() -> None:
    streams = events(*SHOP)
    dropping = replace(streams["pen"][-1], told=(), dropped=("book",), order="o-9")
    half = shown(related_products, *streams["book"], *streams["pen"], dropping)
    assert (half["book~pen"].together, half["book~pen"].score) == (1, 0.0)
    also = replace(streams["book"][-1], told=(), dropped=("pen",), order="o-9")
    gone = shown(related_products, *streams["book"], *streams["pen"], dropping, also)
    assert not {"book~pen", "pen~book"} & set(gone)


def test_a_customer_is_suggested_what_others_bought_too_and_told_why() -> None:
    found = shown(suggestions, *all_of(*SHOP))
    reason = SuggestionReason(bought="book", likelihood=likelihood(2, 3))
    assert found["cem~lamp"] == Suggestion(
        id="cem~lamp",
        customer="cem",
        product="lamp",
        status=SuggestionStatus.OPEN,
        score=reason.likelihood,
        because=(reason,),
    )


def test_who_bought_before_is_suggested_what_is_bought_with_it_later() -> None:
    found = shown(suggestions, *all_of(*SHOP))["ann~pen"]
    assert {each.bought for each in found.because} == {"book", "lamp"}
    assert found.score == sum(each.likelihood for each in found.because)
    assert found.because[0].likelihood >= found.because[1].likelihood


def test_what_the_customer_bought_is_suggested_no_more() -> None:
    found = shown(suggestions, *all_of(*SHOP, ("cem", ("lamp",)), ("ann", ("book", "lamp"))))
    assert found["cem~lamp"].status is SuggestionStatus.TAKEN
    assert {id for id, each in found.items() if each.status is SuggestionStatus.OPEN} == {
        "ann~pen",
        "cem~pen",
    }


def test_of_many_reasons_the_first_ids_are_kept_whichever_come_first() -> None:
    def told(number: int) -> PurchaseCounted:
        return PurchaseCounted(
            product=f"x-{number:03}",
            order=f"o-{number}",
            customer="ann",
            orders=number + 1,
            basket=(),
            told=(),
            dropped=(),
            likely=(Companion(product="lamp", orders=1),),
            buyers=(),
            at=minutes(number),
        )

    many = [told(number) for number in range(REASONS_MAX + 9)]
    found = {
        shown(suggestions, *ordered)["ann~lamp"]
        for ordered in (many[-12:] + many[:-12], list(reversed(many)))
    }
    (suggestion,) = found
    assert {each.bought for each in suggestion.because} == {
        f"x-{number:03}" for number in range(REASONS_MAX)
    }


baskets = st.tuples(
    st.sampled_from(["ann", "bob", "cem"]),
    st.sets(st.sampled_from(["a", "b~", "c%7E", "d", "e", "f"]), min_size=1, max_size=3)
    .map(sorted)
    .map(tuple),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(baskets, max_size=14), st.integers(0, 2**32), st.sampled_from([3, 200]))
def test_the_documents_are_the_same_however_the_products_are_read(
    bought: list[Basket], seed: int, companions_max: int
) -> None:
    with patch.object(module, "COMPANIONS_MAX", companions_max):
        streams = list(events(*bought).values())
    one, other = (mixed(streams, Random(seed + each)) for each in (0, 1))
    assert shown(related_products, *one) == shown(related_products, *other)
    assert shown(suggestions, *one) == shown(suggestions, *other)


@given(st.text(max_size=8), st.text(max_size=8))
def test_two_ids_make_one_and_come_back(one: str, other: str) -> None:
    assert parts_of(pair_id(one, other)) == (one, other)
