"""Filters: what they mean is what a naive evaluation says; what they may not be is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.schema.client import Client
from tests.api.schema.making import THINGS, thing
from tests.api.schema.shop import Condition, Rank, Thing

ASK = "query ($where: ThingFilter) { things(where: $where, first: 500) { nodes { id } } }"


async def found(where: object) -> set[str]:
    """The ids of the things that the filter holds for."""
    client = Client()
    client.services.documents.put(*THINGS)
    data = await client.ask(ASK, where=where)
    return {each["id"] for each in data["things"]["nodes"]}


ALL = {"lamp", "book", "chair"}
MEANINGS: list[tuple[Any, set[str]]] = [
    (None, ALL),
    ({}, ALL),
    ({"price": {}}, ALL),
    ({"id": {"eq": "lamp"}}, {"lamp"}),
    ({"id": {"in": ["lamp", "book", "none"]}}, {"lamp", "book"}),
    ({"id": {"in": []}}, set[str]()),
    ({"id": {"notIn": ["lamp"]}}, {"book", "chair"}),
    ({"title": {"startsWith": "A "}}, {"lamp", "book"}),
    ({"title": {"ne": "Chair"}}, {"lamp", "book"}),
    ({"price": {"eq": "12.5"}}, {"lamp"}),
    ({"price": {"gt": "3", "lte": "12.50"}}, {"lamp"}),
    ({"price": {"gte": 3, "lt": "1E2"}}, ALL),
    ({"pieces": {"in": [2, 3]}}, {"lamp"}),
    ({"weightKg": {"gte": 1.25}}, ALL),
    ({"inStock": {"eq": True}}, {"lamp"}),
    ({"inStock": {"ne": True}}, {"book", "chair"}),
    ({"condition": {"eq": "NEW"}}, {"lamp"}),
    ({"condition": {"notIn": ["NEW"]}}, {"book", "chair"}),
    ({"rank": {"isNull": True}}, {"book", "chair"}),
    ({"rank": {"isNull": False}}, {"lamp"}),
    ({"rank": {"in": ["HIGH", "LOW"]}}, {"lamp"}),
    ({"note": {"isNull": False}}, {"lamp", "chair"}),
    ({"note": {"ne": "creaks"}}, {"lamp", "book"}),
    ({"note": {"gt": "d"}}, {"lamp"}),
    ({"madeOn": {"lt": "1970-01-01"}}, {"lamp"}),
    ({"seenAt": {"gte": "2026-01-02T04:04:05.678900+01:00"}}, {"lamp"}),
    ({"watchers": {"contains": "bob"}}, {"lamp"}),
    ({"price": {"gt": "3"}, "inStock": {"eq": False}}, {"chair"}),
    ({"and": []}, ALL),
    ({"or": []}, set[str]()),
    ({"or": [{"id": {"eq": "lamp"}}, {"note": {"eq": "creaks"}}]}, {"lamp", "chair"}),
    ({"or": [{}]}, ALL),
    ({"not": {"id": {"eq": "lamp"}}}, {"book", "chair"}),
    ({"not": {}}, set[str]()),
    ({"and": [{"price": {"gt": "3"}}, {"not": {"inStock": {"eq": True}}}]}, {"chair"}),
    (
        {"id": {"ne": "book"}, "or": [{"price": {"lt": "5"}}, {"price": {"gt": "20"}}]},
        {"chair"},
    ),
]


@pytest.mark.parametrize(("where", "expected"), MEANINGS)
async def test_a_filter_holds_for(where: object, expected: set[str]) -> None:
    assert await found(where) == expected


async def test_a_filter_may_be_written_in_the_document() -> None:
    client = Client()
    client.services.documents.put(*THINGS)

    data = await client.ask(
        '{ things(where: { price: { gte: "12.50" }, or: { condition: { eq: NEW } } }) '
        "{ nodes { id } } }"
    )

    assert data == {"things": {"nodes": [{"id": "lamp"}]}}


@pytest.mark.parametrize(
    ("where", "way"),
    [
        ({"note": {"eq": None}}, "where.note.eq "),
        ({"note": {"in": None}}, "where.note.in "),
        ({"price": {"gt": None}}, "where.price.gt "),
        ({"price": None}, "where.price "),
        ({"and": None}, "where.and "),
        ({"not": None}, "where.not "),
        ({"or": [{}, {"not": {"id": {"eq": ""}}}]}, "where.or[1].not.id.eq "),
        ({"title": {"eq": "\ud800"}}, "where.title.eq "),
        ({"title": {"in": ["a", "x" * 10_001]}}, "where.title.in[1] "),
    ],
)
async def test_a_wrong_filter_is_refused_with_the_way_to_it(where: object, way: str) -> None:
    code, message = await Client().refused(ASK, where=where)

    assert code == "BAD_USER_INPUT"
    assert message.startswith(way)


async def test_null_is_asked_for_with_isnull() -> None:
    _, message = await Client().refused(ASK, where={"note": {"eq": None}})

    assert "use isNull" in message


@pytest.mark.parametrize(
    "where",
    [
        {"facts": {"eq": "x"}},
        {"tags": {"contains": "x"}},
        {"price": {"startsWith": "1"}},
        {"price": {"isNull": True}},
        {"inStock": {"gt": False}},
        {"inStock": {"in": [True]}},
        {"condition": {"gt": "NEW"}},
        {"condition": {"eq": "new"}},
        {"price": {"eq": "NaN"}},
        {"pieces": {"eq": 2**31}},
        {"pieces": {"in": [1, None]}},
        {"madeOn": {"eq": "yesterday"}},
        {"watchers": {"eq": "bob"}},
        {"or": [None]},
        {"price": "5"},
        [],
        "price",
    ],
)
async def test_a_filter_that_the_types_forbid_refuses_the_request(where: object) -> None:
    result = await Client().run(ASK, where=where)

    assert result.data is None
    assert len(result.errors or []) >= 1


def nested(depth: int) -> dict[str, Any]:
    where: dict[str, Any] = {"id": {"eq": "x"}}
    for _ in range(depth):
        where = {"not": where}
    return where


@pytest.mark.parametrize(
    "where",
    [
        {"or": [{"id": {"eq": "x"}}] * 200},
        {"or": [{"id": {"eq": "x", "ne": "y"}}] * 100},
        {"id": {"in": ["x"] * 501}},
        {"id": {"notIn": ["x"] * 501}},
    ],
)
async def test_a_filter_is_limited(where: object) -> None:
    assert (await Client().refused(ASK, where=where))[0] == "LIMIT_EXCEEDED"


async def test_a_filter_within_the_limits_passes() -> None:
    assert await found({"or": [{"id": {"eq": "lamp"}}] * 199}) == {"lamp"}
    assert await found({"id": {"in": ["lamp"] * 500}}) == {"lamp"}
    assert await found(nested(50)) == set[str]()


THING_POOL = [*THINGS, *(thing(number) for number in range(4))]
PYTHON: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "id": ("id", str),
    "title": ("title", str),
    "price": ("price", Decimal),
    "pieces": ("pieces", int),
    "condition": ("condition", lambda name: Condition[name]),
    "rank": ("rank", lambda name: Rank[name]),
    "note": ("note", str),
    "madeOn": ("made_on", date.fromisoformat),
    "seenAt": ("seen_at", datetime.fromisoformat),
}


def naive(where: dict[str, Any], each: Thing) -> bool:
    """The meaning of a filter in as few words as possible."""

    def holds(name: str, value: Any) -> bool:
        match name:
            case "and":
                return all(naive(inner, each) for inner in value)
            case "or":
                return any(naive(inner, each) for inner in value)
            case "not":
                return not naive(value, each)
            case _:
                attribute, read = PYTHON[name]
                mine = getattr(each, attribute)
                return all(compare(op, mine, given, read) for op, given in value.items())

    return all(holds(name, value) for name, value in where.items())


def compare(operator: str, mine: Any, given: Any, read: Callable[[Any], Any]) -> bool:
    return bool(compared(operator, mine, given, read))


def compared(operator: str, mine: Any, given: Any, read: Callable[[Any], Any]) -> Any:
    match operator:
        case "isNull":
            return (mine is None) == given
        case "eq":
            return mine is not None and mine == read(given)
        case "ne":
            return mine is None or mine != read(given)
        case "in":
            return mine is not None and mine in [read(value) for value in given]
        case "notIn":
            return mine is None or mine not in [read(value) for value in given]
        case "startsWith":
            return mine is not None and mine.startswith(given)
        case "gt":
            return mine is not None and mine > read(given)
        case _:
            return mine is not None and mine <= read(given)


def comparison(
    field: str, values: list[Any], *, ordered: bool = True, text: bool = False, null: bool = False
) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from(values)
    some = st.lists(one, max_size=3)
    operators: dict[str, Any] = {"eq": one, "ne": one, "in": some, "notIn": some}
    operators |= {"gt": one, "lte": one} if ordered else {}
    operators |= {"startsWith": one.map(lambda value: value[:1])} if text else {}
    operators |= {"isNull": st.booleans()} if null else {}
    return st.fixed_dictionaries({}, optional=operators).map(lambda made: {field: made})


LEAVES = st.one_of(
    comparison("id", ["lamp", "book", "thing-001"], text=True),
    comparison("title", ["A lamp", "A book", "Chair"], text=True),
    comparison("price", ["0", "1.0", "3", "12.5", "30"]),
    comparison("pieces", [0, 1, 2, 5]),
    comparison("condition", ["NEW", "WORN"], ordered=False),
    comparison("rank", ["LOW", "HIGH"], ordered=False, null=True),
    comparison("note", ["creaks", "mind the cable"], text=True, null=True),
    comparison("madeOn", ["1961-05-04", "2000-01-01"], null=True),
    comparison("seenAt", [datetime(2026, 1, 1, tzinfo=UTC).isoformat()], null=True),
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: {"and": each}),
        st.lists(inner, max_size=3).map(lambda each: {"or": each}),
        inner.map(lambda each: {"not": each}),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(where=FILTERS)
async def test_any_filter_means_what_a_naive_evaluation_says(where: dict[str, Any]) -> None:
    client = Client()
    client.services.documents.put(*THING_POOL)

    data = await client.ask(ASK, where=where)

    expected = {each.id for each in THING_POOL if naive(where, each)}
    assert {each["id"] for each in data["things"]["nodes"]} == expected
