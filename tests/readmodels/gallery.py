"""Accounts as documents in a store with a feed, written at will, and those who watch them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from domain.rules import Viewer
from readmodels.documents import Changes
from readmodels.feed import Feed
from readmodels.live import LiveDocuments
from readmodels.query import EVERYTHING, Query, Where
from readmodels.sqlite import SqliteStore
from readmodels.store import MISSING, Write
from tests.sample import Account, sample

T = TypeVar("T")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DEADLINE_S = 20
MODEL = sample()
ACCOUNTS = MODEL.shown[Account].collection
TELLER = Viewer("tess", frozenset({"teller"}))
ANN, BOB, NOBODY = Viewer("ann"), Viewer("bob"), Viewer()


def account(id: str, balance: int | str = 0, owner: str = "ann") -> Account:
    return Account(id=id, owner=owner, balance=Decimal(balance), movements=0, at=AT)


class Meanwhile:
    """A store in which something happens right before and right after it is read."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.before: Happening = _nothing
        self.after: Happening = _nothing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def _during(self, reading: Coroutine[Any, Any, T]) -> T:
        before, self.before = self.before, _nothing
        after, self.after = self.after, _nothing
        await before()
        read = await reading
        await after()
        return read

    async def find(self, *given: Any) -> Any:
        return await self._during(self._store.find(*given))

    async def snapshot(self, *given: Any) -> Any:
        return await self._during(self._store.snapshot(*given))

    async def page(self, *given: Any, **more: Any) -> Any:
        return await self._during(self._store.page(*given, **more))

    async def since(self, *given: Any) -> Any:
        return await self._during(self._store.since(*given))


Happening = Callable[[], Coroutine[Any, Any, None]]


async def _nothing() -> None:
    pass


@dataclass
class Gallery:
    """A store and its feed, and the documents as the API asks for them."""

    store: SqliteStore
    feed: Feed
    meanwhile: Meanwhile
    documents: LiveDocuments

    async def put(self, *accounts: Account) -> None:
        await self._write({each.id: each for each in accounts})

    async def delete(self, *ids: str) -> None:
        await self._write(dict.fromkeys(ids))

    async def _write(self, documents: dict[str, Any]) -> None:
        before = await self.store.load(ACCOUNTS, list(documents))
        writes = [Write(id, before.get(id, MISSING), each, {}) for id, each in documents.items()]
        assert await self.store.commit(ACCOUNTS, writes) == []

    async def answer(
        self, where: Where = EVERYTHING, viewer: Viewer = TELLER
    ) -> dict[str, Account]:
        """What a query gives."""
        page = await self.documents.find(Account, Query(where=where, first=10_000), viewer)
        return {each.id: each for each in page.documents}


@asynccontextmanager
async def gallery(directory: Path) -> AsyncGenerator[Gallery]:
    """The gallery, opened over what the directory holds."""
    feed = Feed()
    store = SqliteStore(directory, tell=feed.tell)
    feed.open(ACCOUNTS, await store.prepare(ACCOUNTS))
    feed.built(ACCOUNTS)
    try:
        meanwhile: Any = Meanwhile(store)
        yield Gallery(store, feed, meanwhile, LiveDocuments(MODEL.shown, meanwhile, feed))
    finally:
        store.close()


class Follower:
    """A client of `accountChanges`: applies every message, and holds each to the rules."""

    def __init__(self, messages: AsyncGenerator[Changes[Account], None]) -> None:
        self.map: dict[str, Account] = {}
        self.cursor: str | None = None
        self.received: list[Changes[Account]] = []
        self.known: list[tuple[str, dict[str, Account]]] = []
        """Every cursor so far, with the set as it was there."""
        self._messages = messages

    @staticmethod
    def resuming(
        messages: AsyncGenerator[Changes[Account], None], map: dict[str, Account]
    ) -> "Follower":
        follower = Follower(messages)
        follower.map = dict(map)
        return follower

    async def next(self) -> Changes[Account]:
        async with asyncio.timeout(DEADLINE_S):
            message = await anext(self._messages)
        self._apply(message)
        return message

    async def until(self, holds: Callable[[dict[str, Account]], bool]) -> None:
        while not holds(self.map):
            await self.next()

    async def close(self) -> None:
        await self._messages.aclose()

    def _apply(self, message: Changes[Account]) -> None:
        self.received.append(message)
        if message.reset:
            self.map = {}
        for each in message.entered:
            assert each.id not in self.map, "entered twice"
            self.map[each.id] = each
        for each in message.changed:
            assert repr(self.map[each.id]) != repr(each), "changed into itself"
            self.map[each.id] = each
        for id in message.left:
            del self.map[id]
        self.cursor = message.cursor
        if not message.more:
            self.known.append((message.cursor, dict(self.map)))
