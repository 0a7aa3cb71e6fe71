"""The engines of the document store that the contract is held to."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from domain.model import Public, value
from readmodels.composition import Collection
from readmodels.model import Index, document, index, spec_of
from readmodels.sqlite import SqliteStore
from readmodels.store import MISSING, Committed, Store, Stored, Write
from tests.contracts.mongo_engine import MongoEngine

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Colour(Enum):
    """A value by name."""

    RED = "red"
    GREEN = "green"


class Grade(Enum):
    """A value by number."""

    LOW = 1
    HIGH = 10


@value
class Place:
    """A value inside of documents."""

    street: str
    number: int
    since: datetime | None = None


@document(read=Public(), indexes=[index("name"), index("amount"), index("at", "name")])
class Thing:
    """A document with a field of every type; all but the id may be left out."""

    id: str
    name: str | None = None
    count: int | None = None
    ratio: float | None = None
    is_open: bool | None = None
    amount: Decimal | None = None
    at: datetime | None = None
    day: date | None = None
    colour: Colour | None = None
    grade: Grade | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()
    owners: tuple[str, ...] = ()
    amounts: Mapping[str, Decimal] | None = None
    labels: frozenset[str] = frozenset()


def collection_of(
    cls: type[Any], version: int = 1, indexes: tuple[Index, ...] | None = None
) -> Collection[Any]:
    declared = spec_of(cls).indexes if indexes is None else indexes
    return Collection(cls.__name__, cls, version, declared)


things: Collection[Thing] = collection_of(Thing)


class Engine(Protocol):
    """A store over one place that outlives it."""

    told: list[Committed]
    """Every commit that the change feed told, of all starts, oldest first."""

    async def open(self) -> Store:
        """The store, opened; only one at a time."""
        ...

    async def close(self) -> None:
        """Close the store that is open, if one is."""
        ...

    async def remove(self) -> None:
        """Remove the place, after the store was closed for the last time."""
        ...


class SqliteEngine:
    """The embedded engine over one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._store: SqliteStore | None = None
        self.told: list[Committed] = []

    async def open(self) -> Store:
        self._store = SqliteStore(self._directory, tell=self.told.append)
        return self._store

    async def close(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None

    async def remove(self) -> None:
        """The directory is the test's."""


ENGINES: Mapping[str, Callable[[Path], Engine]] = {
    "sqlite": SqliteEngine,
    "mongo by motor": partial(MongoEngine, by="motor"),
    "mongo by pymongo": partial(MongoEngine, by="pymongo"),
}


async def opened(name: str, directory: Path) -> AsyncIterator[tuple[Engine, Store]]:
    """The named engine with its store open and `things` prepared, closed at the end."""
    engine = ENGINES[name](directory)
    try:
        store = await engine.open()
        await store.prepare(things)
        yield engine, store
    finally:
        await engine.close()
        await engine.remove()


async def reopened(engine: Engine) -> Store:
    await engine.close()
    store = await engine.open()
    await store.prepare(things)
    return store


async def stored(store: Store, id: str) -> Stored[Thing]:
    return (await store.load(things, [id])).get(id, MISSING)


async def put(store: Store, *documents: Thing, **others: Any) -> list[str]:
    """The documents, written in place of what is there; the losers."""
    before = await store.load(things, [each.id for each in documents])
    return await store.commit(
        things,
        [Write(each.id, before.get(each.id, MISSING), each, {0: 1}) for each in documents],
        **others,
    )


async def delete(store: Store, id: str, positions: Mapping[int, int] | None = None) -> None:
    before = await stored(store, id)
    assert await store.commit(things, [Write(id, before, None, positions or {0: 1})]) == []


def renamed(thing: Thing, name: str) -> Thing:
    return replace(thing, name=name)
