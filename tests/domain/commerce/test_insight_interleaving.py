"""Whatever crosses, comes late or comes twice: what is learnt from orders equals a recount."""

from collections import Counter
from itertools import permutations
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commerce.addresses import is_same_place
from domain.commerce.affinities import affinities
from domain.commerce.order_messages import OrderPaid, OrderPlaced
from domain.commerce.order_signal_messages import OrderSignalKind
from domain.commerce.orders import orders
from readmodels.commerce.affinity import closeness, likelihood
from readmodels.commerce.customer_value import CustomerValue
from readmodels.commerce.order_signal import OrderSignal
from readmodels.commerce.related_product import RelatedProduct
from readmodels.commerce.suggestion import Suggestion, SuggestionStatus
from tests.domain.commerce.simulator import World
from tests.domain.commerce.test_interleaving import documents, run

ADDRESS_KINDS = {OrderSignalKind.OTHER_ADDRESS, OrderSignalKind.OTHER_COUNTRY}
Shown = dict[type[Any], dict[str, Any]]


def happened(world: World, kind: type[Any]) -> list[Any]:
    """All events of a kind that happened to orders."""
    return [each for s in world.of(orders) for each in s.events if isinstance(each, kind)]


def check_affinities(world: World, shown: Shown) -> None:
    """Every count equals the one over the orders paid, in the states and in the documents."""
    bought: Counter[str] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    for paid in happened(world, OrderPaid):
        products = [each.product for each in paid.lines]
        bought.update(products)
        together.update(permutations(products, 2))
    states = {each.id: each.state for each in world.of(affinities)}
    assert {id: each.orders for id, each in states.items()} == dict(bought)
    assert {
        (id, other): count.orders
        for id, s in states.items()
        for other, count in s.companions.items()
    } == dict(together)
    pairs = {(each.product, each.related): each for each in shown[RelatedProduct].values()}
    assert {pair: each.together for pair, each in pairs.items()} == dict(together)
    for (product, related), each in pairs.items():
        for told, exact in ((each.orders, bought[product]), (each.related_orders, bought[related])):
            assert told == exact if exact <= 10 else exact / 1.1 < told <= exact
        assert each.score == closeness(each.together, each.orders, each.related_orders)
        assert 0 < each.score <= 1


def check_suggestions(world: World, shown: Shown) -> None:
    """Only what was not bought is open, and what speaks for it was bought by the customer."""
    had = {(e.customer, line.product) for e in happened(world, OrderPaid) for line in e.lines}
    found: dict[str, Suggestion] = shown[Suggestion]
    for each in found.values():
        is_had = (each.customer, each.product) in had
        assert (each.status is SuggestionStatus.TAKEN) == is_had
        assert {(each.customer, reason.bought) for reason in each.because} <= had
        assert is_had or (each.because and each.score > 0)
    assert had <= {(each.customer, each.product) for each in found.values()}


def check_values(world: World, shown: Shown) -> None:
    """Every customer's orders are counted, and after a year without any recency is at its least."""
    paid = Counter(each.customer for each in happened(world, OrderPaid))
    found: dict[str, CustomerValue] = shown[CustomerValue]
    assert {id: each.purchases for id, each in found.items()} == dict(paid)
    assert all(each.frequency == each.purchases - 1 for each in found.values())
    assert {each.recency_score for each in found.values()} <= {1}


def check_signals(world: World, shown: Shown) -> None:
    """Orders with two addresses, and no others, are pointed out for them."""
    suspects = {
        each.order
        for each in happened(world, OrderPlaced)
        if each.shipping and each.billing and not is_same_place(each.shipping, each.billing)
    }
    found: dict[str, OrderSignal] = shown[OrderSignal]
    by_address = {
        id for id, each in found.items() if ADDRESS_KINDS & {r.kind for r in each.reasons}
    }
    assert by_address == suspects
    for each in found.values():
        assert each.score == min(100, sum(reason.points for reason in each.reasons))
        assert len({reason.kind for reason in each.reasons}) == len(each.reasons)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_crosses_what_is_learnt_equals_a_recount(seed: int) -> None:
    world = run(seed)
    shown = documents(world, Random(seed))
    check_affinities(world, shown)
    check_suggestions(world, shown)
    check_values(world, shown)
    check_signals(world, shown)


def test_the_measures_are_what_they_say() -> None:
    assert closeness(2, 4, 9) == 2 / 4 * 2 / 6
    assert closeness(0, 4, 9) == closeness(2, None, 9) == closeness(2, 4, None) == 0.0
    assert likelihood(2, 8) == 2 / 4 * 2 / 8
    assert likelihood(0, 8) == likelihood(1, 0) == 0.0
