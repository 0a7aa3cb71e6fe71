"""Pages and totals of a million documents, beside the engine's own, asked by hand."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from benchmarks.measuring import Latency, Row, Waits, alternate
from benchmarks.pages_entries import DEEP, FIRST, PAGES, TOTALS, Paged, collection
from benchmarks.pages_mongo import in_mongo
from benchmarks.pages_sqlite import in_sqlite
from readmodels.query import Query, place
from readmodels.store import Store

DOCUMENTS = 1_000_000
ROUNDS = 5
PAGES_A_ROUND = 100
TOTALS_A_ROUND = 10


class ByHand(Protocol):
    """The engine without the store, over the same documents and indexes."""

    async def place(self, name: str) -> tuple[Any, ...]:
        """Where the deep page begins, as the engine has it."""
        ...

    async def page(self, name: str, after: tuple[Any, ...] | None) -> int:
        """How many documents the page has."""
        ...

    async def total(self, name: str) -> int:
        """How many documents there are."""
        ...


async def embedded_rows(documents: int) -> Sequence[Row]:
    """Of the embedded store."""
    async with in_sqlite(documents) as (store, by_hand):
        return await _rows("SQLite", store, by_hand)


async def mongo_rows(documents: int) -> Sequence[Row]:
    """Of the store on MongoDB. Raises NoServer."""
    async with in_mongo(documents) as (store, by_hand):
        return await _rows("MongoDB", store, by_hand)


async def _rows(engine: str, store: Store, by_hand: ByHand) -> Sequence[Row]:
    lists = [(each, is_deep) for each in PAGES for is_deep in (False, True)]
    return [
        *[
            await _page(engine, store, by_hand, each, is_deep)
            for each, is_deep in lists
            if each.is_long or not is_deep
        ],
        *[await _total(engine, store, by_hand, name) for name in TOTALS],
    ]


async def _page(engine: str, store: Store, by_hand: ByHand, asked: Paged, is_deep: bool) -> Latency:
    query, after = asked.query, None
    if is_deep:
        query = await _deep(store, query)
        after = await by_hand.place(asked.name)

    async def ours() -> int:
        return len(await store.find(collection, query))

    async def theirs() -> int:
        return await by_hand.page(asked.name, after)

    number = DEEP if is_deep else 1
    return await _beside(f"{engine}: {asked.name}, page {number:,}", ours, theirs, PAGES_A_ROUND)


async def _deep(store: Store, query: Query) -> Query:
    """The query of the deep page, after the last document of the one before."""
    before = await store.find(collection, replace(query, first=(DEEP - 1) * FIRST))
    return replace(query, after=place(query, before[-1]))


async def _total(engine: str, store: Store, by_hand: ByHand, name: str) -> Latency:
    async def ours() -> int:
        return await store.count(collection, TOTALS[name])

    async def theirs() -> int:
        return await by_hand.total(name)

    return await _beside(f"{engine}: {name}, total", ours, theirs, TOTALS_A_ROUND)


Asked = Callable[[], Awaitable[int]]


async def _beside(name: str, ours: Asked, theirs: Asked, times: int) -> Latency:
    found, expected = await ours(), await theirs()
    if found != expected:
        raise RuntimeError(f"{name}: {found} documents, and by hand {expected}")
    waits, limit = await alternate(
        lambda: _waits(ours, times), lambda: _waits(theirs, times), ROUNDS
    )
    return Latency(
        name=name, ours=waits, limit_name="by hand", limit=limit, note=f"{found:,} documents"
    )


async def _waits(asked: Asked, times: int) -> Waits:
    seconds: list[float] = []
    for _ in range(times):
        started = time.perf_counter()
        await asked()
        seconds.append(time.perf_counter() - started)
    return Waits.of(seconds)
