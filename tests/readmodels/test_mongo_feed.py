"""MongoDB's change feed among several processes: one order, cursors of any process, no gap."""

import asyncio
import random

import pytest

from readmodels import mongo_shelf
from readmodels.live import LiveDocuments
from readmodels.mongo import MongoStore
from readmodels.mongo_stream import time_of
from readmodels.query import EVERYTHING
from readmodels.store import MISSING, Write
from tests.contracts.stores import Thing, collection_of, things
from tests.readmodels.cabinet import (
    Opened,
    Place,
    after,
    counts,
    cursor,
    opened,
    place,
    put,
    read_side,
    running,
    thing,
    unparked,
    write_accounts,
)
from tests.readmodels.gallery import ACCOUNTS, TELLER, Follower, account
from tests.sample import Account

__all__ = ["place"]


async def test_each_process_is_told_of_every_commit_in_one_order(place: Place) -> None:
    async with opened(place) as one, opened(place) as two:
        for number in range(5):
            await put((one, two)[number % 2].store, thing("a", number), thing(f"b{number}", 0))
        await one.until_told(changes=10)
        await two.until_told(changes=10)
    assert one.changes == two.changes
    assert [each.mark for each in one.told] == [each.mark for each in two.told]
    assert [each.mark for each in one.told] == sorted({each.mark for each in one.told})


async def test_a_cursor_is_good_on_every_process(place: Place) -> None:
    async with opened(place) as one, opened(place) as two:
        await put(one.store, thing("a", 1))
        since = await cursor(one.store)
        await put(one.store, thing("a", 2), thing("b", 1))
        await two.until_told(changes=3)
        expected = [("a", 1, 2), ("b", None, 1)]
        assert await after(two.store, since) == expected
        # Also on one that starts only now, and reads what was before its start.
        async with opened(place) as three:
            assert await after(three.store, since) == expected
            assert await after(three.store, since) == expected


async def test_a_cursor_of_each_change_gives_what_comes_after_it(place: Place) -> None:
    async with opened(place) as one:
        for number in range(12):
            await put(one.store, thing(str(number % 3), number))
        await one.until_told(changes=12)
        expected = [sorted({id for id, _, _ in counts(one.changes[at:])}) for at in range(1, 13)]
        cursors = [one.store.cursor(each.mark) for each in one.told if each.changes]
        for store in (one.store, await _fresh(place, one)):
            found = [[id for id, _, _ in await after(store, each)] for each in cursors]
            assert found == expected


async def _fresh(place: Place, one: Opened) -> MongoStore:
    """A store that was not there when anything was written."""
    store = MongoStore(one.client, place.database)
    await store.open()
    await store.prepare(things)
    return store


async def test_changes_of_one_transaction_have_marks_of_their_own(place: Place) -> None:
    async with opened(place) as one:
        await put(one.store, thing("before", 1))
        since = await cursor(one.store)
        await unparked(one.store, thing("a", 1), thing("b", 2), thing("c", 3))
        await one.until_told(changes=4)
        marks = [each.mark for each in one.told if each.changes][1:]
        assert len({time_of(each) for each in marks}) == 1
        assert marks == sorted(set(marks))
        # In memory and read back from the server, a cursor between two of them parts them.
        for store in (one.store, await _fresh(place, one)):
            assert [id for id, _, _ in await after(store, since)] == ["a", "b", "c"]
            assert [id for id, _, _ in await after(store, store.cursor(marks[0]))] == ["b", "c"]
            assert [id for id, _, _ in await after(store, store.cursor(marks[2]))] == []


async def test_a_snapshot_shows_no_less_than_was_told(place: Place) -> None:
    async with opened(place) as one, opened(place) as two:
        for number in range(6):
            await put(two.store, thing("a", number))
            await one.until_told(changes=number + 1)
            found, mark = await one.store.snapshot(things, EVERYTHING, 1)
            assert found == [thing("a", number)]
            assert mark >= one.told[-1].mark


async def test_a_cursor_ahead_of_a_process_that_lags_loses_nothing(place: Place) -> None:
    async with opened(place) as one, opened(place, runs=False) as lagging:
        await put(one.store, thing("a", 1))
        ahead = await cursor(one.store)
        known = await lagging.store.since(things, ahead)
        assert known is not None
        changes, mark = known
        assert changes == []
        # Whoever goes on from that mark takes only what is above it.
        await put(one.store, thing("a", 2))
        async with running(lagging.store):
            await lagging.until_told(changes=2)
        assert [each.mark > mark for each in lagging.told if each.changes] == [False, True]


async def test_a_long_past_is_read_from_the_server_and_a_short_one_is_kept(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_shelf, "RECENT_CHANGES_MAX", 10)
    async with opened(place) as one:
        cursors = [await cursor(one.store)]
        for number in range(40):
            await put(one.store, thing(str(number), number))
            cursors.append(await cursor(one.store))
        await one.until_told(changes=40)
        for at in random.sample(range(41), 41):
            assert len(await after(one.store, cursors[at])) == 40 - at
        monkeypatch.setattr(mongo_shelf, "HISTORY_DOCUMENTS_MAX", 20)
        assert await one.store.since(things, cursors[0]) is None
        assert len(await after(one.store, cursors[35])) == 5


async def test_what_is_built_elsewhere_is_told_from_its_completion_on(place: Place) -> None:
    building = collection_of(Thing, version=2)
    async with opened(place) as one, opened(place) as two:
        await one.store.prepare(building)
        assert not (await two.store.prepare(building)).is_built
        await one.store.commit(
            building,
            [Write("a", MISSING, thing("a", 1), {0: 7})],
            checkpoint={0: 7, 3: 9},
            is_built=False,
        )
        await one.store.commit(building, [], checkpoint={0: 8})
        before = (await one.store.load(building, ["a"]))["a"]
        await one.store.commit(building, [Write("a", before, thing("a", 2), {0: 9})])
        await two.until_told(changes=1)
        assert counts(two.changes) == [("a", 1, 2)]
        # Its whole checkpoint is news to a process that had seen none of it.
        assert [dict(each.checkpoint) for each in two.told if each.checkpoint] == [{0: 8, 3: 9}]


# All of it at once


@pytest.mark.parametrize("seed", range(3))
async def test_followers_who_come_and_go_see_exactly_what_happens(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    async with opened(place, runs=False) as one, opened(place, runs=False) as two:
        sides = [await read_side(place, each) for each in (one, two)]
        followers = [await _follower(chance, sides, None) for _ in range(4)]
        async with running(sides[0][0]), running(sides[1][0]):
            for _ in range(60):
                await _happen(chance, sides)
                at = chance.randrange(len(followers))
                if chance.random() < 0.2:
                    await followers[at].close()
                    followers[at] = await _follower(chance, sides, followers[at])
                elif chance.random() < 0.5:
                    await asyncio.sleep(0.002)
            await write_accounts(sides[0][0], account("last", 1))
            found, _ = await sides[0][0].snapshot(ACCOUNTS, EVERYTHING, 100)
            for each in followers:
                await each.until(lambda seen: "last" in seen)
                assert each.map == {document.id: document for document in found}
                await each.close()


Side = tuple[MongoStore, LiveDocuments]


async def _follower(chance: random.Random, sides: list[Side], before: Follower | None) -> Follower:
    """A client of either process; one that was here before goes on from its cursor."""
    _, documents = chance.choice(sides)
    since = before.cursor if before else None
    messages = documents.watch_changes(Account, EVERYTHING, TELLER, since)
    return Follower.resuming(messages, before.map if before else {})


async def _happen(chance: random.Random, sides: list[Side]) -> None:
    """Both processes write the same few documents at the same time; the losers are left."""

    async def write(store: MongoStore) -> None:
        ids = chance.sample("abcdefgh", chance.randint(1, 4))
        before = await store.load(ACCOUNTS, ids)
        documents = [
            None if chance.random() < 0.2 else account(id, chance.randint(0, 9)) for id in ids
        ]
        await store.commit(
            ACCOUNTS,
            [
                Write(id, before.get(id, MISSING), document, {})
                for id, document in zip(ids, documents, strict=True)
            ],
        )

    await asyncio.gather(*(write(store) for store, _ in sides))
