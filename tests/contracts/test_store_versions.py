"""The contract of a collection whose code changes: its indexes, its fields, its version."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.model import Public
from readmodels.model import document, index
from readmodels.query import By, Compare, Query
from readmodels.store import MISSING, Progress, ShapeChanged, Store, Write
from tests.contracts.stores import (
    ENGINES,
    Engine,
    Thing,
    collection_of,
    opened,
    put,
    reopened,
    stored,
    things,
)


@pytest.fixture(params=ENGINES)
async def both(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Engine, Store]]:
    async for pair in opened(request.param, tmp_path):
        yield pair


@pytest.fixture
def engine(both: tuple[Engine, Store]) -> Engine:
    return both[0]


@pytest.fixture
def store(both: tuple[Engine, Store]) -> Store:
    return both[1]


def thing(id: str, count: int) -> Thing:
    return Thing(id=id, count=count)


async def test_an_index_comes_and_goes_with_its_declaration(engine: Engine, store: Store) -> None:
    await put(store, thing("one", 1), thing("two", 2))
    for declared in [(index("count"),), (), (index("count"), index("name", "count"))]:
        await engine.close()
        store = await engine.open()
        changed = collection_of(Thing, indexes=declared)
        await store.prepare(changed)
        query = Query(where=Compare("count", "gte", 1), order=(By("count", descending=True),))
        assert [each.id for each in await store.find(changed, query)] == ["two", "one"]


async def test_indexes_whose_names_run_together_are_still_two(store: Store) -> None:
    @document(read=Public(), indexes=[index("a_b"), index("a", "b")])
    class Split:
        """Fields whose names joined are another's."""

        id: str
        a: int
        b: int
        a_b: int

    await store.prepare(collection_of(Split))


def _thing_with_other_fields() -> type[object]:
    @document(read=Public())
    class Thing:
        """A document."""

        id: str
        colour: int

    return Thing


async def test_other_fields_under_the_same_version_are_refused(store: Store) -> None:
    with pytest.raises(ShapeChanged, match=r"the fields of Thing .* raise version= .* above 1"):
        await store.prepare(collection_of(_thing_with_other_fields(), indexes=()))


async def test_a_sentence_about_a_document_is_not_its_shape(engine: Engine, store: Store) -> None:
    for sentence in ("What it is.", "Said better.", None):

        @document(read=Public())
        class Described:
            id: str

        Described.__doc__ = sentence
        await store.prepare(collection_of(Described))
        await engine.close()
        store = await engine.open()


async def test_a_new_version_is_built_beside_the_old_and_then_retires_it(
    engine: Engine, store: Store
) -> None:
    await put(store, thing("one", 1), checkpoint={0: 9})
    newer = collection_of(Thing, version=2)
    assert await store.prepare(newer) == Progress({}, False)
    building = Write("one", MISSING, thing("one", 100), {0: 1})
    await store.commit(newer, [building], checkpoint={0: 1}, is_built=False)
    # Half built: the old one is whole, and a restart goes on with both.
    store = await reopened(engine)
    assert await store.get(things, "one") == thing("one", 1)
    assert await store.prepare(newer) == Progress({0: 1}, False)
    await store.commit(newer, [], checkpoint={0: 9})
    assert await store.get(newer, "one") == thing("one", 100)
    # The old one is gone: were it asked for again, it would begin from nothing.
    assert await store.prepare(things) == Progress({}, False)
    assert await stored(store, "one") == MISSING
