"""The contract of the document store: guarded writes, checkpoints, what is parked, and reading."""

import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from eventlog.envelope import Position
from readmodels.query import By, Compare, Query
from readmodels.store import MISSING, Change, Parked, Store, Write
from tests.contracts.stores import (
    AT,
    ENGINES,
    Colour,
    Engine,
    Grade,
    Place,
    Thing,
    delete,
    opened,
    put,
    reopened,
    stored,
    things,
)

HERE = Place(street="Ünter den % Linden '1\"", number=-5, since=AT)


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


def parked(key: str, offset: int, error: str = "why") -> Parked:
    return Parked(key, Position(0, offset), error)


async def checkpoint(store: Store) -> Mapping[int, int]:
    return (await store.prepare(things)).checkpoint


def _text(value: object) -> str:
    """The same in every process, as a set's own is not."""
    return str(sorted(cast(frozenset[str], value)) if isinstance(value, frozenset) else value)


@pytest.mark.parametrize(
    "fields",
    [
        *({"amount": Decimal(text)} for text in (
            "0", "-0", "0.00", "1E+400", "-1E-400", "1." + "9" * 33, "-" + "9" * 34, "100",
        )),
        *({"at": at} for at in (
            AT, AT.replace(microsecond=1), AT.replace(microsecond=120000),
            datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            AT.astimezone(timezone(timedelta(hours=-9, minutes=-30))),
        )),
        {"day": date(1900, 2, 28)},
        *({"name": text} for text in ("", " ", "ß☃🜂", "%_'\"\\", "a\tb\nc", "x" * 100_000)),
        *({"count": number} for number in (0, -1, 2**63 - 1, -(2**63), 2**53 + 1)),
        *({"ratio": number} for number in (0.0, -0.0, 0.1, 5e-324, sys.float_info.max, 1e22)),
        *({"is_open": each} for each in (True, False)),
        *({"colour": each} for each in Colour),
        *({"grade": each} for each in Grade),
        {"place": HERE},
        {"places": (HERE, Place(street="", number=2**40))},
        {"owners": ("ann", "", "ann")},
        {"amounts": {"": Decimal("1.50"), "a.b": Decimal(0)}},
        {"labels": frozenset({"a", "b"})},
        {},
    ],
    ids=lambda fields: ", ".join(f"{name}={_text(each)[:30]}" for name, each in fields.items()),
)  # fmt: skip
async def test_a_document_comes_back_as_it_was(store: Store, fields: dict[str, Any]) -> None:
    thing = Thing(id="one", **fields)
    await put(store, thing)
    got: Thing | None = await store.get(things, "one")
    for found in [
        got,
        (await stored(store, "one")).document,
        *await store.find(things, Query()),
        *(await store.snapshot(things, Query().where, 10))[0],
    ]:
        assert found == thing
        # Equal numbers are not yet the same text: 0.00 is not 0.
        assert found is not None
        assert repr((found.amount, found.ratio)) == repr((thing.amount, thing.ratio))


async def test_an_id_may_be_any_text(store: Store) -> None:
    ids = ["", " ", "a'b\"c", "%_", "☃🜂", "../x", "x" * 10_000, "1", "01", "null"]
    await put(store, *(Thing(id=id, name=id) for id in ids))
    for id in ids:
        found = await store.get(things, id)
        assert found is not None
        assert found.name == id
    assert await store.count(things, Query().where) == len(ids)


async def test_what_was_never_written_is_missing(store: Store) -> None:
    assert await store.get(things, "nobody") is None
    assert await store.load(things, ["nobody"]) == {}
    assert await store.load(things, []) == {}
    assert await store.find(things, Query()) == []
    assert await store.count(things, Query().where) == 0


async def test_many_documents_are_loaded_at_once(store: Store) -> None:
    ids = [str(number) for number in range(1200)]
    await put(store, *(Thing(id=id) for id in ids))
    found = await store.load(things, [*ids, "nobody"])
    assert {id: each.document for id, each in found.items()} == {id: Thing(id=id) for id in ids}


async def test_a_document_knows_its_positions_and_a_growing_revision(store: Store) -> None:
    positions: list[dict[int, int]] = [{0: 1}, {0: 1, 11: 10**15}, {0: 5, 11: 10**15}]
    revisions = [0]
    for number, reached in enumerate(positions):
        before = await stored(store, "one")
        await store.commit(things, [Write("one", before, Thing(id="one", count=number), reached)])
        after = await stored(store, "one")
        assert after.positions == reached
        revisions.append(after.revision)
    assert revisions == sorted(set(revisions))


async def test_a_write_over_a_newer_revision_loses_and_changes_nothing(store: Store) -> None:
    await put(store, Thing(id="one", count=1), Thing(id="two", count=1))
    stale = await store.load(things, ["one", "two"])
    await put(store, Thing(id="one", count=2))
    losers = await store.commit(
        things, [Write(id, stale[id], Thing(id=id, count=9), {0: 9}) for id in ("one", "two")]
    )
    assert losers == ["one"]
    assert (await stored(store, "one")).document == Thing(id="one", count=2)
    # Who did not lose has been written: only the loser is to be folded again.
    assert (await stored(store, "two")).document == Thing(id="two", count=9)


async def test_nothing_stands_for_a_commit_with_a_loser(engine: Engine, store: Store) -> None:
    before = parked("document x", 1)
    await put(store, Thing(id="one"), checkpoint={0: 4}, park=[before])
    told = len(engine.told)
    losers = await store.commit(
        things,
        [Write("one", MISSING, Thing(id="one", count=9), {0: 9})],
        checkpoint={0: 9},
        park=[parked("document y", 9)],
        unpark=[before],
    )
    assert losers == ["one"]
    assert await checkpoint(store) == {0: 4}
    assert await store.parked(things) == [before]
    assert not any(each.changes or each.checkpoint for each in engine.told[told:])


async def test_of_two_who_make_a_document_one_wins(store: Store) -> None:
    first = Write("one", MISSING, Thing(id="one", count=1), {0: 1})
    second = Write("one", MISSING, Thing(id="one", count=2), {1: 1})
    assert await store.commit(things, [first]) == []
    assert await store.commit(things, [second]) == ["one"]
    assert (await stored(store, "one")).document == Thing(id="one", count=1)
    # The loser folds again upon what exists now.
    again = Write("one", await stored(store, "one"), Thing(id="one", count=3), {0: 1, 1: 1})
    assert await store.commit(things, [again]) == []


async def test_a_deleted_document_is_gone_for_readers_and_known_to_its_fold(store: Store) -> None:
    await put(store, Thing(id="one"), Thing(id="two"))
    await delete(store, "one", {0: 7})
    assert await store.get(things, "one") is None
    assert await store.find(things, Query()) == [Thing(id="two")]
    assert await store.count(things, Query().where) == 1
    assert (await store.snapshot(things, Query().where, 9))[0] == [Thing(id="two")]
    grave = await stored(store, "one")
    assert (grave.document, grave.positions) == (None, {0: 7})
    assert grave.revision > 1


async def test_a_deleted_document_can_be_made_again(engine: Engine, store: Store) -> None:
    await put(store, Thing(id="one", count=1))
    stale = await stored(store, "one")
    await delete(store, "one")
    await put(store, Thing(id="one", count=2))
    assert await store.get(things, "one") == Thing(id="one", count=2)
    assert await store.commit(things, [Write("one", stale, Thing(id="one"), {0: 9})]) == ["one"]
    assert await store.commit(things, [Write("one", MISSING, Thing(id="one"), {})]) == ["one"]
    assert [each.changes[0] for each in engine.told if each.changes] == [
        Change("one", None, Thing(id="one", count=1)),
        Change("one", Thing(id="one", count=1), None),
        Change("one", None, Thing(id="one", count=2)),
    ]


async def test_a_tombstone_stays_while_its_events_can_come_again(
    engine: Engine, store: Store
) -> None:
    await put(store, Thing(id="one"))
    await delete(store, "one", {0: 7, 3: 2})
    for reached in ({}, {0: 6, 3: 2}, {0: 8}):
        await store.commit(things, [], checkpoint=reached)
        store = await reopened(engine)
        if reached != {0: 8}:
            assert (await stored(store, "one")).positions == {0: 7, 3: 2}
    # Now the checkpoint has passed all that it has seen: nothing of it is delivered again.
    assert await checkpoint(store) == {0: 8, 3: 2}
    assert await stored(store, "one") == MISSING


async def test_a_checkpoint_only_goes_forward(engine: Engine, store: Store) -> None:
    await store.commit(things, [], checkpoint={0: 5, 1: 3})
    await store.commit(things, [], checkpoint={0: 4, 1: 4, 2: 0})
    assert await checkpoint(store) == {0: 5, 1: 4, 2: 0}
    assert await checkpoint(await reopened(engine)) == {0: 5, 1: 4, 2: 0}


async def test_what_is_parked_stays_in_its_order_until_it_is_unparked(
    engine: Engine, store: Store
) -> None:
    one, two, three = parked("document a", 5), parked("stream b", 3), parked("document a", 9)
    await store.commit(things, [], park=[one, two])
    await store.commit(things, [], park=[three])
    assert await store.parked(things) == [one, two, three]
    await store.commit(things, [], unpark=[two])
    assert await store.parked(things) == [one, three]
    assert await (await reopened(engine)).parked(things) == [one, three]


async def test_the_same_event_is_parked_once_with_its_first_error(store: Store) -> None:
    first = parked("document a", 5, "the fault")
    await store.commit(things, [], park=[first])
    await store.commit(things, [], park=[parked("document a", 5, "delivered again")])
    assert await store.parked(things) == [first]


async def test_an_event_that_is_parked_again_keeps_its_place_and_has_the_new_error(
    store: Store,
) -> None:
    one, two = parked("document a", 5), parked("document a", 6)
    await store.commit(things, [], park=[one, two])
    again = parked("document a", 5, "still at fault")
    await store.commit(things, [], unpark=[one], park=[again])
    assert await store.parked(things) == [again, two]


async def test_a_page_comes_in_order_and_no_longer_than_asked_for(store: Store) -> None:
    await put(store, *(Thing(id=str(n), count=n % 3) for n in range(9)))
    query = Query(order=(By("count", descending=True),), first=4)
    assert [each.id for each in await store.find(things, query)] == ["2", "5", "8", "1"]
    query = Query(order=query.order, first=4, after=(1, "1"))
    assert [each.id for each in await store.find(things, query)] == ["4", "7", "0", "3"]
    assert await store.find(things, Query(first=0)) == []


async def test_a_condition_is_counted_without_its_page(store: Store) -> None:
    await put(store, *(Thing(id=str(n), count=n) for n in range(9)))
    assert await store.count(things, Compare("count", "gte", 5)) == 4


async def test_a_snapshot_shows_all_commits_up_to_its_mark_and_none_after(
    engine: Engine, store: Store
) -> None:
    found, mark = await store.snapshot(things, Query().where, 10)
    assert found == []
    for number in range(3):
        await put(store, Thing(id=str(number), count=number))
        assert engine.told[-1].mark > mark
        found, mark = await store.snapshot(things, Compare("count", "gte", 1), 10)
        assert [each.id for each in found] == [str(n) for n in range(1, number + 1)]
        assert mark >= engine.told[-1].mark
    assert len((await store.snapshot(things, Query().where, 2))[0]) == 2
