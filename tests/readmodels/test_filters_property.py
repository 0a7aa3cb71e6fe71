"""One meaning of a question: the engine, the live filter and a plain evaluation give one answer."""

import asyncio
from collections.abc import Coroutine, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from readmodels.composition import Collection
from readmodels.model import index
from readmodels.query import By, Compare, Not, Query, Where, place, predicate, sorted_page
from readmodels.store import MISSING, Store, Write
from tests.contracts.stores import ENGINES, Colour, Thing, collection_of
from tests.readmodels import questions
from tests.readmodels.questions import FIELDS, IDS, answer, conditions, holds, orders

T = TypeVar("T")
ALL = 1000

# Every field is indexed in one collection and none in the other: an index changes no answer.
INDEXED = collection_of(
    Thing,
    indexes=(*(index(name) for name in FIELDS), index("colour", "amount"), index("owners")),
)
PLAIN = Collection("Plain", Thing, 1, ())

many_examples = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Shelf:
    """A store whose documents a test puts there at will, all of them at once."""

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        self._runner = runner
        self._store = store

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def hold(self, documents: list[Thing], *, replace: bool = True) -> None:
        """Hold these documents and, with `replace`, no others."""
        self.run(self._hold({each.id: each for each in documents}, replace))

    async def _hold(self, documents: dict[str, Thing], replace: bool) -> None:
        ids = IDS if replace else list(documents)
        for each in (INDEXED, PLAIN):
            before = await self._store.load(each, ids)
            writes = [Write(id, before.get(id, MISSING), documents.get(id), {}) for id in ids]
            assert await self._store.commit(each, writes) == []

    def find(self, query: Query) -> list[Thing]:
        found = self.run(self._store.find(INDEXED, query))
        assert self.run(self._store.find(PLAIN, query)) == found
        return found

    def pages(self, query: Query) -> Iterator[list[Thing]]:
        """Page after page, each asked for once the one before was looked at."""
        found = 0
        while page := self.find(query):
            found += len(page)
            assert found <= ALL, "the pages go on for ever"
            yield page
            query = replace(query, after=place(query, page[-1]))

    def count(self, where: Where) -> int:
        found = self.run(self._store.count(INDEXED, where))
        assert self.run(self._store.count(PLAIN, where)) == found
        return found


@pytest.fixture(params=["sqlite", "mongo by motor"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    engine = ENGINES[request.param](tmp_path)
    with asyncio.Runner() as runner:
        store = runner.run(engine.open())
        for each in (INDEXED, PLAIN):
            runner.run(store.prepare(each))
        yield Shelf(runner, store)
        runner.run(engine.close())
        runner.run(engine.remove())


@many_examples
@given(documents=questions.sets, where=conditions)
def test_a_condition_holds_for_the_same_documents_everywhere(
    shelf: Shelf, documents: list[Thing], where: Where
) -> None:
    shelf.hold(documents)
    expected = {each.id for each in documents if holds(where, each)}
    assert {each.id for each in filter(predicate(where), documents)} == expected
    assert {each.id for each in shelf.find(Query(where=where, first=ALL))} == expected
    assert shelf.count(where) == len(expected)
    assert shelf.count(Not(where)) == len(documents) - len(expected)


@pytest.mark.parametrize("field", ["id", *FIELDS])
@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@settings(parent=many_examples, max_examples=6)
@given(documents=questions.sets, data=st.data())
def test_every_field_is_compared_and_sorted_alike_everywhere(
    shelf: Shelf, documents: list[Thing], field: str, descending: bool, data: st.DataObject
) -> None:
    shelf.hold(documents)
    value = data.draw(st.sampled_from(IDS) if field == "id" else questions.VALUES[field])
    for operator in ("eq", "ne", "gt", "gte", "lt", "lte"):
        query = Query(
            where=Compare(field, operator, value), order=(By(field, descending),), first=ALL
        )
        expected = answer(query, documents)
        assert sorted_page(query, documents) == expected
        assert shelf.find(query) == expected


@many_examples
@given(
    documents=questions.sets,
    where=conditions,
    order=orders,
    first=st.integers(0, 5),
    start=st.none() | questions.things,
)
def test_a_page_is_the_same_everywhere(
    shelf: Shelf,
    documents: list[Thing],
    where: Where,
    order: tuple[By, ...],
    first: int,
    start: Thing | None,
) -> None:
    # The page may begin after a document that is there no more, or never was.
    after = None if start is None else place(Query(order=order), start)
    query = Query(where=where, order=order, first=first, after=after)
    shelf.hold(documents)
    expected = answer(query, documents)
    assert sorted_page(query, documents) == expected
    assert shelf.find(query) == expected


@many_examples
@given(documents=questions.sets, where=conditions, order=orders, first=st.integers(1, 4))
def test_page_by_page_every_document_comes_once_and_in_order(
    shelf: Shelf, documents: list[Thing], where: Where, order: tuple[By, ...], first: int
) -> None:
    shelf.hold(documents)
    query = Query(where=where, order=order, first=first)
    found = [each for page in shelf.pages(query) for each in page]
    assert found == answer(Query(where=where, order=order, first=ALL), documents)


def test_documents_without_the_value_are_equals_among_themselves(shelf: Shelf) -> None:
    rated = Thing(id="", ratio=1.0, colour=Colour.RED)
    unrated = [Thing(id=id, colour=Colour.RED) for id in ("1", "10", "2")]
    shelf.hold([rated, *unrated])
    query = Query(order=(By("ratio", descending=True), By("colour", descending=True)), first=1)
    found = [each for page in shelf.pages(query) for each in page]
    assert found == [rated, *unrated]


@many_examples
@given(
    documents=questions.sets,
    where=conditions,
    order=orders,
    first=st.integers(1, 3),
    changes=st.lists(st.lists(questions.things, max_size=2), max_size=5),
)
def test_pages_are_stable_while_documents_change_between_them(
    shelf: Shelf,
    documents: list[Thing],
    where: Where,
    order: tuple[By, ...],
    first: int,
    changes: list[list[Thing]],
) -> None:
    shelf.hold(documents)
    touched = {each.id for some in changes for each in some}
    query = Query(where=where, order=order, first=first)
    found: list[Thing] = []
    pending = list(changes)
    for page in shelf.pages(query):
        found += page
        if pending:
            shelf.hold(pending.pop(), replace=False)
    # Whatever was moved about meanwhile: the others come once, and all comes in order.
    still = [each for each in documents if each.id not in touched]
    assert [each for each in found if each.id not in touched] == answer(
        Query(where=where, order=order, first=ALL), still
    )
    places = [place(query, each) for each in found]
    assert all(questions.order_of(query, one, other) < 0 for one, other in pairwise(places))
