"""The contract of the store's change feed, and of the cursors into it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.model import Public
from readmodels import sqlite_tables
from readmodels.model import document
from readmodels.query import EVERYTHING
from readmodels.store import MISSING, Change, Progress, Store, Write
from tests.contracts.stores import (
    ENGINES,
    Engine,
    Thing,
    collection_of,
    delete,
    opened,
    put,
    reopened,
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


@document(read=Public())
class Other:
    """Something else."""

    id: str


embedded = pytest.mark.parametrize("both", ["sqlite"], indirect=True)
"""What is lost of one file, or forgotten: MongoDB's own is in `tests/readmodels/test_mongo_*`."""


def thing(id: str, count: int) -> Thing:
    return Thing(id=id, count=count)


async def cursor(store: Store) -> str:
    _, mark = await store.snapshot(things, EVERYTHING, 1)
    return store.cursor(mark)


def files(directory: Path) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in directory.iterdir()}


def restore(directory: Path, saved: dict[Path, bytes]) -> None:
    """The files as they were: what a loss of power does to one that was not durable."""
    for each in directory.iterdir():
        each.unlink()
    for each, content in saved.items():
        each.write_bytes(content)


# The feed


async def test_the_feed_tells_each_commit_in_order_before_it_returns(
    engine: Engine, store: Store
) -> None:
    await put(store, thing("one", 1), thing("two", 1), checkpoint={0: 5})
    await put(store, thing("two", 2), thing("one", 2), checkpoint={0: 6})
    await store.commit(things, [], checkpoint={1: 1})
    await delete(store, "one")
    assert {each.collection for each in engine.told} == {things}
    # An engine may tell of the documents of one commit one by one, and then of its checkpoint.
    said = [each for told in engine.told for each in (*told.changes, told.checkpoint) if each]
    assert said == [
        Change("one", None, thing("one", 1)),
        Change("two", None, thing("two", 1)),
        {0: 5},
        Change("two", thing("two", 1), thing("two", 2)),
        Change("one", thing("one", 1), thing("one", 2)),
        {0: 6},
        {1: 1},
        Change("one", thing("one", 2), None),
    ]
    marks = [each.mark for each in engine.told]
    assert marks == sorted(set(marks))


async def test_marks_ascend_over_starts(engine: Engine, store: Store) -> None:
    marks: list[int] = []
    for number in range(3):
        await put(store, thing("one", number))
        marks.append(engine.told[-1].mark)
        store = await reopened(engine)
        marks.append((await store.snapshot(things, EVERYTHING, 1))[1])
    assert marks == sorted(marks)
    assert marks[1::2] == sorted(set(marks[1::2]))


async def test_nobody_is_told_of_a_collection_that_is_being_built(
    engine: Engine, store: Store
) -> None:
    building = collection_of(Thing, version=2)
    assert await store.prepare(building) == Progress({}, False)
    since = await cursor(store)
    await store.commit(
        building,
        [Write("one", MISSING, thing("one", 1), {0: 1})],
        checkpoint={0: 1},
        is_built=False,
    )
    assert engine.told == []
    known = await store.since(building, since)
    assert known is not None
    assert known[0] == []
    assert await store.prepare(building) == Progress({0: 1}, False)
    await store.commit(building, [], checkpoint={0: 2})
    assert [(each.collection, dict(each.checkpoint)) for each in engine.told] == [
        (building, {0: 2})
    ]
    assert await store.prepare(building) == Progress({0: 2}, True)


# Cursors


async def test_after_a_cursor_each_document_comes_once_as_it_was_and_is(store: Store) -> None:
    await put(store, thing("same", 1), thing("changed", 1), thing("gone", 1))
    since = await cursor(store)
    await put(store, thing("changed", 2), thing("new", 1))
    await put(store, thing("changed", 3), thing("brief", 1))
    await delete(store, "gone")
    await delete(store, "brief")
    known = await store.since(things, since)
    assert known is not None
    changes, mark = known
    assert {each.id: each for each in changes} == {
        "changed": Change("changed", thing("changed", 1), thing("changed", 3)),
        "new": Change("new", None, thing("new", 1)),
        "gone": Change("gone", thing("gone", 1), None),
        "brief": Change("brief", None, None),
    }
    assert len(changes) == 4
    for nothing in (mark, (await store.snapshot(things, EVERYTHING, 1))[1]):
        known = await store.since(things, store.cursor(nothing))
        assert known is not None
        assert known[0] == []


async def test_a_cursor_between_any_two_commits_gives_exactly_what_follows(store: Store) -> None:
    shown: list[dict[str, Thing]] = [{}]
    cursors = [await cursor(store)]
    for number in range(12):
        id = str(number % 4)
        if number % 5 == 4:
            await delete(store, id)
        else:
            await put(store, thing(id, number))
        found, mark = await store.snapshot(things, EVERYTHING, 100)
        shown.append({each.id: each for each in found})
        cursors.append(store.cursor(mark))
    for since, before in zip(cursors, shown, strict=True):
        known = await store.since(things, since)
        assert known is not None
        for change in known[0]:
            assert before.get(change.id) == change.before
            if change.after is None:
                before.pop(change.id, None)
            else:
                before[change.id] = change.after
        assert before == shown[-1]


async def test_a_cursor_is_valid_after_a_restart(engine: Engine, store: Store) -> None:
    await put(store, thing("one", 1))
    since = await cursor(store)
    await put(store, thing("one", 2))
    store = await reopened(engine)
    await put(store, thing("two", 1))
    store = await reopened(engine)
    await put(store, thing("two", 2))
    known = await store.since(things, since)
    assert known is not None
    assert sorted(known[0], key=lambda change: change.id) == [
        Change("one", thing("one", 1), thing("one", 2)),
        Change("two", None, thing("two", 2)),
    ]


async def test_other_collections_do_not_appear_behind_a_cursor(store: Store) -> None:
    other = collection_of(Other)
    await store.prepare(other)
    since = await cursor(store)
    await store.commit(other, [Write("one", MISSING, Other(id="one"), {0: 1})])
    known = await store.since(things, since)
    assert known is not None
    assert known[0] == []


@embedded
async def test_a_cursor_whose_history_is_gone_is_told_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_tables, "HISTORY_CHANGES_MAX", 50)
    old = await cursor(store)
    for number in range(446):
        await put(store, thing("one", number))
    recent = await cursor(store)
    for number in range(446, 450):
        await put(store, thing("one", number))
    assert await store.since(things, old) is None
    known = await store.since(things, recent)
    assert known is not None
    assert known[0] == [Change("one", thing("one", 445), thing("one", 449))]


@embedded
async def test_a_cursor_of_a_start_whose_last_commits_were_lost_is_told_so(
    engine: Engine, store: Store, tmp_path: Path
) -> None:
    await put(store, thing("one", 1))
    kept = await cursor(store)
    await engine.close()
    saved = files(tmp_path)
    store = await reopened(engine)
    await put(store, thing("one", 2))
    lost = await cursor(store)
    await engine.close()
    restore(tmp_path, saved)
    store = await reopened(engine)
    assert await store.since(things, lost) is None
    for number in range(3, 6):
        await put(store, thing("one", number))
    assert await store.since(things, lost) is None
    known = await store.since(things, kept)
    assert known is not None
    assert known[0] == [Change("one", thing("one", 1), thing("one", 5))]


@embedded
async def test_commits_that_are_lost_within_a_known_start_are_noticed(
    engine: Engine, store: Store, tmp_path: Path
) -> None:
    await put(store, thing("one", 1))
    kept = await cursor(store)
    # This start is on the disk, its last commit is not.
    saved = files(tmp_path)
    await put(store, thing("one", 2))
    lost = await cursor(store)
    await engine.close()
    restore(tmp_path, saved)
    store = await reopened(engine)
    await put(store, thing("one", 3), thing("two", 3))
    await put(store, thing("two", 4))
    assert await store.since(things, lost) is None
    known = await store.since(things, kept)
    assert known is not None
    assert known[0][0] == Change("one", thing("one", 1), thing("one", 3))


@pytest.mark.parametrize(
    "text", ["", ".", "nonsense", "a.b", "a.-1", "a.1.2", "a.²", "☃", "a." + "9" * 30, "a.1 "]
)
async def test_what_is_no_cursor_is_refused(store: Store, text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        await store.since(things, text)


async def test_a_cursor_of_a_foreign_store_or_of_the_future_is_no_place_to_go_on(
    store: Store,
) -> None:
    await put(store, thing("one", 1))
    start, _, mark = (await cursor(store)).rpartition(".")
    assert await store.since(things, f"elsewhere.{mark}") is None
    assert await store.since(things, f"{start}.{2 * int(mark)}") is None
