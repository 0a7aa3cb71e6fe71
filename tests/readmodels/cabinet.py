"""MongoDB stores over one database, as several processes have them, and servers of a test's own."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from eventlog.codec import Codec
from eventlog.envelope import Position
from eventlog.sqlite import SqliteLog
from readmodels.composition import Model
from readmodels.feed import Feed
from readmodels.fold import ProjectionFold
from readmodels.live import LiveDocuments
from readmodels.mongo import MongoStore
from readmodels.projector import Projector
from readmodels.query import EVERYTHING
from readmodels.store import MISSING, Change, Committed, Parked, Stored, Write
from tests.contracts.mongo_engine import AnyClient, close, motor, stopped
from tests.contracts.stores import Thing, things
from tests.readmodels import gallery
from tests.readmodels.gallery import ACCOUNTS
from tests.readmodels.workshop import DEADLINE_S, MODEL, Workshop, until
from tests.sample import Account
from tests.servers.mongo import MongoServer
from tests.servers.process import NoServer
from tests.servers.shared import drop_database, mongo_uri, new_database, no_server

QUICK = "&serverSelectionTimeoutMS=500&socketTimeoutMS=1000&connectTimeoutMS=500"
"""For a URI whose server goes away: that is noticed soon."""
Admin = MongoClient[dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """A database of a server."""

    uri: str
    database: str

    @contextmanager
    def admin(self) -> Generator[Any]:
        """The database as an administrator has it, past the store."""
        with Admin(self.uri, serverSelectionTimeoutMS=5_000) as client:
            yield client[self.database]


@pytest.fixture
def place() -> Iterator[Place]:
    """A database of the server that all tests share."""
    shared = Place(mongo_uri(), new_database())
    yield shared
    drop_database(shared.database)


@contextmanager
def own_server(
    *options: str, directory: Path | None = None, is_replica_set: bool = True
) -> Generator[MongoServer]:
    """A server that the test may do with as it likes."""
    server = MongoServer(directory, *options, is_replica_set=is_replica_set)
    try:
        server.start()
    except NoServer as fault:
        no_server(fault)
    try:
        yield server
    finally:
        server.stop()


@dataclass
class Opened:
    """A store as one process has it, and what its feed told."""

    store: MongoStore
    client: AnyClient
    told: list[Committed] = field(default_factory=list[Committed])
    lost: int = 0

    @property
    def changes(self) -> list[Change[Any]]:
        return [change for each in self.told for change in each.changes]

    async def until_told(self, *, changes: int) -> None:
        """Wait until so many changes were told, then see that no more are."""
        await until(lambda: len(self.changes) >= changes)
        await asyncio.sleep(0.05)
        assert len(self.changes) == changes


@asynccontextmanager
async def opened(place: Place, *, runs: bool = True, **options: Any) -> AsyncGenerator[Opened]:
    """A store of its own client, with `things` prepared and, with `runs`, its feed going."""
    client = motor(place.uri)
    told: list[Committed] = []
    found = Opened(MongoStore(client, place.database), client, told)

    def lost() -> None:
        found.lost += 1

    found.store = MongoStore(client, place.database, tell=told.append, lost=lost, **options)
    try:
        await found.store.open()
        await found.store.prepare(things)
        async with running(found.store, runs=runs):
            yield found
    finally:
        await close(client)


@asynccontextmanager
async def running(store: MongoStore, *, runs: bool = True) -> AsyncGenerator[None]:
    """The store's feed, going until the end."""
    task = asyncio.ensure_future(store.run()) if runs else None
    try:
        yield
    finally:
        if task is not None:
            await stopped(task)


async def put(store: MongoStore, *documents: Thing, **others: Any) -> list[str]:
    """The documents, written in place of what is there; the losers."""
    before = await store.load(things, [each.id for each in documents])
    writes = [Write(each.id, before.get(each.id, MISSING), each, {0: 1}) for each in documents]
    return await store.commit(things, writes, **others)


async def unparked(store: MongoStore, *documents: Thing) -> None:
    """Written as what comes back from having been parked is: in one transaction."""
    fault = Parked("stream s", Position(0, 1), "why")
    await store.commit(things, [], park=[fault])
    await store.commit(
        things, [Write(each.id, MISSING, each, {0: 1}) for each in documents], unpark=[fault]
    )


async def kept(store: MongoStore, id: str) -> Stored[Thing]:
    return (await store.load(things, [id])).get(id, MISSING)


def thing(id: str, count: int) -> Thing:
    return Thing(id=id, count=count)


def counts(changes: list[Change[Any]]) -> list[tuple[str, int | None, int | None]]:
    return [
        (each.id, each.before and each.before.count, each.after and each.after.count)
        for each in changes
    ]


async def cursor(store: MongoStore) -> str:
    _, mark = await store.snapshot(things, EVERYTHING, 1)
    return store.cursor(mark)


async def after(store: MongoStore, since: str) -> list[tuple[str, int | None, int | None]]:
    known = await store.since(things, since)
    assert known is not None
    return sorted(counts(known[0]))


async def write_accounts(store: MongoStore, *accounts: Account) -> None:
    before = await store.load(ACCOUNTS, [each.id for each in accounts])
    writes = [Write(each.id, before.get(each.id, MISSING), each, {}) for each in accounts]
    await store.commit(ACCOUNTS, writes)


@asynccontextmanager
async def mongo_workshop(
    directory: Path, place: Place, *, model: Model = MODEL, log: SqliteLog | None = None
) -> AsyncGenerator[Workshop]:
    """The read side at work over an embedded log, its documents in MongoDB."""
    client = motor(place.uri)
    own = SqliteLog(directory) if log is None else log
    feed, codec = Feed(), Codec(model.domain)
    store = MongoStore(client, place.database, tell=feed.tell, lost=feed.lost)
    folds = [ProjectionFold(shown, codec) for shown in model.shown.values()]
    projectors = {each.name: each for each in (Projector(f, own, store, feed) for f in folds)}
    documents = LiveDocuments(model.shown, store, feed, wait_s=DEADLINE_S)
    await store.open()
    for each in projectors.values():
        await each.open()
    tasks = [asyncio.ensure_future(each.run()) for each in projectors.values()]
    try:
        async with running(store):
            yield Workshop(model, own, store, feed, codec, documents, projectors)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await close(client)
        if log is None:
            own.close()


async def read_side(place: Place, of: Opened) -> tuple[MongoStore, LiveDocuments]:
    """Accounts as a process reads them and has them watched; nothing but the test writes them."""
    feed = Feed()
    store = MongoStore(of.client, place.database, tell=feed.tell, lost=feed.lost)
    await store.open()
    feed.open(ACCOUNTS, await store.prepare(ACCOUNTS))
    feed.built(ACCOUNTS)
    return store, LiveDocuments(gallery.MODEL.shown, store, feed)
