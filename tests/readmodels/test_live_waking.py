"""Followers are woken together and in turn, and a change costs the sets that it touches."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from readmodels import live_changes, live_state
from readmodels.documents import NOTHING
from readmodels.live_state import Followed, Follower
from readmodels.query import EVERYTHING, By, Query
from readmodels.store import Change, Committed, Place
from tests.readmodels.gallery import ACCOUNTS, TELLER, Gallery, account, gallery
from tests.readmodels.gate import FAR, Gate, some_turns, told
from tests.sample import Account


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with gallery(tmp_path) as opened:
        yield opened


# Waking


class Bare(Followed):
    """What can be followed and shows nothing."""

    def put(self, mark: int, changes: Sequence[Change[Any]], place: Place) -> None:
        raise NotImplementedError

    def drop(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


async def test_a_set_that_never_rests_still_wakes_each_of_its_followers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_state, "WOKEN_AT_ONCE_MAX", 2)
    followed, woken = Bare(), [0] * 9
    for number in range(9):

        def wake(number: int = number) -> None:
            woken[number] += 1

        followed.followers[Follower(followed, wake)] = None
    for _ in range(18):
        followed.wake_all()
        await asyncio.sleep(0)
    assert min(woken) >= 3
    for _ in range(10):
        await asyncio.sleep(0)
    assert max(woken) - min(woken) <= 1


async def test_one_who_leaves_or_fails_while_others_are_woken_holds_up_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_state, "WOKEN_AT_ONCE_MAX", 2)
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))
    followed, woken = Bare(), set[int]()
    followers: list[Follower] = []

    def wake(number: int) -> None:
        woken.add(number)
        if number == 1:
            raise ValueError("broken")
        if number == 2:
            for each in (followers[0], followers[6]):
                del followed.followers[each]

    for number in range(8):
        followers.append(Follower(followed, partial(wake, number)))
        followed.followers[followers[-1]] = None
    followed.wake_all()
    for _ in range(10):
        await asyncio.sleep(0)
    assert woken >= {0, 1, 2, 3, 4, 5, 7}
    assert {str(each["exception"]) for each in failures} == {"broken"}


async def test_what_is_told_at_once_is_shown_at_once(rooms: Gallery) -> None:
    one, page, changes = (
        await rooms.documents.live_one(Account, "a", TELLER),
        await rooms.documents.live_page(Account, Query(), TELLER),
        await rooms.documents.live_changes(Account, EVERYTHING, TELLER),
    )
    for follow in (one, page, changes):
        shown: list[Any] = []
        followed: list[Any] = []

        def take(shown: list[Any] = shown, followed: list[Any] = followed) -> None:
            while followed and (pushed := followed[0].take()) is not NOTHING:
                shown.append(pushed)

        with follow(wake=take) as follower:
            await follower.begin()
            follower.take()
            followed.append(follower)
            told(rooms, FAR, None, account("a", 1))
            told(rooms, FAR + 1, None, account("b", 1))
            told(rooms, FAR + 2, account("a", 1), account("a", 2))
            await some_turns()
        assert len(shown) == 1


async def test_a_document_that_cannot_be_compared_harms_no_other_set(rooms: Gallery) -> None:
    await rooms.put(account("a", 1), account("b", 1))
    with ExitStack() as followers:
        followed: list[Any] = []
        for id in "ab":
            follow = await rooms.documents.live_one(Account, id, TELLER)
            followed.append(followers.enter_context(follow(wake=lambda: None)))
            await followed[-1].begin()
            followed[-1].take()
        broken = Change("a", account("a", 1), account("a", "sNaN"))
        whole = Change("b", account("b", 1), account("b", 2))
        rooms.feed.tell(Committed(ACCOUNTS, FAR, [broken, whole], {}))
        assert followed[1].take() == account("b", 2)
        for each in rooms.documents.sets:
            assert isinstance(each, live_state.LiveState)
            await each.settled()
            assert each.fault is None
        # It was read from the store, which has another.
        assert followed[0].take() is NOTHING


async def test_the_sum_of_several_commits_is_worked_out_once_for_all(rooms: Gallery) -> None:
    follow = await rooms.documents.live_changes(Account, EVERYTHING, TELLER)
    with follow(wake=lambda: None) as one, follow(wake=lambda: None) as other:
        for each in (one, other):
            await each.begin()
            each.take()
        told(rooms, FAR, None, account("a", 1))
        told(rooms, FAR + 1, None, account("b", 1))
        summed = one.take()
        assert [each.id for each in summed.entered] == ["a", "b"]
        assert other.take() is summed


# What is kept


async def test_what_all_have_taken_is_not_kept(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_changes, "SEEN_CHANGES_MAX", 10)
    follow = await rooms.documents.live_changes(Account, EVERYTHING, TELLER)
    with follow(wake=lambda: None) as fast, follow(wake=lambda: None) as slow:
        for each in (fast, slow):
            await each.begin()
            each.take()
        [followed] = rooms.documents.sets
        assert isinstance(followed, live_changes.LiveChanges)
        for at in range(40):
            told(rooms, FAR + at, None, account(f"{at}"))
            fast.take()
        assert followed.end - followed.begin == 40
        assert len(slow.take().entered) == 40
        for at in range(100, 140):
            told(rooms, FAR + at, None, account(f"{at}"))
            assert (fast.take().entered, slow.take().reset) == ((account(f"{at}"),), False)
        assert followed.end - followed.begin <= 20


# What a change costs


async def test_a_document_of_many_that_are_watched_costs_a_match_of_its_own_set(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_sets: list[Any] = []
    put = live_state.LiveState.put

    def counted(self: Any, *told: Any) -> None:
        told_sets.append(self)
        put(self, *told)

    monkeypatch.setattr(live_state.LiveState, "put", counted)
    contexts: list[Any] = []
    for number in range(1_000):
        follow = await rooms.documents.live_one(Account, f"{number}", TELLER)
        contexts.append(follow(wake=lambda: None))
        contexts[-1].__enter__()
    await rooms.put(account("7"))
    assert len(told_sets) == 1
    for context in contexts:
        context.__exit__(None, None, None)


async def test_a_page_asks_the_store_rarely_though_its_documents_move_at_random(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(6)
    documents = {f"{at}": account(f"{at}", random.randrange(100_000)) for at in range(2_000)}
    await rooms.put(*documents.values())
    gate = Gate(rooms, monkeypatch)
    query = Query(order=(By("balance", descending=True),), first=50)
    follow = await rooms.documents.live_page(Account, query, TELLER)
    with follow(wake=lambda: None) as follower:
        await follower.begin()
        shown = follower.take()
        [live] = rooms.documents.sets
        assert isinstance(live, live_state.LiveState)
        for _ in range(2_000):
            before = documents[str(random.randrange(2_000))]
            after = account(before.id, random.randrange(100_000))
            documents[before.id] = after
            await rooms.put(after)
            await live.settled()
            taken = follower.take()
            shown = shown if taken is NOTHING else taken
        best = sorted(documents.values(), key=lambda each: (-each.balance, each.id))[:50]
        assert shown.documents == tuple(best)
    assert isinstance(best[0].balance, Decimal)
    assert gate.reads <= 10
