"""Sets watched change by change: in chunks, with cursors, and only what the viewer may see."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from readmodels import live_changes
from readmodels.documents import BadCursor, TooMany
from readmodels.query import EVERYTHING, Compare, Query, Where
from tests.readmodels.gallery import (
    ACCOUNTS,
    ANN,
    BOB,
    TELLER,
    Follower,
    Gallery,
    account,
    gallery,
)
from tests.sample import Account, Total

T = TypeVar("T")


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with gallery(tmp_path) as opened:
        yield opened


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


# A set, and its cursors


async def test_a_set_comes_in_chunks_and_then_change_by_change(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_changes, "CHUNK_DOCUMENTS_MAX", 3)
    await rooms.put(*(account(str(n), n) for n in range(8)))
    follower = Follower(rooms.documents.watch_changes(Account, above(0), TELLER))
    chunks = [await follower.next() for _ in range(3)]
    assert [(each.reset, each.more, len(each.entered)) for each in chunks] == [
        (True, True, 3),
        (False, True, 3),
        (False, False, 1),
    ]
    await rooms.put(account("1", 0), account("2", 20), account("8", 8))
    message = await follower.next()
    assert (message.reset, message.more) == (False, False)
    assert [each.id for each in message.entered] == ["8"]
    assert [each.id for each in message.changed] == ["2"]
    assert message.left == ("1",)
    assert follower.map == await rooms.answer(above(0))
    await follower.close()


async def test_an_empty_set_says_so_at_once(rooms: Gallery) -> None:
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    message = await follower.next()
    assert (message.reset, message.more, message.entered) == (True, False, ())
    await follower.close()


async def test_from_within_a_snapshot_one_starts_over(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_changes, "CHUNK_DOCUMENTS_MAX", 2)
    await rooms.put(*(account(str(n)) for n in range(5)))
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    half = await follower.next()
    await follower.close()
    again = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER, half.cursor))
    assert (await again.next()).reset
    await again.until(lambda map: len(map) == 5)
    await again.close()


async def test_left_names_only_what_the_viewer_could_see(rooms: Gallery) -> None:
    await rooms.put(account("mine"), account("hers", owner="eve"))
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, ANN))
    assert [each.id for each in (await follower.next()).entered] == ["mine"]
    await rooms.delete("hers")
    await rooms.put(account("his", owner="bob"))
    await rooms.delete("his")
    await rooms.put(account("mine", owner="bob"))
    message = await follower.next()
    assert (message.entered, message.changed, message.left) == ((), (), ("mine",))
    # Not after a cursor either.
    cursor = message.cursor
    await follower.close()
    await rooms.put(account("mine", 5, owner="bob"), account("another", owner="bob"))
    await rooms.delete("another")
    again = rooms.documents.watch_changes(Account, EVERYTHING, ANN, cursor)
    assert await is_quiet(again)


@pytest.mark.parametrize("change", ["condition", "viewer", "role"])
async def test_a_cursor_of_another_question_leads_to_a_reset(rooms: Gallery, change: str) -> None:
    await rooms.put(account("a", 5), account("b", 1, owner="bob"))
    follower = Follower(rooms.documents.watch_changes(Account, above(0), ANN))
    cursor = (await follower.next()).cursor
    await follower.close()
    where = above(2) if change == "condition" else above(0)
    viewer = {"viewer": BOB, "role": TELLER}.get(change, ANN)
    again = Follower(rooms.documents.watch_changes(Account, where, viewer, cursor))
    assert (await again.next()).reset
    assert again.map == await rooms.answer(where, viewer)
    await again.close()


@pytest.mark.parametrize("cursor", ["", "nonsense", "☃", "\ud800", "e30", "W10", "=" * 50, "a" * 9])
async def test_what_is_no_cursor_is_refused(rooms: Gallery, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await anext(rooms.documents.watch_changes(Account, EVERYTHING, TELLER, cursor))
    assert rooms.documents.sets.followers(ACCOUNTS) == (0, 0)


async def test_a_cursor_of_another_document_is_refused(rooms: Gallery) -> None:
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    cursor = (await follower.next()).cursor
    await follower.close()
    total = rooms.documents._shown[Total].collection  # pyright: ignore[reportPrivateUsage]  # to open it
    rooms.feed.open(total, await rooms.store.prepare(total))
    rooms.feed.built(total)
    with pytest.raises(BadCursor, match="a cursor of Account, not of Total"):
        await anext(rooms.documents.watch_changes(Total, EVERYTHING, TELLER, cursor))


async def test_a_set_that_is_too_large_to_watch_is_refused(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_changes, "SET_DOCUMENTS_MAX", 3)
    await rooms.put(*(account(str(n), n) for n in range(4)))
    with pytest.raises(TooMany, match="narrow the filter"):
        await anext(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    follower = Follower(rooms.documents.watch_changes(Account, above(0), TELLER))
    assert len((await follower.next()).entered) == 3
    await follower.close()


async def test_a_client_that_falls_too_far_behind_starts_over(
    rooms: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_changes, "KEPT_CHANGES_MAX", 10)
    follower = Follower(rooms.documents.watch_changes(Account, EVERYTHING, TELLER))
    await follower.next()
    for start in range(0, 100, 5):
        await rooms.put(*(account(str(n)) for n in range(start, start + 5)))
    assert (await follower.next()).reset
    assert follower.map == await rooms.answer()
    await rooms.put(account("0", 7))
    assert not (await follower.next()).reset
    assert follower.map == await rooms.answer()
    await follower.close()


async def test_whoever_leaves_is_forgotten(rooms: Gallery) -> None:
    watching = [
        rooms.documents.watch(Account, "a", TELLER),
        rooms.documents.watch_page(Account, Query(), TELLER),
        rooms.documents.watch_changes(Account, EVERYTHING, TELLER),
    ]
    for each in watching:
        await anext(each)
    assert rooms.documents.sets.followers(ACCOUNTS) == (3, 3)
    waiting = [asyncio.ensure_future(anext(each)) for each in watching[1:]]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await watching[0].aclose()
    assert rooms.documents.sets.followers(ACCOUNTS) == (0, 0)
