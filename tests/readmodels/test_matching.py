"""Sets are found by what they need, and none that a change touches is missed."""

from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from readmodels.matching import Matcher
from readmodels.query import And, Compare, Not, Or, Where, predicate
from readmodels.store import Change
from tests.contracts.stores import Colour, Thing

names = st.sampled_from([None, "", "a", "ab", "b"])
counts = st.one_of(st.none(), st.integers(-2, 3))
amounts = st.one_of(st.none(), st.sampled_from(["-1", "0", "0.0", "2.5"]).map(Decimal))
colours = st.one_of(st.none(), st.sampled_from(Colour))
owners = st.lists(st.sampled_from(["ann", "bob", "eve"]), max_size=2, unique=True).map(tuple)
documents = st.builds(
    Thing,
    id=st.sampled_from("xyz"),
    name=names,
    count=counts,
    amount=amounts,
    colour=colours,
    owners=owners,
)
_EQUAL = st.sampled_from(["eq", "ne"])
_RANGE = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])
compares = st.one_of(
    st.builds(Compare, st.just("id"), _RANGE, st.sampled_from("xyz")),
    st.builds(Compare, st.just("name"), _RANGE, names),
    st.builds(Compare, st.just("name"), st.sampled_from(["in", "notIn"]), st.tuples(names, names)),
    st.builds(Compare, st.just("name"), st.just("startsWith"), st.sampled_from(["", "a"])),
    st.builds(Compare, st.just("count"), _RANGE, counts),
    st.builds(Compare, st.just("count"), st.just("isNull"), st.booleans()),
    st.builds(Compare, st.just("amount"), _RANGE, amounts),
    st.builds(Compare, st.just("colour"), _EQUAL, colours),
    st.builds(Compare, st.just("owners"), st.just("contains"), st.sampled_from(["ann", "bob"])),
)
wheres = st.recursive(
    compares,
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, max_size=3).map(lambda each: And(tuple(each)))
        | st.lists(inner, max_size=2).map(lambda each: Or(tuple(each)))
    ),
    max_leaves=4,
)


def test_a_bound_without_a_value_holds_for_nothing_and_breaks_nothing() -> None:
    matcher: Matcher[int] = Matcher()
    where = And((Compare("count", "gte", 1), Compare("count", "gt", None)))
    matcher.add(where, 1)
    assert matcher.touched(Change("x", None, Thing(id="x", count=0))) == []
    matcher.remove(where, 1)


@given(
    st.lists(wheres, max_size=12),
    st.lists(st.tuples(st.none() | documents, st.none() | documents), max_size=8),
    st.randoms(use_true_random=False),
)
def test_every_set_that_a_change_touches_is_found(
    conditions: list[Where], changes: list[tuple[Thing | None, Thing | None]], random: Random
) -> None:
    matcher: Matcher[int] = Matcher()
    kept = dict(enumerate(conditions))
    for number, where in kept.items():
        matcher.add(where, number)
    for before, after in changes:
        if kept and random.random() < 0.3:
            gone = random.choice(list(kept))
            matcher.remove(kept.pop(gone), gone)
        change = Change("x", before, after)
        found = matcher.touched(change)
        touched = {
            number
            for number, where in kept.items()
            if any(each is not None and predicate(where)(each) for each in (before, after))
        }
        assert touched <= set(found) <= set(kept)
        assert len(set(found)) == len(found)


def asked(count: int, where: Where, change: Change[Thing]) -> int:
    """How many sets are asked about a change, beside so many others that need other values."""
    matcher: Matcher[int] = Matcher()
    for number in range(count):
        matcher.add(Compare("id", "eq", f"id-{number}"), number)
        matcher.add(Compare("name", "eq", f"n-{number}"), count + number)
        low = Compare("count", "gte", number * 10)
        matcher.add(And((low, Compare("count", "lt", number * 10 + 10))), 2 * count + number)
        matcher.add(Compare("owners", "contains", f"o-{number}"), 3 * count + number)
    matcher.add(where, -1)
    found = matcher.touched(change)
    assert -1 in found
    return len(found)


def test_a_change_asks_those_sets_alone_that_need_what_it_has() -> None:
    thing = Thing(id="id-7", name="n-7", count=75, owners=("o-7",))
    change = Change("id-7", thing, thing)
    assert asked(10_000, Compare("id", "eq", "id-7"), change) == 5
    # At a bound's end, two ranges may hold.
    edge = Thing(id="elsewhere", count=80)
    assert asked(10_000, Compare("count", "gt", 70), Change("e", None, edge)) == 3
