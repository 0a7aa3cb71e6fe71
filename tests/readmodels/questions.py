"""Random documents, conditions, orders and pages, and what they mean, said once more plainly."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import cmp_to_key
from typing import Any

from hypothesis import strategies as st

from readmodels.query import And, By, Compare, Not, Operator, Or, Query, Where
from tests.contracts.stores import Colour, Grade, Thing

IDS = ["", "1", "10", "2", "a", "A", "a'b", "%", "_", "é", "☃", "🜂"]

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
_decimals = st.builds(
    Decimal,
    st.tuples(
        st.sampled_from([0, 1]),
        st.lists(st.integers(0, 9), min_size=1, max_size=34).map(tuple),
        st.one_of(st.integers(-6, 6), st.integers(-6200, 6200)),
    ),
)
_noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_zones = [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=9, minutes=30))]

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["", "a", "A", "ab", "ab\U0010ffff", "a%", "a_", "é", "🜂", "'", '"'])
    | _texts,
    "count": st.integers(-2, 2) | st.integers(-(2**63), 2**63 - 1),
    "ratio": st.sampled_from([0.0, -0.0, 0.1, 0.30000000000000004, 0.3])
    | st.floats(allow_nan=False, allow_infinity=False),
    "is_open": st.booleans(),
    "amount": st.sampled_from(
        [Decimal(text) for text in ("0", "-0.0", "1", "1.00", "1.5", "-1", "-1.5", "-1.05")]
    )
    | _decimals,
    "at": st.sampled_from(
        [_noon + timedelta(microseconds=each) for each in (0, 1, 10, 100_000, 999_999)]
        + [_noon.astimezone(zone) for zone in _zones]
    )
    | st.datetimes(timezones=st.sampled_from(_zones)).filter(
        lambda at: 1 < at.year < 9999  # the first and the last day have no place in UTC
    ),
    "day": st.sampled_from([date(2026, 2, 28), date(2026, 3, 1)]) | st.dates(),
    "colour": st.sampled_from(Colour),
    "grade": st.sampled_from(Grade),
}
FIELDS = tuple(VALUES)
OWNERS = st.sampled_from(["ann", "bob", "", "é"])


things: st.SearchStrategy[Thing] = st.builds(
    Thing,
    id=st.sampled_from(IDS),
    owners=st.lists(OWNERS, max_size=3).map(tuple),
    **{name: st.none() | values for name, values in VALUES.items()},
)
"""A document; each of its fields is left out now and then."""

sets: st.SearchStrategy[list[Thing]] = st.lists(things, unique_by=lambda thing: thing.id)
"""Documents, no two with the same id."""


@st.composite
def _compare(draw: st.DrawFn) -> Where:
    field = draw(st.sampled_from(["id", *FIELDS, "owners"]))
    if field == "owners":
        return Compare(field, "contains", draw(OWNERS))
    values = st.sampled_from(IDS) if field == "id" else VALUES[field]
    operators: list[Operator] = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "notIn", "isNull"]
    if field in ("id", "name"):
        operators.append("startsWith")
    operator = draw(st.sampled_from(operators))
    if operator == "isNull":
        return Compare(field, operator, draw(st.booleans()))
    if operator in ("in", "notIn"):
        return Compare(field, operator, tuple(draw(st.lists(values, max_size=4))))
    return Compare(field, operator, draw(values))


conditions: st.SearchStrategy[Where] = st.recursive(
    _compare(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: And(tuple(each))),
        st.lists(inner, max_size=3).map(lambda each: Or(tuple(each))),
        inner.map(Not),
    ),
    max_leaves=8,
)

orders: st.SearchStrategy[tuple[By, ...]] = st.lists(
    st.builds(By, st.sampled_from(["id", *FIELDS]), st.booleans()),
    max_size=3,
    unique_by=lambda by: by.field,
).map(tuple)


def holds(where: Where, thing: Thing) -> bool:
    """Whether the condition holds, as its description in the API says it."""
    match where:
        case And(conditions=conditions):
            return [holds(each, thing) for each in conditions].count(False) == 0
        case Or(conditions=conditions):
            return [holds(each, thing) for each in conditions].count(True) > 0
        case Not(condition=condition):
            return not holds(condition, thing)
        case Compare(field=field, operator=operator, value=value):
            return _field_holds(operator, getattr(thing, field), value)


def _field_holds(operator: Operator, found: Any, value: Any) -> bool:
    # What is not there equals nothing and is neither above nor below anything.
    is_there = found is not None
    match operator:
        case "isNull":
            return is_there is not value
        case "contains":
            return bool(found.count(value))
        case "eq":
            return is_there and _order(found, value) == 0
        case "ne":
            return not is_there or _order(found, value) != 0
        case "in":
            return is_there and 0 in [_order(found, each) for each in value]
        case "notIn":
            return not is_there or 0 not in [_order(found, each) for each in value]
        case "startsWith":
            return is_there and found[: len(value)] == value
        case "gt":
            return is_there and _order(found, value) > 0
        case "gte":
            return is_there and _order(found, value) >= 0
        case "lt":
            return is_there and _order(found, value) < 0
        case "lte":
            return is_there and _order(found, value) <= 0


def _order(one: Any, other: Any) -> int:
    """Below, equal or above zero as the one comes before, with or after the other."""
    if one is None or other is None:
        return (one is not None) - (other is not None)
    if isinstance(one, Enum):
        one, other = one.value, other.value
    return int(one > other) - int(one < other)


def order_of(query: Query, one: Sequence[Any], other: Sequence[Any]) -> int:
    """How two places in the query's order stand to each other."""
    for by, mine, theirs in zip(query.terms, one, other, strict=True):
        if order := _order(mine, theirs):
            return -order if by.descending else order
    return 0


def answer(query: Query, documents: list[Thing]) -> list[Thing]:
    """What the query gives of these documents."""

    def place(thing: Thing) -> list[Any]:
        return [getattr(thing, by.field) for by in query.terms]

    after = query.after
    found = [
        each
        for each in documents
        if holds(query.where, each) and (after is None or order_of(query, place(each), after) > 0)
    ]
    found.sort(key=cmp_to_key(lambda one, other: order_of(query, place(one), place(other))))
    return found[: query.first]
