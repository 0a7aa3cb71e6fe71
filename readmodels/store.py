"""The port of the document store: what every engine of it does, MongoDB or an embedded file."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from eventlog.envelope import Position
from readmodels.composition import Collection
from readmodels.documents import Part
from readmodels.query import Query, Where

D = TypeVar("D")


class Stored(msgspec.Struct, Generic[D], frozen=True):
    """A document as it is kept. `document` is None where it was deleted or never made.

    `revision` grows with every write, 0 for none; `positions` is the offset per partition of
    the last event that the document stands for.
    """

    document: D | None
    revision: int
    positions: Mapping[int, int]


MISSING: Stored[Any] = Stored(None, 0, {})


class Write(msgspec.Struct, Generic[D], frozen=True):
    """A document to be written in place of `before`, the one that it was folded from."""

    id: str
    before: Stored[D]
    document: D | None
    positions: Mapping[int, int]


class Parked(msgspec.Struct, frozen=True):
    """An event that was set aside, since it or one before it of the same key cannot be folded.

    The key is `document <id>`, or `stream <stream>` where not even the document is known.
    """

    key: str
    position: Position
    error: str


class Change(msgspec.Struct, Generic[D], frozen=True):
    """A document before and after one commit; None where there is none."""

    id: str
    before: D | None
    after: D | None


class Place(msgspec.Struct, frozen=True):
    """Up to where a feed has told of a collection: all up to a mark, but for what is held back.

    That is what has a mark above `above` and a document that stands for an event beyond
    `covered`, offsets by partition; nothing where it is empty.
    """

    mark: int
    above: int = -1
    covered: Mapping[int, int] = {}


class Committed(msgspec.Struct, frozen=True):
    """What one commit changed, as the change feed tells it.

    `mark` ascends with every commit of the store. Whoever sees `checkpoint` has seen every
    document that it stands for. Where commits are written side by side, one may be told after
    another of a higher mark; `place` then says what has been told by the end of this turn.
    """

    collection: Collection[Any]
    mark: int
    changes: Sequence[Change[Any]]
    checkpoint: Mapping[int, int]
    place: Place | None = None


class Progress(msgspec.Struct, frozen=True):
    """How far a collection is: its checkpoint, and whether it was ever built to the end."""

    checkpoint: Mapping[int, int]
    is_built: bool


class ShapeChanged(Exception):
    """A document class has other fields than those stored under the same version."""


class Select(msgspec.Struct, frozen=True):
    """Rows of a part: of the documents that the query gives, or of that with the id, if it holds
    what the query says.
    """

    collection: Collection[Any]
    part: Part
    query: Query
    id: str | None = None


class Store(Protocol):
    """Documents by collection, with revision-guarded writes, conditions, and a change feed."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes write to it and are told by it: then only it tells the feed."""
        ...

    async def prepare(self, collection: Collection[Any]) -> Progress:
        """Make the collection and its indexes where missing. Raises ShapeChanged."""
        ...

    @property
    def reads_at_once(self) -> int:
        """How many calls of `read` it serves side by side."""
        ...

    async def progress(self, collection: Collection[Any]) -> Progress:
        """How far a prepared collection is by now, whoever writes to it."""
        ...

    async def load(self, collection: Collection[D], ids: Sequence[str]) -> dict[str, Stored[D]]:
        """Those of the documents that were ever written, deleted ones among them."""
        ...

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

        The checkpoint, what is parked and what is unparked are written after the documents, and
        only where there is no loser. What is unparked and parked again keeps its place. With
        `is_built` False the change feed is not told.
        """
        ...

    async def parked(self, collection: Collection[Any]) -> list[Parked]:
        """What is set aside, in the order in which it was."""
        ...

    async def get(self, collection: Collection[D], id: str) -> D | None:
        """The document, or None."""
        ...

    async def find(self, collection: Collection[D], query: Query) -> list[D]:
        """At most `query.first` documents, in order."""
        ...

    async def read(self, selects: Sequence[Select]) -> list[list[Any]]:
        """The rows of each, all read together."""
        ...

    async def count(self, collection: Collection[Any], where: Where) -> int:
        """How many documents the condition holds for."""
        ...

    async def snapshot(
        self, collection: Collection[D], where: Where, limit: int
    ) -> tuple[list[D], int]:
        """At most `limit` documents, and the mark of the last commit that they show."""
        ...

    async def page(
        self, collection: Collection[D], query: Query, *, with_total: bool = False
    ) -> tuple[list[D], int | None, int]:
        """As `find`, with how many there are in all if asked for, and the mark as `snapshot`."""
        ...

    def cursor(self, place: int | Place) -> str:
        """A mark, or a place, as text that holds its meaning after a restart, and on another
        process.
        """
        ...

    async def since(
        self, collection: Collection[D], cursor: str
    ) -> tuple[list[Change[D]], int] | None:
        """Each document changed after the cursor, as it was then and is now, and the new mark.

        None where that history is gone. Raises ValueError where it is no cursor.
        """
        ...
