"""A commit on MongoDB is one message, however its stream cuts it, and whatever comes between."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from eventlog.envelope import Position
from readmodels import mongo_held, mongo_stream, mongo_tail
from readmodels.query import EVERYTHING, By, Page, Query
from readmodels.store import MISSING, Parked, Write
from tests.contracts.stores import Thing, collection_of, things
from tests.readmodels.cabinet import Place, opened, own_server, place, read_side, running, thing
from tests.readmodels.gallery import ACCOUNTS, TELLER, account
from tests.readmodels.test_mongo_faults import failing
from tests.readmodels.turns import Room, entered, patient, room
from tests.readmodels.workshop import until
from tests.sample import Account

__all__ = ["patient", "place", "room"]

MANY = 3_000


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream gives two events at a time."""
    monkeypatch.setattr(mongo_stream, "BATCH_EVENTS_MAX", 2)


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


# What has no end


async def test_what_a_writer_left_without_a_checkpoint_is_told_in_time(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_tail, "SILENT_S_MAX", 0.05)
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
