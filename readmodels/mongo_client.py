"""What the store asks of a MongoDB client: the little that motor and pymongo's own both give."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from inspect import isawaitable
from typing import Any, Protocol, cast

from bson import CodecOptions, Timestamp
from pymongo import ReadPreference
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Row = dict[str, Any]
Filter = Mapping[str, Any]

WRITE_S_MAX = 20.0
MAJORITY = WriteConcern(w="majority", wtimeout=int(WRITE_S_MAX * 1000))
"""What is acknowledged survives the loss of any one server, and is what the change stream shows."""


class Client(Protocol):
    """An `AsyncIOMotorClient` or an `AsyncMongoClient`; it stays its owner's to close."""

    def get_database(self, name: str) -> Any:
        """A database of the server."""
        ...

    def start_session(self) -> Any:
        """A session; motor's is awaited."""
        ...


class Session(Protocol):
    """A session of the server. Its cursors belong to it, and so does a transaction."""


class Rows(Protocol):
    """What a query found."""

    async def to_list(self, *, length: None) -> list[Row]:
        """All of it."""
        ...


class Found(Protocol):
    """The outcome of an update."""

    matched_count: int
    modified_count: int


class Deleted(Protocol):
    """The outcome of a delete."""

    deleted_count: int


class Collection(Protocol):
    """A collection as the server has it. Reads are retried once, and so are writes."""

    def find(self, filter: Filter, **options: Any) -> Rows: ...
    async def find_one(self, filter: Filter, **options: Any) -> Row | None: ...
    async def count_documents(self, filter: Filter) -> int: ...
    async def bulk_write(self, requests: Sequence[Any], **options: Any) -> Found: ...
    async def find_one_and_update(
        self, filter: Filter, update: Filter, **options: Any
    ) -> Row | None: ...
    async def update_one(self, filter: Filter, update: Filter, **options: Any) -> Found: ...
    async def update_many(self, filter: Filter, update: Filter, **options: Any) -> Found: ...
    async def delete_one(self, filter: Filter, **options: Any) -> Deleted: ...
    async def delete_many(self, filter: Filter, **options: Any) -> object: ...
    async def index_information(self) -> Mapping[str, Row]: ...
    async def create_index(self, keys: Sequence[tuple[str, int]], **options: Any) -> str: ...
    async def drop_index(self, index: str) -> None: ...


class Database:
    """One database, read at the primary and written with a majority.

    What a client is shown is read as it stands there: should a fallen primary lose it, it was
    folded from the log and is folded from it again. What the projector goes on from is read from
    the majority (`committed`): events that only a lost document had seen would be lost with it.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._client = client
        self._database = client.get_database(name).with_options(
            codec_options=CodecOptions(),
            read_preference=ReadPreference.PRIMARY,
            read_concern=ReadConcern("local"),
            write_concern=MAJORITY,
        )

    def __getitem__(self, name: str) -> Collection:
        return cast("Collection", self._database[name])

    def committed(self, name: str) -> Collection:
        """The collection, of which only what no fallen server can take back is read."""
        collection = self._database[name].with_options(read_concern=ReadConcern("majority"))
        return cast("Collection", collection)

    async def command(self, command: Row, session: Session | None = None) -> Row:
        """What the server answers."""
        with cancellable():
            reply: Row = await self._database.command(command, session=session)
        return reply

    async def rows(self, command: Row) -> list[Row]:
        """What a command finds, to its end."""
        cursor = await self._database.cursor_command(command)
        found: list[Row] = await cursor.to_list(length=None)
        return found

    async def collections(self, filter: Filter) -> list[Row]:
        """What the server says of its collections."""
        cursor = await self._database.list_collections(filter=filter)
        found: list[Row] = await cursor.to_list(length=None)
        return found

    async def create(self, name: str, **options: Any) -> None:
        """Make a collection."""
        await self._database.create_collection(name, check_exists=False, **options)

    async def drop(self, name: str) -> None:
        """Remove a collection, if there is one."""
        await self._database.drop_collection(name)

    async def now(self) -> Timestamp:
        """The cluster's time: of the last write that its primary has."""
        at: Timestamp = (await self.command({"ping": 1}))["operationTime"]
        return at

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Session]:
        """A session until the context is left."""
        started = self._client.start_session()
        session = await started if isawaitable(started) else started
        async with session:
            yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """A transaction that is committed where the context is left without an exception."""
        async with self.session() as session:
            started = cast("Any", session).start_transaction(
                read_concern=ReadConcern("snapshot"), write_concern=MAJORITY
            )
            async with await started if isawaitable(started) else started:
                yield session


@contextmanager
def cancellable() -> Generator[None]:
    """Raises at its end a cancellation that came meanwhile and that the client has swallowed.

    Up to Python 3.11 `asyncio.wait_for`, by which pymongo sends, loses one that comes at the moment
    at which its work is done. One that came before says nothing: there a task group that failed
    leaves whoever waited for it marked as cancelled for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    yield
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError


def code_of(fault: PyMongoError) -> int | None:
    """The server's number for what went wrong."""
    code = getattr(fault, "code", None)
    return code if isinstance(code, int) else None
