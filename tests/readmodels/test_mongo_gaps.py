"""MongoDB's change feed where it cannot go on: the history is gone, or the database is."""

from collections.abc import Iterator
from contextlib import aclosing

import pytest

from readmodels.mongo_writes import Dropped
from readmodels.query import EVERYTHING
from readmodels.store import MISSING
from tests.contracts.stores import things
from tests.readmodels.cabinet import (
    Place,
    after,
    counts,
    cursor,
    kept,
    opened,
    own_server,
    place,
    put,
    read_side,
    running,
    thing,
    write_accounts,
)
from tests.readmodels.gallery import ACCOUNTS, TELLER, Follower, account
from tests.readmodels.workshop import until
from tests.sample import Account
from tests.servers.mongo import MongoServer
from tests.servers.shared import drop_database, new_database

__all__ = ["place"]


@pytest.fixture(scope="module")
def forgetful() -> Iterator[MongoServer]:
    """A server that keeps 1 MB of history, and forgets the rest at once."""
    with own_server("--oplogSize", "1", "--syncdelay", "1") as server:
        yield server


def forget(place: Place) -> None:
    """Write until what was written before is gone from the history."""
    with place.admin() as database:
        oplog = database.client.local["oplog.rs"]
        last = oplog.find_one(sort=[("$natural", -1)])["ts"]
        while oplog.find_one(sort=[("$natural", 1)])["ts"] <= last:
            noise = database.client.noise.noise
            noise.insert_many([{"noise": "x" * 4_000_000} for _ in range(10)])
            noise.drop()


async def test_a_cursor_whose_history_is_gone_is_told_so(forgetful: MongoServer) -> None:
    place = Place(forgetful.uri, new_database())
    async with opened(place) as one:
        await put(one.store, thing("a", 1))
        old = await cursor(one.store)
        await put(one.store, thing("a", 2))
        await one.until_told(changes=2)
        forget(place)
        # This process has it in memory, and one that starts now has lost it.
        assert await after(one.store, old) == [("a", 1, 2)]
        async with opened(place) as two:
            assert await two.store.since(things, old) is None
            recent = await cursor(two.store)
            await put(two.store, thing("a", 3))
            await two.until_told(changes=1)
            assert await after(two.store, recent) == [("a", 2, 3)]


async def test_a_process_that_slept_too_long_begins_anew_and_says_so(
    forgetful: MongoServer,
) -> None:
    place = Place(forgetful.uri, new_database())
    async with opened(place, runs=False) as asleep, opened(place) as awake:
        await put(awake.store, thing("a", 1), checkpoint={0: 5})
        forget(place)
        async with running(asleep.store):
            await until(lambda: asleep.lost > 0)
            await until(lambda: [dict(each.checkpoint) for each in asleep.told] == [{0: 5}])
            await put(awake.store, thing("a", 2))
            await asleep.until_told(changes=1)
        assert asleep.lost == 1
        assert counts(asleep.changes) == [("a", 1, 2)]


async def test_watchers_read_everything_anew_where_the_feed_has_a_gap(
    forgetful: MongoServer,
) -> None:
    place = Place(forgetful.uri, new_database())
    async with opened(place, runs=False) as other:
        store, documents = await read_side(place, other)
        await write_accounts(store, account("1", 1))
        async with aclosing(documents.watch_changes(Account, EVERYTHING, TELLER)) as messages:
            follower = Follower(messages)
            await follower.next()
            await write_accounts(store, account("1", 2), account("2", 1))
            forget(place)
            async with running(store):
                await follower.until(lambda seen: len(seen) == 2)
            assert follower.received[-1].reset
            assert follower.map == {"1": account("1", 2), "2": account("2", 1)}


async def test_a_database_that_is_dropped_leaves_a_feed_that_goes_on(place: Place) -> None:
    async with opened(place) as one:
        await put(one.store, thing("a", 1))
        await one.until_told(changes=1)
        drop_database(place.database)
        await until(lambda: one.lost > 0)
        with pytest.raises(Dropped, match="Thing_1 is gone"):
            await kept(one.store, "a")
        await one.store.prepare(things)
        assert await kept(one.store, "a") == MISSING
        # Said of the collection, and again once the feed has begun anew: up to there is a gap.
        await until(lambda: one.lost == 2)
        await put(one.store, thing("a", 2))
        await one.until_told(changes=2)


async def test_what_is_written_at_once_after_a_drop_reaches_whoever_watches(place: Place) -> None:
    async with opened(place, runs=False) as one:
        store, documents = await read_side(place, one)
        async with running(store):
            await write_accounts(store, account("1", 1))
            drop_database(place.database)
            await store.prepare(ACCOUNTS)
            async with aclosing(documents.watch_changes(Account, EVERYTHING, TELLER)) as messages:
                follower = Follower(messages)
                await follower.next()
                await write_accounts(store, account("1", 2))
                await follower.until(lambda seen: seen == {"1": account("1", 2)})


async def test_a_drop_that_lies_in_a_gap_is_known_too(forgetful: MongoServer) -> None:
    place = Place(forgetful.uri, new_database())
    async with opened(place, runs=False) as asleep:
        await put(asleep.store, thing("a", 1))
        with place.admin() as database:
            database.client.drop_database(place.database)
        forget(place)
        async with running(asleep.store):
            await until(lambda: asleep.lost > 0)
            with pytest.raises(Dropped, match="Thing_1 is gone"):
                await kept(asleep.store, "a")
            await asleep.store.prepare(things)
            await put(asleep.store, thing("a", 2))
            await asleep.until_told(changes=1)
