"""Every context that ships, with documents by chance, over an embedded store."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from api.context import Request, Session
from api.contexts import shipped
from api.schema import core, derive
from api.settings import Settings
from domain.rules import Viewer
from readmodels.feed import Feed
from readmodels.live import LiveDocuments
from readmodels.sqlite import SqliteStore
from readmodels.store import MISSING, Write
from tests.api.compiled.answers import Watched
from tests.api.compiled.documents import made
from tests.api.schema.fakes import DispatcherInMemory

__all__ = ["IDS", "MODEL", "SCHEMA", "Shipped", "opened", "operations"]

MODEL = shipped()
SCHEMA = core(derive(MODEL))
IDS = ["ann", "bob", "lamp"]


def operations() -> Watched:
    """The operations of every context."""
    return Watched(SCHEMA, Settings(aliases_max=500, directives_max=500, cost_max=10**9))


class Shipped:
    """The services of a request."""

    def __init__(self, store: SqliteStore, feed: Feed, wait_s: float) -> None:
        self.store = store
        self.feed = feed
        self.documents = LiveDocuments(MODEL.shown, store, feed, wait_s=wait_s)
        self.dispatcher = DispatcherInMemory()

    def request(self, viewer: Viewer) -> Request[Any]:
        """One that the viewer makes."""
        return Request(Session(viewer), self)

    async def put(self, *documents: Any, at: int = 0) -> None:
        """Keeps the documents, each as of this offset of the first partition."""
        for each in documents:
            collection = MODEL.shown[each.__class__].collection
            before = await self.store.load(collection, [each.id])
            write = Write(each.id, before.get(each.id, MISSING), each, {0: at})
            assert await self.store.commit(collection, [write], checkpoint={0: at}) == []

    async def fill(self, random: Random, *, is_showable: bool) -> None:
        """Documents by chance, of every class."""
        for cls, each in MODEL.shown.items():
            self.feed.advance(each.collection, {0: 0})
            for id in random.sample(IDS, random.randint(0, len(IDS))):
                one = made(cls, random, is_showable=is_showable, id=id)
                if is_kept(one):
                    await self.put(one)


def is_kept(document: Any) -> bool:
    """Whether JSON holds the document."""
    try:
        msgspec.json.decode(msgspec.json.encode(document), type=document.__class__)
    except msgspec.ValidationError:
        return False
    return True


@asynccontextmanager
async def opened(directory: Path, *, wait_s: float = 0.0) -> AsyncGenerator[Shipped]:
    """An empty store with everything that is shown of the contexts."""
    feed = Feed()
    store = SqliteStore(directory, tell=feed.tell)
    try:
        for each in MODEL.shown.values():
            feed.open(each.collection, await store.prepare(each.collection))
            feed.built(each.collection)
        yield Shipped(store, feed, wait_s)
    finally:
        store.close()
