"""Reads that come together: whoever goes or breaks something takes nothing from the others."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from eventlog.database import READERS
from readmodels.documents import Ask, Part
from readmodels.query import Query
from readmodels.store import Select, Store
from readmodels.together import Reader
from tests.readmodels.gallery import DEADLINE_S, TELLER, account, gallery
from tests.sample import Account


class Slow:
    """A store that answers each select with itself, once it is let; a `bad` one breaks a read."""

    reads_at_once = 2

    def __init__(self) -> None:
        self.reads: list[list[str]] = []
        self.let = asyncio.Event()

    async def read(self, selects: Sequence[Select]) -> list[list[Any]]:
        names = cast("list[str]", list(selects))
        self.reads.append(names)
        await self.let.wait()
        if "bad" in names:
            raise ValueError("this one breaks")
        return [[each] for each in names]


def asked(reader: Reader, *names: str) -> "asyncio.Task[Any]":
    return asyncio.ensure_future(reader.read(cast("list[Select]", names)))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_meanwhile_is_one_read() -> None:
    store = Slow()
    reader = Reader(cast(Store, store))
    tasks = [asked(reader, name) for name in "abcd"]
    await settle()
    store.let.set()
    assert await asyncio.gather(*tasks) == [[["a"]], [["b"]], [["c"]], [["d"]]]
    assert store.reads == [["a"], ["b", "c", "d"]]


async def test_who_is_cancelled_takes_nothing_from_the_others() -> None:
    store = Slow()
    reader = Reader(cast(Store, store))
    first, second, third, fourth = (asked(reader, name) for name in "abcd")
    await asyncio.sleep(0)
    for each in (first, third):
        each.cancel()
    await settle()
    store.let.set()
    assert await second == [["b"]]
    assert await fourth == [["d"]]
    assert await asked(reader, "e", "f") == [["e"], ["f"]]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_one_that_breaks_a_read_breaks_its_own_only() -> None:
    store = Slow()
    reader = Reader(cast(Store, store))
    tasks = [asked(reader, name) for name in ("a", "b", "bad", "c")]
    await settle()
    store.let.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(each) for each in found] == ["[['a']]", "[['b']]", "this one breaks", "[['c']]"]
    assert await asked(reader, "d") == [["d"]]


async def test_nobody_waits_for_ever_when_the_first_breaks() -> None:
    store = Slow()
    reader = Reader(cast(Store, store))
    tasks = [asked(reader, name) for name in ("bad", "a")]
    await settle()
    store.let.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(each) for each in found] == ["this one breaks", "[['a']]"]


async def test_a_quick_read_of_an_embedded_store_does_not_wait_for_slow_ones(
    tmp_path: Path,
) -> None:
    async with gallery(tmp_path) as rooms:
        await rooms.put(account("a", 1))
        is_over = threading.Event()
        one = Ask(Account, Part(msgspec.defstruct("Row", [("id", str)])), Query(first=1), "a")
        database = rooms.store._database  # pyright: ignore[reportPrivateUsage]  # to keep its threads busy
        try:
            slow: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(database.read(lambda _: is_over.wait(DEADLINE_S)))
                for _ in range(READERS)
            ]
            slow += [
                asyncio.ensure_future(rooms.documents.read([one] * 51, TELLER))
                for _ in range(READERS)
            ]
            await settle()
            async with asyncio.timeout(DEADLINE_S / 2):
                [page] = await rooms.documents.read([one], TELLER)
            assert [each.id for each in page.documents] == ["a"]
        finally:
            is_over.set()
        await asyncio.gather(*slow)
