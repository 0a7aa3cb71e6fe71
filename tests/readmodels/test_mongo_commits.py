"""A commit on MongoDB is one message, however its stream cuts it, and whatever comes between.

Documents and their checkpoint are written one after the other; here often by commits apart, so
that what others write comes exactly in between.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from eventlog.envelope import Position
from readmodels import mongo_held, mongo_stream, mongo_tail
from readmodels.live import LiveDocuments
from readmodels.mongo import MongoStore
from readmodels.query import EVERYTHING, By, Page, Query
from readmodels.store import MISSING, Committed, Parked, Write
from tests.contracts.mongo_engine import close, motor
from tests.contracts.stores import Thing, collection_of, things
from tests.readmodels.cabinet import (
    Place,
    after,
    opened,
    own_server,
    place,
    read_side,
    running,
    thing,
)
from tests.readmodels.gallery import ACCOUNTS, TELLER, Follower, account
from tests.readmodels.test_mongo_faults import failing
from tests.readmodels.workshop import until
from tests.sample import Account

__all__ = ["place"]

MANY = 3_000
OTHER = 9
"""A partition that says nothing but that things may be told."""

_entered = count(1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No checkpoint is given up, however slow the machine is."""
    monkeypatch.setattr(mongo_tail, "HELD_S_MAX", 60.0)


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream gives two events at a time."""
    monkeypatch.setattr(mongo_stream, "BATCH_EVENTS_MAX", 2)


@dataclass
class Turns:
    """What a feed tells, by the turns in which it does: a live set makes one message of each."""

    turns: list[list[Committed]] = field(default_factory=list[list[Committed]])
    is_open: bool = False
    lost: int = 0

    def tell(self, committed: Committed) -> None:
        if not self.is_open:
            self.turns.append([])
            self.is_open = True
            asyncio.get_running_loop().call_soon(self._close)
        self.turns[-1].append(committed)

    def _close(self) -> None:
        self.is_open = False

    def told(self) -> list[tuple[str, dict[int, int]]]:
        """Of each turn the ids of the documents, and the checkpoint."""
        found: list[tuple[str, dict[int, int]]] = []
        for turn in self.turns:
            ids = sorted(change.id for each in turn for change in each.changes)
            checkpoint: dict[int, int] = {}
            for each in turn:
                checkpoint |= each.checkpoint
            if checkpoint.pop(OTHER, None) is None or ids or checkpoint:
                found.append(("".join(ids), checkpoint))
        return found

    async def until(self, *expected: tuple[str, dict[int, int]]) -> None:
        """Wait until so many turns were told, and see that they are these."""
        await until(lambda: len(self.told()) >= len(expected))
        assert self.told() == list(expected)


@dataclass
class Room:
    """A store whose feed is told in turns, with `things`."""

    store: MongoStore
    turns: Turns

    async def write(self, moved: Mapping[int, int], *ids: str, is_deleted: bool = False) -> None:
        """The documents of a commit, without its checkpoint."""
        before = await self.store.load(things, list(ids))
        writes: list[Write[Thing]] = []
        for id in ids:
            known = before.get(id, MISSING)
            document = None if is_deleted else thing(id, known.revision + 1)
            writes.append(Write(id, known, document, {**known.positions, **moved}))
        assert await self.store.commit(things, writes) == []

    async def reach(self, checkpoint: Mapping[int, int]) -> None:
        """Its checkpoint."""
        await self.store.commit(things, [], checkpoint=checkpoint)


@pytest.fixture
async def room(place: Place) -> AsyncGenerator[Room]:
    async with entered(place) as room:
        yield room


@asynccontextmanager
async def entered(place: Place, *, runs: bool = True) -> AsyncGenerator[Room]:
    client, turns = motor(place.uri), Turns()

    def lost() -> None:
        turns.lost += 1

    store = MongoStore(client, place.database, tell=turns.tell, lost=lost)
    try:
        await store.open()
        await store.prepare(things)
        await store.commit(things, [], checkpoint={OTHER: next(_entered)})
        async with running(store, runs=runs):
            yield Room(store, turns)
    finally:
        await close(client)


# One commit


async def test_a_commit_of_thousands_is_one_message_of_a_page_and_of_a_set(place: Place) -> None:
    async with opened(place, runs=False) as one:
        store, documents = await read_side(place, one)
        async with running(store):
            query = Query(order=(By("id"),), first=10)
            pages = documents.watch_page(Account, query, TELLER, with_total=True)
            changes = documents.watch_changes(Account, EVERYTHING, TELLER)
            async with aclosing(pages) as paged, aclosing(changes) as changing:
                assert (await anext(paged)).total == 0
                assert (await anext(changing)).reset
                taking = asyncio.create_task(_pages_up_to(paged, MANY))
                writes = [
                    Write(f"{number:05}", MISSING, account(f"{number:05}"), {0: number})
                    for number in range(MANY)
                ]
                assert await store.commit(ACCOUNTS, writes, checkpoint={0: MANY}) == []
                assert len((await anext(changing)).entered) == MANY
                assert [page.total for page in await taking] == [MANY]


async def _pages_up_to(pages: AsyncGenerator[Page[Account]], total: int) -> list[Page[Account]]:
    found: list[Page[Account]] = []
    async with asyncio.timeout(60):
        async for page in pages:
            found.append(page)
            if page.total == total:
                break
    return found


@pytest.mark.usefixtures("cut")
async def test_a_commit_that_the_stream_cuts_is_told_with_its_checkpoint(room: Room) -> None:
    writes = [Write(id, MISSING, thing(id, 1), {0: at}) for at, id in enumerate("abcdefg")]
    await room.store.commit(things, writes, checkpoint={0: 7})
    await room.turns.until(("abcdefg", {0: 7}))


@pytest.mark.usefixtures("cut")
async def test_a_commit_whose_losers_were_folded_again_is_told_once(room: Room) -> None:
    await room.write({1: 1}, "b")
    lost = [Write(id, MISSING, thing(id, 1), {0: 1}) for id in "abc"]
    assert await room.store.commit(things, lost, checkpoint={0: 1}) == ["b"]
    await room.write({0: 1}, "b")
    await room.reach({0: 1})
    await room.reach({1: 1})
    # It has written upon what another has no checkpoint of yet, and so is told with that.
    await room.turns.until(("abbc", {0: 1, 1: 1}))


@pytest.mark.usefixtures("cut")
async def test_what_is_deleted_is_told_with_its_commit(room: Room) -> None:
    await room.write({0: 1}, "a", "b", "c")
    await room.reach({0: 1})
    await room.write({0: 2}, "a", "b", is_deleted=True)
    await room.write({0: 3}, "c")
    await room.reach({0: 3})
    await room.turns.until(("abc", {0: 1}), ("abc", {0: 3}))


@pytest.mark.usefixtures("cut")
async def test_what_comes_back_from_being_parked_is_told_at_once(room: Room) -> None:
    fault = Parked("stream s", Position(0, 1), "why")
    await room.store.commit(things, [], checkpoint={0: 5}, park=[fault])
    await room.turns.until(("", {0: 5}))
    writes = [Write(id, MISSING, thing(id, 1), {0: 1}) for id in "abcdefg"]
    await room.store.commit(things, writes, unpark=[fault])
    await room.turns.until(("", {0: 5}), ("abcdefg", {}))


async def test_a_checkpoint_without_documents_is_told_as_it_comes(room: Room) -> None:
    await room.reach({0: 10_000})
    await room.turns.until(("", {0: 10_000}))


# Several at once


@pytest.mark.usefixtures("cut")
async def test_commits_side_by_side_are_told_each_with_its_own_checkpoint(room: Room) -> None:
    await room.write({0: 1}, "a")
    await room.write({1: 1}, "d")
    await room.write({0: 2}, "b")
    await room.write({1: 2}, "e")
    await room.reach({1: 2})
    await room.turns.until(("de", {1: 2}))
    await room.write({0: 3}, "c")
    await room.reach({0: 3})
    await room.turns.until(("de", {1: 2}), ("abc", {0: 3}))


@pytest.mark.usefixtures("cut")
async def test_who_writes_upon_what_has_no_checkpoint_waits_for_it(room: Room) -> None:
    await room.write({0: 1}, "a", "b")
    await room.write({1: 1}, "b", "c")
    await room.reach({1: 1})
    await room.write({2: 1}, "d")
    await room.reach({2: 1})
    await room.turns.until(("d", {2: 1}))
    await room.reach({0: 1})
    await room.turns.until(("d", {2: 1}), ("abbc", {0: 1, 1: 1}))


async def test_another_collection_does_not_wait(place: Place, room: Room) -> None:
    other = collection_of(Thing, version=2)
    await room.store.prepare(other)
    await room.store.commit(other, [], checkpoint={0: 0})
    await room.turns.until(("", {0: 0}))
    await room.write({0: 1}, "a")
    await room.store.commit(other, [Write("b", MISSING, thing("b", 1), {0: 1})], checkpoint={0: 1})
    await room.turns.until(("", {0: 0}), ("b", {0: 1}))
    await room.reach({0: 1})
    await room.turns.until(("", {0: 0}), ("b", {0: 1}), ("a", {0: 1}))


async def test_nothing_is_held_of_a_collection_that_is_being_built(place: Place) -> None:
    building = collection_of(Thing, version=2)
    async with entered(place) as room:
        await room.store.prepare(building)
        write = Write("a", MISSING, thing("a", 1), {0: 1})
        await room.store.commit(building, [write], is_built=False)
        await room.store.commit(building, [], checkpoint={0: 0})
        await room.turns.until(("", {0: 0}))
        await room.write({0: 1}, "b")
        await room.reach({0: 1})
        await room.turns.until(("", {0: 0}), ("b", {0: 1}))


# Cursors and snapshots beside what is held


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


async def write(store: MongoStore, moved: Mapping[int, int], *ids: str, **others: Any) -> None:
    """New accounts, as a commit with these positions."""
    writes = [Write(id, MISSING, account(id), moved) for id in ids]
    assert await store.commit(ACCOUNTS, writes, **others) == []


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


# What has no end


async def test_what_a_writer_left_without_a_checkpoint_is_told_in_time(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_tail, "HELD_S_MAX", 0.05)
    await room.write({0: 1}, "a", "b")
    await until(lambda: len(room.turns.told()) > 0)
    await room.reach({0: 1})
    await until(lambda: {0: 1} in [checkpoint for _, checkpoint in room.turns.told()])
    assert "".join(sorted(ids for ids, _ in room.turns.told())) == "ab"


async def test_too_many_are_told_without_their_checkpoint(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_held, "HELD_CHANGES_MAX", 3)
    await room.write({0: 1}, "a", "b", "c", "d")
    await until(lambda: sum(len(ids) for ids, _ in room.turns.told()) == 4)


async def test_what_is_held_outlives_a_cursor_that_the_server_kills() -> None:
    with own_server("--setParameter", "enableTestCommands=1") as server:
        async with entered(Place(server.uri, "held")) as room:
            await room.write({0: 1}, "a")
            with failing(server, "getMore", times=1, errorCode=43):  # CursorNotFound
                await room.write({0: 2}, "b")
                await room.reach({0: 2})
                await room.turns.until(("ab", {0: 2}))


async def test_what_is_held_where_the_feed_begins_anew_is_read_and_not_told() -> None:
    with own_server("--setParameter", "enableTestCommands=1") as server:
        async with entered(Place(server.uri, "anew")) as room:
            await room.write({0: 1}, "a")
            with failing(server, "getMore", times=1, errorCode=286):  # ChangeStreamHistoryLost
                await until(lambda: room.turns.lost == 1)
            await room.write({0: 2}, "b")
            await room.reach({0: 2})
            await until(lambda: ("b", {0: 2}) in room.turns.told())
            assert "a" not in "".join(ids for ids, _ in room.turns.told())
