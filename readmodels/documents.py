"""Documents as the API asks for them: read once or watched, for a viewer, after a position."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from domain.rules import Viewer
from eventlog.envelope import Position
from readmodels.query import Page, Query, Where

D = TypeVar("D")


class TooLate(Exception):
    """The projection of the document did not pass the position within the wait."""

    def __init__(self, message: str, document: type[object] | None = None) -> None:
        super().__init__(message)
        self.document = document


class NotReady(Exception):
    """The documents are being built; the message says how far they are."""


class BadCursor(Exception):
    """The cursor is none that was given out for this."""


class TooMany(Exception):
    """The set is larger than what one subscription may watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes(Generic[D]):
    """What entered, changed in and left a set; `left` holds ids."""

    cursor: str
    reset: bool
    more: bool
    entered: tuple[D, ...]
    changed: tuple[D, ...]
    left: tuple[str, ...]


class Part:
    """A part of a document class: a class with some of its fields, as JSON has them.

    Decimals, instants and days are text in it, tuples are lists, values are such parts.
    """

    __slots__ = ("fields", "list_from_json", "row")

    def __init__(self, row: type[Any]) -> None:
        """`row` is a msgspec.Struct whose fields are named as the document's."""
        self.row = row
        self.fields: tuple[str, ...] = row.__struct_fields__
        self.list_from_json: Callable[[str], list[Any]] = msgspec.json.Decoder(list[row]).decode  # type: ignore[valid-type]


class Ask(msgspec.Struct, frozen=True):
    """What is to be read: a part of those documents that a query gives, or of the one of an id."""

    document: type[Any]
    part: Part
    query: Query
    id: str | None = None


class Follower(Protocol):
    """One who follows something live."""

    def take(self) -> Any:
        """What was not taken yet, the latest of it; NOTHING where there is none. Raises faults."""
        ...

    async def begin(self) -> None:
        """Wait until there is something to take."""
        ...


class Follow(Protocol):
    """Begins to follow; `wake` is called whenever there may be something to take."""

    def __call__(self, *, wake: Callable[[], None]) -> AbstractContextManager[Follower]: ...


NOTHING: Final = object()
"""There is nothing that a follower has not taken yet."""


class Documents(Protocol):
    """The read side for one viewer's question. `read=` rules hold in every answer and push.

    Every method raises TooLate where `at_least` is not passed in time, and NotReady during a
    rebuild. Watching methods are to be closed (`aclose`) by whoever iterates them.
    """

    async def get(
        self, document: type[D], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> D | None:
        """The document, or None where there is none that the viewer may see."""
        ...

    async def find(
        self, document: type[D], query: Query, viewer: Viewer, at_least: Position | None = None
    ) -> Page[D]:
        """The page that the query asks for, of what the viewer may see."""
        ...

    async def read(
        self, asks: Sequence[Ask], viewer: Viewer, at_least: Sequence[Position] = ()
    ) -> list[Page[Any]]:
        """For each a page of rows of its part, or of whole documents, after all the positions."""
        ...

    async def count(self, document: type[D], where: Where, viewer: Viewer) -> int:
        """How many documents the condition holds for, of what the viewer may see."""
        ...

    def watch(
        self, document: type[D], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> AsyncGenerator[D | None, None]:
        """The document at once, then each newer state; None where the viewer sees none."""
        ...

    def watch_page(
        self,
        document: type[D],
        query: Query,
        viewer: Viewer,
        at_least: Position | None = None,
        *,
        with_total: bool = False,
    ) -> AsyncGenerator[Page[D], None]:
        """The page at once, and again whenever its content, order or `total` changes."""
        ...

    async def live_one(
        self, document: type[Any], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> Follow:
        """What follows one document, as `watch` shows it."""
        ...

    async def live_page(
        self,
        document: type[Any],
        query: Query,
        viewer: Viewer,
        at_least: Position | None = None,
        *,
        with_total: bool = False,
    ) -> Follow:
        """What follows a page, as `watch_page` shows it."""
        ...

    async def live_changes(
        self, document: type[Any], where: Where, viewer: Viewer, since: str | None = None
    ) -> Follow:
        """What follows the changes of a set, as `watch_changes` shows them."""
        ...

    def watch_changes(
        self, document: type[D], where: Where, viewer: Viewer, since: str | None = None
    ) -> AsyncGenerator[Changes[D], None]:
        """The set in chunks, then what changes in it; after `since`, only what changed.

        Raises BadCursor, TooMany.
        """
        ...

    def follow(
        self, document: type[D], where: Where, viewer: Viewer, changed: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Calls `changed` after each commit that touches the set, until the context is left."""
        ...
