"""Cursors, snapshots and waits beside a commit on MongoDB that is held back."""

import asyncio
from contextlib import AsyncExitStack, aclosing

from eventlog.envelope import Position
from readmodels.live import LiveDocuments
from readmodels.query import EVERYTHING, By, Query
from tests.readmodels.cabinet import Place, after, opened, place, read_side, running
from tests.readmodels.gallery import TELLER, Follower, account
from tests.readmodels.turns import Room, entered, patient, write
from tests.readmodels.workshop import until
from tests.sample import Account

__all__ = ["patient", "place"]


async def test_a_cursor_beside_what_is_held_gives_what_was_not_told(place: Place) -> None:
    async with entered(place) as room, entered(place, runs=False) as behind:
        since = await _told_beside_held(room)
        # Of the process that gave it out, of one that is behind, and of one that starts only now.
        async with entered(place) as fresh:
            for store in (room.store, behind.store, fresh.store):
                assert await after(store, since) == [("a", None, 1), ("b", None, 1)]
            await room.write({0: 2}, "a")
            await room.reach({0: 2})
            await until(lambda: ("aab", {0: 2}) in room.turns.told())
            await until(lambda: ("a", {0: 2}) in fresh.turns.told())
            for store in (room.store, fresh.store):
                assert await after(store, since) == [("a", None, 2), ("b", None, 1)]


async def _told_beside_held(room: Room) -> str:
    """The cursor of a commit that was told while another, which began before, was held."""
    await room.write({0: 1}, "a")
    await room.write({1: 1}, "c", "d")
    await room.write({0: 1}, "b")
    await room.reach({1: 1})
    await room.turns.until(("cd", {1: 1}))
    told = room.turns.turns[-1][-1].place
    assert told is not None
    return room.store.cursor(told)


async def test_who_goes_on_or_begins_beside_what_is_held_is_told_it_once(place: Place) -> None:
    async with opened(place, runs=False) as one, AsyncExitStack() as leaving:
        store, documents = await read_side(place, one)
        await leaving.enter_async_context(running(store))

        async def follow(before: Follower | None = None) -> Follower:
            since = before.cursor if before else None
            messages = documents.watch_changes(Account, EVERYTHING, TELLER, since)
            await leaving.enter_async_context(aclosing(messages))
            return Follower.resuming(messages, before.map if before else {})

        early = await follow()
        await early.next()
        await write(store, {0: 1}, "a")
        await write(store, {1: 1}, "c", checkpoint={1: 1})
        await early.until(lambda seen: set(seen) == {"c"})
        followers = [early, await follow(early), await follow()]
        # Who comes is given what the store shows, told to the others or not.
        for each in followers[1:]:
            await each.until(lambda seen: set(seen) == {"a", "c"})
        await write(store, {1: 2}, "d", checkpoint={1: 2})
        for each in followers:
            await each.until(lambda seen: "d" in seen)
        assert ["a" in each.map for each in followers] == [False, True, True]
        followers += [await follow(each) for each in followers]
        await write(store, {0: 2}, "e", checkpoint={0: 2})
        for each in followers:
            await each.until(lambda seen: set(seen) == {"a", "c", "d", "e"})
        assert sum(message.reset for each in followers for message in each.received) == 2


async def test_a_snapshot_beside_what_is_held_counts_nothing_twice(place: Place) -> None:
    async with opened(place, runs=False) as one:
        store, documents = await read_side(place, one)
        async with running(store):
            await write(store, {0: 1}, "a", "b")
            query = Query(order=(By("id"),))
            pages = documents.watch_page(Account, query, TELLER, with_total=True)
            async with aclosing(pages) as paged:
                assert (await anext(paged)).total == 2
                await write(store, {0: 2}, "c", checkpoint={0: 2})
                assert (await anext(paged)).total == 3


async def test_who_waits_for_a_position_sees_it_in_what_others_follow(place: Place) -> None:
    async with opened(place, runs=False) as one:
        store, documents = await read_side(place, one)
        async with running(store), aclosing(documents.watch(Account, "a", TELLER)) as watching:
            assert await anext(watching) is None
            await write(store, {0: 1}, "a")
            at_least = asyncio.create_task(_first(documents, Position(0, 1)))
            await write(store, {1: 1}, "b", checkpoint={1: 1})
            assert await documents.get(Account, "b", TELLER, Position(1, 1)) is not None
            assert not at_least.done()
            await write(store, {}, checkpoint={0: 1})
            assert await at_least == account("a")
            assert await anext(watching) == account("a")


async def _first(documents: LiveDocuments, at_least: Position) -> Account | None:
    async with aclosing(documents.watch(Account, "a", TELLER, at_least)) as watching:
        return await anext(watching)
