"""Documents watched: at once, then every newer state, never more than the viewer may see."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from readmodels.query import EVERYTHING, By, Compare, Query, Where
from tests.readmodels.gallery import (
    ANN,
    BOB,
    DEADLINE_S,
    NOBODY,
    TELLER,
    Follower,
    Gallery,
    account,
    gallery,
)
from tests.sample import Account

T = TypeVar("T")


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with gallery(tmp_path) as opened:
        yield opened


async def next_of(watching: AsyncGenerator[T, None]) -> T:
    async with asyncio.timeout(DEADLINE_S):
        return await anext(watching)


async def is_quiet(watching: AsyncGenerator[object, None]) -> bool:
    """Whether nothing comes, though everything that runs was let run."""
    coming = asyncio.ensure_future(anext(watching))
    for _ in range(5):
        await asyncio.sleep(0.002)
    if coming.done():
        return False
    coming.cancel()
    await asyncio.gather(coming, return_exceptions=True)
    return True


def above(balance: int) -> Where:
    return Compare("balance", "gt", Decimal(balance))


# One document


async def test_a_document_comes_at_once_and_then_in_each_newer_state(rooms: Gallery) -> None:
    await rooms.put(account("a", 1))
    async with aclosing(rooms.documents.watch(Account, "a", TELLER)) as watching:
        assert await next_of(watching) == account("a", 1)
        await rooms.put(account("a", 2), account("b", 5))
        assert await next_of(watching) == account("a", 2)
        await rooms.delete("a")
        assert await next_of(watching) is None
        await rooms.put(account("a", 3))
        assert await next_of(watching) == account("a", 3)


async def test_a_document_that_is_not_there_is_watched_until_it_is(rooms: Gallery) -> None:
    async with aclosing(rooms.documents.watch(Account, "a", TELLER)) as watching:
        assert await next_of(watching) is None
        await rooms.put(account("a", 1))
        assert await next_of(watching) == account("a", 1)


async def test_a_slow_watcher_sees_the_latest_state_not_all_of_them(rooms: Gallery) -> None:
    async with aclosing(rooms.documents.watch(Account, "a", TELLER)) as watching:
        assert await next_of(watching) is None
        for balance in range(100):
            await rooms.put(account("a", balance))
        assert await next_of(watching) == account("a", 99)


async def test_a_document_that_did_not_change_for_a_client_is_not_sent_again(
    rooms: Gallery,
) -> None:
    await rooms.put(account("a", "1.0"))
    watching = rooms.documents.watch(Account, "a", TELLER)
    assert await next_of(watching) == account("a", 1)
    await rooms.put(account("a", "1.0"))
    await rooms.put(account("b"))
    assert await is_quiet(watching)


async def test_a_number_that_is_written_otherwise_is_a_change(rooms: Gallery) -> None:
    await rooms.put(account("a", "1.0"))
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    await follower.next()
    async with aclosing(rooms.documents.watch(Account, "a", TELLER)) as watching:
        await next_of(watching)
        await rooms.put(account("a", "1.00"))
        found = await next_of(watching)
        assert found is not None
        assert str(found.balance) == "1.00"
    assert str((await follower.next()).changed[0].balance) == "1.00"
    await follower.close()


async def test_who_may_not_see_a_document_sees_none(rooms: Gallery) -> None:
    await rooms.put(account("a", 1))
    for viewer in (BOB, NOBODY):
        watching = rooms.documents.watch(Account, "a", viewer)
        assert await next_of(watching) is None
        await rooms.put(account("a", int(viewer is BOB)))
        assert await is_quiet(watching)


async def test_another_owner_makes_a_document_vanish_for_the_one_before(rooms: Gallery) -> None:
    await rooms.put(account("a", 1))
    async with (
        aclosing(rooms.documents.watch(Account, "a", ANN)) as ann,
        aclosing(rooms.documents.watch(Account, "a", BOB)) as bob,
    ):
        assert await next_of(ann) == account("a", 1)
        assert await next_of(bob) is None
        await rooms.put(account("a", 2, owner="bob"))
        assert await next_of(ann) is None
        assert await next_of(bob) == account("a", 2, owner="bob")


# A page


async def test_a_page_comes_again_when_its_content_or_order_changes(rooms: Gallery) -> None:
    await rooms.put(*(account(id, balance) for id, balance in zip("abc", (1, 2, 3), strict=True)))
    query = Query(where=above(0), order=(By("balance", descending=True),), first=2)
    watching = rooms.documents.watch_page(Account, query, TELLER)
    page = await next_of(watching)
    assert [each.id for each in page.documents] == ["c", "b"]
    assert (page.has_next, page.total) == (True, None)
    await rooms.put(account("b", 9))
    assert [each.id for each in (await next_of(watching)).documents] == ["b", "c"]
    await rooms.put(account("a", 5))
    assert [each.id for each in (await next_of(watching)).documents] == ["b", "a"]
    await rooms.delete("b")
    assert [each.id for each in (await next_of(watching)).documents] == ["a", "c"]
    await rooms.put(account("c", 0))
    last = await next_of(watching)
    assert ([each.id for each in last.documents], last.has_next) == (["a"], False)
    # What is no part of the set concerns nobody.
    await rooms.put(account("c", -1), account("d", 0))
    assert await is_quiet(watching)


async def test_a_page_with_its_total_comes_again_when_only_the_total_changes(
    rooms: Gallery,
) -> None:
    await rooms.put(account("a"))
    async with aclosing(
        rooms.documents.watch_page(Account, Query(first=1), TELLER, with_total=True)
    ) as watching:
        assert (await next_of(watching)).total == 1
        await rooms.put(account("b"))
        assert (await next_of(watching)).has_next
        await rooms.put(account("c"))
        assert (await next_of(watching)).total == 3


async def test_a_page_shows_only_what_its_viewer_may_see(rooms: Gallery) -> None:
    await rooms.put(account("a"), account("b", owner="bob"))
    async with aclosing(rooms.documents.watch_page(Account, Query(), BOB)) as watching:
        assert [each.id for each in (await next_of(watching)).documents] == ["b"]
        await rooms.put(account("a", owner="bob"))
        assert [each.id for each in (await next_of(watching)).documents] == ["a", "b"]


# What happens while it is read


async def twice_meanwhile(rooms: Gallery) -> None:
    """Two writes in the middle of the next read: one that it shows, one that it does not."""

    async def before() -> None:
        await rooms.put(account("a", 2), account("b", 2))

    async def after() -> None:
        await rooms.put(account("a", 3), account("c", 3))

    rooms.meanwhile.before, rooms.meanwhile.after = before, after


async def test_what_happens_while_a_set_is_read_comes_once(rooms: Gallery) -> None:
    await rooms.put(account("a", 1))
    await twice_meanwhile(rooms)
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    assert {each.id: each.balance for each in (await follower.next()).entered} == {"a": 2, "b": 2}
    message = await follower.next()
    assert ([each.id for each in message.entered], message.changed) == (["c"], (account("a", 3),))
    assert follower.map == await rooms.answer()
    await follower.close()


async def test_what_happens_while_a_set_is_resumed_comes_once(rooms: Gallery) -> None:
    await rooms.put(account("a", 1))
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    await follower.next()
    await follower.close()
    await twice_meanwhile(rooms)
    messages = rooms.documents.watch_changes(Account, EVERYTHING, TELLER, follower.cursor)
    again = Follower.resuming(messages, follower.map)
    message = await again.next()
    assert ([each.id for each in message.entered], message.changed) == (["b"], (account("a", 2),))
    message = await again.next()
    assert ([each.id for each in message.entered], message.changed) == (["c"], (account("a", 3),))
    assert again.map == await rooms.answer()
    await again.close()


async def test_what_happens_while_a_document_or_a_page_is_read_is_seen(rooms: Gallery) -> None:
    await rooms.put(account("a", 1))
    await twice_meanwhile(rooms)
    async with aclosing(rooms.documents.watch(Account, "a", TELLER)) as watching:
        assert await next_of(watching) == account("a", 3)
    await rooms.delete("b", "c")
    await rooms.put(account("a", 1))
    await twice_meanwhile(rooms)
    async with aclosing(rooms.documents.watch_page(Account, Query(), TELLER)) as pages:
        assert [each.id for each in (await next_of(pages)).documents] == ["a", "b", "c"]
