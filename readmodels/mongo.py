"""The document store on MongoDB: one collection for each document class and version.

Works on a replica set of one or more, from MongoDB 6.0 on, with the rights of `readWrite` on its
database. Documents are written in bulk, each over the revision that it was folded from; what was
written is told by one change stream. How each of that holds is said where it is done:
`mongo_writes` (what a crash leaves), `mongo_stream` (marks), `mongo_tail` (no gap, no repeat),
`mongo_collections` (making and retiring), `mongo_values` and `mongo_query` (exactness).
"""

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import ConnectionFailure, CursorNotFound, PyMongoError
from pymongo.uri_parser import parse_uri

from readmodels import mongo_collections as collections
from readmodels.composition import Collection
from readmodels.documents import NotReady
from readmodels.mongo_client import Client, Database, cancellable
from readmodels.mongo_indexes import make_indexes
from readmodels.mongo_query import selection
from readmodels.mongo_reads import READS_AT_ONCE_MAX, at_one_time, find, find_at, read
from readmodels.mongo_shelf import Shelf
from readmodels.mongo_stream import mark_of, place_in, place_text, time_of
from readmodels.mongo_tail import Tail
from readmodels.mongo_values import Records
from readmodels.mongo_writes import Commits, Dropped
from readmodels.query import Query, Where
from readmodels.store import Change, Committed, Parked, Place, Progress, Select, Stored, Write

D = TypeVar("D")

AT_ONCE_MAX = 1_000
"""Documents that are asked for, or written, by one command."""
SWEEP_EVERY_S = 60.0
RETIRE_AFTER = timedelta(minutes=15)
"""How long a version that another took over from is kept, for processes with the older code."""
BURY_AFTER = timedelta(days=1)
"""How long a deleted document is known: longer than any projector sleeps and then writes."""


class Unreachable(NotReady):
    """MongoDB does not answer."""


def connect(uri: str) -> AsyncIOMotorClient[dict[str, Any]]:
    """A client of the server that the URI names, which never waits for ever unless told so."""
    options: dict[str, Any] = {"socketTimeoutMS": 30_000}
    options |= dict.fromkeys(("serverSelectionTimeoutMS", "connectTimeoutMS"), 5_000)
    for named in parse_uri(uri, validate=False)["options"]:
        options = {each: ms for each, ms in options.items() if each.lower() != named.lower()}
    return AsyncIOMotorClient(uri, **options)


class MongoStore:
    """The documents of one database, shared by any number of processes.

    After `open` and `prepare` of every collection, `run` tells what is written, by whichever
    process. `lost` is called where the feed cannot go on without a gap: whoever watches is then
    to read everything anew. The client stays its owner's to close.
    """

    reads_at_once = READS_AT_ONCE_MAX
    """Few enough that those who come together are read together."""

    def __init__(
        self,
        client: Client,
        database: str,
        *,
        tell: Callable[[Committed], None] = lambda committed: None,
        lost: Callable[[], None] = lambda: None,
        retire_after: timedelta = RETIRE_AFTER,
        bury_after: timedelta = BURY_AFTER,
    ) -> None:
        self._database = Database(client, database)
        self._tail = Tail(self._database, tell, lost)
        self._retire_after = retire_after
        self._bury_after = bury_after

    async def open(self) -> None:
        """Check the server, make what is missing, and begin the feed. Raises Unsuitable."""
        with _reached():
            await collections.check_server(self._database)
            await self._tail.begin()

    async def run(self) -> None:
        """Tell what is written, until cancelled; begins where `open` was.

        Every collection is to be prepared before, and whoever is told has to know it.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tail.run())
            group.create_task(self._sweep_again())

    async def _sweep_again(self) -> None:
        """Remove retired versions when their time is over, though nothing is started anew."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            for shelf in [each for each in self._tail.shelves if each.is_built]:
                with suppress(PyMongoError):  # they stay until the next time
                    await self._sweep(shelf)

    @property
    def feed_error(self) -> str:
        """Why the feed stands still; empty while it goes on."""
        return self._tail.last_error

    @property
    def position(self) -> int:
        """The mark up to which everything was told."""
        return self._tail.told

    @property
    def is_shared(self) -> bool:
        """Any number of processes write to it, and each is told of what all write."""
        return True

    async def progress(self, collection: Collection[Any]) -> Progress:
        """How far a prepared collection is by now, whoever writes to it."""
        with _reached():
            return await collections.progress(self._database, self._shelf(collection).records.name)

    async def prepare(self, collection: Collection[Any]) -> Progress:
        """Make the collection and its indexes where missing. Raises ShapeChanged, Retired."""
        records, database = Records(collection), self._database
        with _reached():
            known = self._tail.shelf(records.name)
            if known is not None and known.is_gone:
                await collections.refuse_retired(database, records)
            token, progress = await collections.prepare(database, records)
            await make_indexes(database, records)
            if known is None or known.is_gone or known.token != token:
                commits = Commits(database, records, token)
                known = Shelf(records, token, commits, progress.checkpoint)
                known.prepared_at = mark_of(await database.now())
                known.is_built = progress.is_built
                self._tail.follow(known)
            known.records = records
            await collections.bury(database, records.name, progress.checkpoint, self._bury_after)
            if progress.is_built:
                await self._retire_older(known)
        return progress

    async def _retire_older(self, shelf: Shelf) -> None:
        await collections.retire_older(self._database, shelf.records)
        await self._sweep(shelf)

    async def _sweep(self, shelf: Shelf) -> None:
        for name in await collections.sweep(self._database, shelf.records, self._retire_after):
            self._tail.forget(name)

    def _shelf(self, collection: Collection[Any]) -> Shelf:
        name = f"{collection.name}_{collection.version}"
        shelf = self._tail.shelf(name)
        if shelf is None or shelf.is_gone:
            raise Dropped(f"{name} is gone from {self._database.name}, or was never prepared")
        return shelf

    async def load(self, collection: Collection[D], ids: Sequence[str]) -> dict[str, Stored[D]]:
        """Those of the documents that were ever written, deleted ones among them."""
        records = self._shelf(collection).records
        found: dict[str, Stored[D]] = {}
        with _reached():
            for at in range(0, len(ids), AT_ONCE_MAX):
                some = {"_id": {"$in": list(ids[at : at + AT_ONCE_MAX])}}
                rows = self._database.committed(records.name).find(some)
                for row in await rows.to_list(length=None):
                    found[row["_id"]] = records.stored(row)
        return found

    async def commit(
        self,
        collection: Collection[D],
        writes: Sequence[Write[D]],
        *,
        checkpoint: Mapping[int, int] | None = None,
        park: Sequence[Parked] = (),
        unpark: Sequence[Parked] = (),
        is_built: bool = True,
    ) -> list[str]:
        """Write each document whose revision is still that of `before`; the losers' ids.

        Where something is unparked, nothing is written beside a loser: every id is then given.
        """
        shelf = self._shelf(collection)
        commits, reached = shelf.commits, checkpoint or {}
        is_first = is_built and not shelf.is_built
        with _reached():
            if is_first and (writes or unpark):
                # Nobody is told of the documents of a collection that is being built.
                await commits.advance({}, is_built=True)
            if unpark:
                losers = await commits.all_or_nothing(writes, reached, park, unpark)
            else:
                losers = list[str]()
                for at in range(0, len(writes), AT_ONCE_MAX):
                    losers += await commits.documents(writes[at : at + AT_ONCE_MAX])
                if not losers:
                    await commits.set_aside(park)
                    await commits.advance(reached, is_built=is_first)
            if is_first:
                shelf.is_built = True
                await self._retire_older(shelf)
        return losers

    async def parked(self, collection: Collection[Any]) -> list[Parked]:
        """What is set aside, in the order in which it was."""
        with _reached():
            return await self._shelf(collection).commits.parked()

    async def get(self, collection: Collection[D], id: str) -> D | None:
        """The document, or None."""
        records = self._shelf(collection).records
        with _reached():
            row = await self._database[records.name].find_one({"_id": {"$eq": id}})
        return None if row is None else records.document(row)

    async def find(self, collection: Collection[D], query: Query) -> list[D]:
        """At most `query.first` documents, in order."""
        with _reached():
            return await find(self._database, self._shelf(collection).records, query)

    async def read(self, selects: Sequence[Select]) -> list[list[Any]]:
        """The rows of each; those by an id with one query for each collection and condition."""
        with _reached():
            return await read(
                self._database, [(self._shelf(e.collection).records, e) for e in selects]
            )

    async def count(self, collection: Collection[Any], where: Where) -> int:
        """How many documents the condition holds for."""
        records = self._shelf(collection).records
        with _reached():
            return await self._database[records.name].count_documents(
                selection(records.fields, where)
            )

    async def snapshot(
        self, collection: Collection[D], where: Where, limit: int
    ) -> tuple[list[D], int]:
        """At most `limit` documents, and the mark of the last commit that they show."""
        query = Query(where=where, first=limit)
        documents, _, mark = await self.page(collection, query)
        return documents, mark

    async def page(
        self, collection: Collection[D], query: Query, *, with_total: bool = False
    ) -> tuple[list[D], int | None, int]:
        """As `find`, with how many there are in all if asked for, and the mark that it shows."""
        records = self._shelf(collection).records
        with _reached():
            (documents, total), at = await at_one_time(
                self._database,
                time_of(self._tail.position),
                partial(find_at, self._database, records, query, with_total),
            )
        return documents, total, mark_of(at)

    def cursor(self, place: int | Place) -> str:
        """The place with the identity of the database."""
        return f"{self._tail.identity}.{place_text(place)}"

    async def since(
        self, collection: Collection[D], cursor: str
    ) -> tuple[list[Change[D]], int] | None:
        """Each document changed after the cursor, as it was then and is now, and the new mark."""
        identity, _, text = cursor.partition(".")
        place = place_in(text)
        if place is None:
            raise ValueError(f"not a cursor of this store: {cursor[:60]!r}")
        shelf = self._shelf(collection)
        if identity != self._tail.identity:
            return None
        with _reached():
            return await self._tail.since(shelf, place)


@contextmanager
def _reached() -> Generator[None]:
    try:
        with cancellable():
            yield
    except (ConnectionFailure, CursorNotFound) as fault:  # or it was started anew amid an answer
        raise Unreachable(f"MongoDB is out of reach, ask again soon: {fault}") from fault
