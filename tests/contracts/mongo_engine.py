"""MongoDB as an engine of the document store's contract, by either of its two clients."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from inspect import isawaitable
from pathlib import Path
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient

from readmodels.composition import Collection
from readmodels.mongo import MongoStore, connect
from readmodels.mongo_stream import mark_of
from readmodels.store import Committed, Parked, Store, Write
from tests.servers.shared import drop_database, mongo_uri, new_database

AnyClient = AsyncIOMotorClient[dict[str, Any]] | AsyncMongoClient[dict[str, Any]]
TOLD_S_MAX = 20.0
AT_ONCE = timedelta()


def motor(uri: str) -> AnyClient:
    """Motor, as it is used by default."""
    return connect(uri)


def pymongo(uri: str) -> AnyClient:
    """PyMongo's own client."""
    return AsyncMongoClient(uri, serverSelectionTimeoutMS=5_000, socketTimeoutMS=30_000)


async def close(client: AnyClient) -> None:
    """Close either client."""
    closed: Any = client.close()
    if isawaitable(closed):
        await closed


async def stopped(task: asyncio.Task[None]) -> None:
    """Cancel a feed and wait for its end; a fault that had ended it before is raised."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


class ToldStore(MongoStore):
    """A store whose commit returns when its own feed has told it, as the embedded one's does.

    Elsewhere nobody waits for that: who needs it waits for the checkpoint.
    """

    async def commit(
        self,
        collection: Collection[Any],
        writes: Sequence[Write[Any]],
        *,
        checkpoint: Mapping[int, int] | None = None,
        park: Sequence[Parked] = (),
        unpark: Sequence[Parked] = (),
        is_built: bool = True,
    ) -> list[str]:
        """Write, and wait until that was told."""
        losers = await super().commit(
            collection, writes, checkpoint=checkpoint, park=park, unpark=unpark, is_built=is_built
        )
        await self.until_told()
        return losers

    async def until_told(self) -> None:
        """Wait until everything written so far was told."""
        written = await self._database.command({"insert": "written", "documents": [{}]})
        async with asyncio.timeout(TOLD_S_MAX):
            while self.position < mark_of(written["operationTime"], 0):  # noqa: ASYNC110 - a test
                await asyncio.sleep(0.001)


class MongoEngine:
    """MongoDB over one database, which goes with the engine."""

    def __init__(self, directory: Path, *, by: str = "motor") -> None:
        self.uri = mongo_uri()
        self.database = new_database()
        self._connect = {"motor": motor, "pymongo": pymongo}[by]
        self._client: AnyClient | None = None
        self._running: asyncio.Task[None] | None = None
        self.told: list[Committed] = []
        self.lost = 0

    def _lost(self) -> None:
        self.lost += 1

    async def open(self) -> Store:
        """The store with its feed running."""
        self._client = self._connect(self.uri)
        store = ToldStore(
            self._client,
            self.database,
            tell=self.told.append,
            lost=self._lost,
            retire_after=AT_ONCE,
            bury_after=AT_ONCE,
        )
        await store.open()
        self._running = asyncio.ensure_future(store.run())
        return store

    async def close(self) -> None:
        """Stop the feed and close the client."""
        if self._running is not None:
            await stopped(self._running)
        if self._client is not None:
            await close(self._client)
        self._running = self._client = None

    async def remove(self) -> None:
        """Remove the database."""
        drop_database(self.database)
