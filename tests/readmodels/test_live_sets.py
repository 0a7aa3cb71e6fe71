"""A set is read for all who follow it together, and shows them nothing that is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from readmodels import live_page, live_sets, live_state
from readmodels.documents import NOTHING, NotReady
from readmodels.live_state import Follower
from readmodels.query import EVERYTHING, Query
from tests.readmodels.gallery import ACCOUNTS, TELLER, Gallery, account, gallery
from tests.readmodels.gate import FAR, Gate, some_turns, told
from tests.readmodels.workshop import until
from tests.sample import Account


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with gallery(tmp_path) as opened:
        yield opened


# Joining


async def test_who_joins_while_a_set_is_read_waits_for_that_reading(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(rooms, monkeypatch)
    gate.close()
    await rooms.put(account("a"))
    follow = await rooms.documents.live_page(Account, Query(), TELLER)
    with follow(wake=lambda: None) as one, follow(wake=lambda: None) as other:
        first = asyncio.create_task(one.begin())
        await some_turns()
        second = asyncio.create_task(other.begin())
        await some_turns()
        gate.opened.set()
        await asyncio.gather(first, second)
        assert one.take() is other.take()
    assert gate.reads == 1


async def test_who_joins_while_a_page_is_read_anew_is_not_shown_what_was_before(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_page, "SPARE_DOCUMENTS", 0)
    gate = Gate(rooms, monkeypatch)
    await rooms.put(*(account(id) for id in "abcdef"))
    follow = await rooms.documents.live_page(Account, Query(first=1), TELLER)
    with follow(wake=lambda: None) as one, follow(wake=lambda: None) as other:
        await one.begin()
        gate.close()
        await rooms.delete("a", "b", "c")
        joining = asyncio.create_task(other.begin())
        await some_turns()
        gate.opened.set()
        await joining
        assert [each.id for each in other.take().documents] == ["d"]


async def test_all_who_join_the_changes_of_a_set_while_it_is_read_share_that_reading(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(rooms, monkeypatch)
    gate.close()
    await rooms.put(account("a"))
    follow = await rooms.documents.live_changes(Account, EVERYTHING, TELLER)
    with follow(wake=lambda: None) as one, follow(wake=lambda: None) as other:
        first = asyncio.create_task(one.begin())
        await some_turns()
        await rooms.put(account("b"))
        second = asyncio.create_task(other.begin())
        await some_turns()
        await rooms.put(account("c"))
        gate.opened.set()
        await asyncio.gather(first, second)
        for each in (one, other):
            assert [e.id for e in each.take().entered] == ["a", "b", "c"]
            assert each.take() is NOTHING
        await rooms.put(account("d"))
        for each in (one, other):
            assert [e.id for e in each.take().entered] == ["d"]
    assert gate.reads == 1


async def test_a_set_that_may_have_missed_something_is_read_once_for_all_who_follow(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_state, "WOKEN_AT_ONCE_MAX", 2)
    gate = Gate(rooms, monkeypatch)
    await rooms.put(account("a"))
    follow = await rooms.documents.live_changes(Account, EVERYTHING, TELLER)
    taken: dict[int, list[Any]] = {}
    contexts: list[Any] = []
    for number in range(10):
        followed: list[Follower] = []

        def take(number: int = number, followed: list[Follower] = followed) -> None:
            if followed and (pushed := followed[0].take()) is not NOTHING:
                taken.setdefault(number, []).append(pushed)

        context = follow(wake=take)
        follower: Any = context.__enter__()
        contexts.append(context)
        await follower.begin()
        follower.take()
        followed.append(follower)
    before = gate.reads
    gate.close()
    rooms.feed.lost()
    for _ in range(5):
        await some_turns()
    gate.opened.set()
    await until(lambda: len(taken) == 10)
    assert all([each.reset for each in messages] == [True] for messages in taken.values())
    assert gate.reads == before + 1
    for context in contexts:
        context.__exit__(None, None, None)
    assert rooms.documents.sets.followers(ACCOUNTS) == (0, 0)


async def test_a_read_that_fails_ends_those_who_follow_and_who_comes_next_reads_again(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rooms.put(account("a"))
    page = await rooms.documents.live_page(Account, Query(), TELLER)
    changes = await rooms.documents.live_changes(Account, EVERYTHING, TELLER)

    async def out_of_reach(*_given: Any, **_more: Any) -> Any:
        raise NotReady("out of reach")

    for follow in (page, changes):
        with ExitStack() as followers:
            one = followers.enter_context(follow(wake=lambda: None))
            await one.begin()
            one.take()
            with monkeypatch.context() as broken:
                for name in ("page", "snapshot"):
                    broken.setattr(rooms.store, name, out_of_reach)
                rooms.feed.lost()
                while True:
                    await asyncio.sleep(0)
                    try:
                        assert one.take() is NOTHING
                    except NotReady:
                        break
            other = followers.enter_context(follow(wake=lambda: None))
            await other.begin()
            assert other.take() is not NOTHING
            await rooms.put(account("b"))
            assert other.take() is not NOTHING
            await rooms.delete("b")
        assert rooms.documents.sets.followers(ACCOUNTS) == (0, 0)
        assert len(rooms.documents.sets) == 0


async def test_when_every_set_is_read_anew_only_some_are_read_at_once(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, most = 0, 0
    snapshot = rooms.store.snapshot

    async def counted(*given: Any) -> Any:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        try:
            await some_turns()
            return await snapshot(*given)
        finally:
            reading -= 1

    monkeypatch.setattr(rooms.store, "snapshot", counted)
    with ExitStack() as followers:
        for number in range(3 * live_sets.READ_AT_ONCE_MAX):
            follow = await rooms.documents.live_one(Account, f"{number}", TELLER)
            await followers.enter_context(follow(wake=lambda: None)).begin()
        most = 0
        rooms.feed.lost()
        told(rooms, FAR, None, account("7"))
        for each in rooms.documents.sets:
            assert isinstance(each, live_state.LiveState)
            await each.settled()
            assert each.fault is None
    assert most == live_sets.READ_AT_ONCE_MAX
