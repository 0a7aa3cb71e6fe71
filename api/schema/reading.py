"""What stands behind the objects of a query: its root, a page of documents, a place to wait for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from api.context import Request
from api.schema.asking import Services, answered
from api.schema.cursors import Cursors
from domain.rules import Viewer
from eventlog.envelope import Position
from readmodels.query import Page, Query, Where

__all__ = [
    "Connection",
    "Edge",
    "PageInfo",
    "Positions",
    "Root",
    "find",
    "follow",
    "get",
    "positions",
    "require_timely",
    "seen",
]

Positions = tuple[Position, ...]
"""What an answer is to wait for, at most one position of each partition."""


@dataclass(frozen=True, slots=True)
class Root:
    """The root of a query that is to be consistent with a position: `Accepted.query`."""

    at_least: Position


class Seen:
    """A document that was read after waiting for positions; what is nested in it waits as well."""

    __slots__ = ("at_least", "document")

    def __init__(self, document: object, at_least: Positions) -> None:
        self.document = document
        self.at_least = at_least

    def __getattr__(self, name: str) -> Any:
        return getattr(self.document, name)


def seen(document: Any, at_least: Positions) -> Any:
    """The document, with the positions where there are any."""
    return Seen(document, at_least) if at_least and document is not None else document


def positions(source: object, at_least: Position | None = None) -> Positions:
    """What a field is to wait for: what stands above it in the query, and its own argument."""
    match source:
        case Root(at_least=inherited):
            above: Positions = (inherited,)
        case Seen():
            above = source.at_least
        case _:
            above = ()
    if at_least is None:
        return above
    latest = {each.partition: each for each in above}
    latest[at_least.partition] = max(at_least, latest.get(at_least.partition, at_least))
    return tuple(latest.values())


async def get(
    services: Services, cls: type[Any], id: str, viewer: Viewer, at_least: Positions
) -> Any:
    """The document, after each of the positions."""
    found = None
    for each in at_least or (None,):  # what was passed once stays passed: the last answer has all
        found = await answered(services.documents.get(cls, id, viewer, each))
    return seen(found, at_least)


async def find(
    services: Services, cls: type[Any], query: Query, viewer: Viewer, at_least: Positions
) -> Page[Any]:
    """The page, after each of the positions."""
    first, *more = at_least or (None,)
    page = await answered(services.documents.find(cls, query, viewer, first))
    for each in more:
        page = await answered(services.documents.find(cls, query, viewer, each))
    return page


def require_timely(request: Request[Services], cls: type[Any], at_least: Positions) -> None:
    """Raises the Fault of having waited in vain for these documents, where that has been."""
    if at_least and (cls, at_least) in request.late:
        raise request.late[cls, at_least]


def follow(request: Request[Services], cls: type[Any], where: Where) -> None:
    """Where this is a push, it is to be made again when what the condition holds for changes."""
    if request.links is not None:
        followed = partial(request.services.documents.follow, cls, where, request.session.viewer)
        request.links.follow(followed)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page begins and ends, and whether there is more."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A document in a list."""

    node: Any
    write: Callable[[object], str]

    @property
    def cursor(self) -> str:
        """The document's place in the list, written when it is asked for."""
        return self.write(self.node)


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of documents, read for one request."""

    page: Page[Any]
    cls: type[Any]
    cursors: Cursors
    request: Request[Services]
    at_least: Positions = ()

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The documents, to be nested in."""
        if not self.at_least:
            return self.page.documents
        return tuple(Seen(each, self.at_least) for each in self.page.documents)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The documents with their cursors."""
        write = self.cursors.writer(self.page.query)
        return tuple(Edge(each, write) for each in self.nodes)

    @property
    def page_info(self) -> PageInfo:
        """Where the page begins and ends."""
        first = last = None
        if self.page.documents:
            write = self.cursors.writer(self.page.query)
            first, last = write(self.page.documents[0]), write(self.page.documents[-1])
        return PageInfo(self.page.has_next, self.page.has_previous, first, last)

    async def count(self) -> int:
        """How many documents there are on all pages."""
        if self.page.total is not None:
            return self.page.total
        documents = self.request.services.documents
        viewer = self.request.session.viewer
        return await answered(documents.count(self.cls, self.page.query.where, viewer))
