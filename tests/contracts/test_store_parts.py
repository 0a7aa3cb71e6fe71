"""The contract of reading parts: only what is asked for, as JSON has it, and all in one read."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from readmodels.documents import Part
from readmodels.query import EVERYTHING, By, Compare, Query
from readmodels.store import Select, Store
from readmodels.together import Reader
from tests.contracts.stores import (
    AT,
    ENGINES,
    Colour,
    Grade,
    Place,
    Thing,
    delete,
    opened,
    put,
    things,
)


class Street(msgspec.Struct):
    street: str


class Row(msgspec.Struct):
    """A part with a field of every kind."""

    id: str
    name: str | None
    count: int | None
    ratio: float | None
    is_open: bool | None
    amount: str | None
    at: str | None
    day: str | None
    colour: Colour | None
    grade: Grade | None
    place: Street | None
    places: list[Street]
    owners: list[str]
    amounts: object


class Name(msgspec.Struct):
    name: str | None


WHOLE, NAME = Part(Row), Part(Name)
FULL = Thing(
    id="full", name="ß\n", count=-5, ratio=0.5, is_open=True, amount=Decimal("1E+3"), at=AT,
    day=date(2026, 1, 2), colour=Colour.GREEN, grade=Grade.HIGH, place=Place(street="a", number=1),
    places=(Place(street="b", number=2), Place(street="c", number=3)), owners=("ann", "bob"),
    amounts={"$odd": Decimal("2.50"), "": Decimal(1)},
)  # fmt: skip
BARE = Thing(id="bare", name="z")


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async for _, store in opened(request.param, tmp_path):
        await put(store, FULL, BARE)
        yield store


def page(part: Part, query: Query) -> Select:
    return Select(things, part, query)


def one(part: Part, id: str, where: Any = EVERYTHING) -> Select:
    return Select(things, part, Query(where=where, first=1), id)


def fields_of(thing: Thing) -> Mapping[str, Any]:
    """What JSON has of a document, of the fields in a row."""
    built: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(thing))
    built["place"] = built["place"] and {"street": built["place"]["street"]}
    built["places"] = [{"street": each["street"]} for each in built["places"]]
    return {name: built[name] for name in WHOLE.fields}


def shown(rows: Sequence[Any]) -> list[Any]:
    return [msgspec.to_builtins(each) for each in rows]


async def test_a_part_has_what_the_document_has(store: Store) -> None:
    by_id = Query(order=(By("id"),))
    [pages, full, bare] = await store.read(
        [page(WHOLE, by_id), one(WHOLE, "full"), one(WHOLE, "bare")]
    )
    assert shown(pages) == [fields_of(BARE), fields_of(FULL)]
    assert shown(full) == [fields_of(FULL)]
    assert shown(bare) == [fields_of(BARE)]


async def test_parts_are_read_in_the_order_and_length_of_the_query(store: Store) -> None:
    await put(store, *(Thing(id=f"t{n}", name=f"n{n}", count=n) for n in range(9)))
    query = Query(where=Compare("count", "gte", 3), order=(By("count", descending=True),), first=4)
    then = Query(where=query.where, order=query.order, first=9, after=(5, "t5"))
    [first, more, none] = await store.read(
        [page(NAME, query), page(NAME, then), page(NAME, Query(first=0))]
    )
    assert [each.name for each in first] == ["n8", "n7", "n6", "n5"]
    assert [each.name for each in more] == ["n4", "n3"]
    assert none == []


async def test_one_by_id_is_found_where_the_condition_holds_for_it(store: Store) -> None:
    await put(store, Thing(id="gone", name="x"))
    await delete(store, "gone")
    named = Compare("name", "eq", "z")
    found = await store.read(
        [
            one(NAME, "bare", named),
            one(NAME, "full", named),
            one(WHOLE, "bare", named),
            one(NAME, "gone"),
            one(NAME, "never"),
            one(NAME, "bare"),
            one(NAME, "full", Compare("owners", "contains", "bob")),
            one(NAME, "bare", Compare("owners", "contains", "bob")),
        ]
    )
    assert [len(each) for each in found] == [1, 0, 1, 0, 0, 1, 1, 0]
    assert await store.read([]) == []


class Counting:
    """A store that counts how often it is read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads_at_once = store.reads_at_once
        self.reads: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, selects: Sequence[Select]) -> list[list[Any]]:
        self.reads.append(len(selects))
        await asyncio.sleep(0)  # as a store over a network waits
        return await self._store.read(selects)


async def test_those_who_ask_at_the_same_moment_are_read_together(store: Store) -> None:
    counting: Any = Counting(store)
    reader = Reader(counting)
    asked = [reader.read([one(NAME, each)]) for each in ["full", "bare"] * 20]
    answers = await asyncio.gather(*asked)
    assert [rows[0][0].name for rows in answers] == [FULL.name, BARE.name] * 20
    assert sum(counting.reads) == 40
    assert len(counting.reads) <= 3


async def test_one_whose_read_breaks_breaks_no_other(store: Store) -> None:
    class Wrong(msgspec.Struct):
        name: int

    reader = Reader(store)
    good, bad, gone = (
        asyncio.ensure_future(reader.read([one(part, "bare")]))
        for part in (NAME, Part(Wrong), NAME)
    )
    gone.cancel()
    done = await asyncio.gather(good, bad, gone, return_exceptions=True)
    assert not isinstance(done[0], BaseException)
    assert done[0][0][0].name == "z"
    assert isinstance(done[1], msgspec.ValidationError)
    assert isinstance(done[2], asyncio.CancelledError)
