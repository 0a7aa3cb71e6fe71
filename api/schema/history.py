"""`history`: the events of a stream, for those whom its aggregate names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import FORBIDDEN, UNAUTHENTICATED, Fault
from api.schema.asking import Services, answered, asked, require
from api.schema.book import Argument, Book, Field, attribute
from api.schema.inputs import Inputs, Wrong, checked
from api.schema.limits import Limits
from api.schema.listing import page_length
from api.schema.meanings import Found
from api.schema.reading import PageInfo
from domain.composition import CompositionError, Domain
from domain.model import AnyAggregate
from domain.rules import Owner, Viewer, admits, alternatives
from eventlog.envelope import Recorded, stream_of

__all__ = ["history"]


@dataclass(frozen=True, slots=True)
class EventEdge:
    """An event in a history; its cursor is its version."""

    node: Recorded

    @property
    def cursor(self) -> str:
        return str(self.node.version)


@dataclass(frozen=True, slots=True)
class Events:
    """A page of a stream's events."""

    nodes: tuple[Recorded, ...]
    has_next: bool
    after_version: int

    @property
    def edges(self) -> tuple[EventEdge, ...]:
        return tuple(map(EventEdge, self.nodes))

    @property
    def page_info(self) -> PageInfo:
        first = str(self.nodes[0].version) if self.nodes else None
        last = str(self.nodes[-1].version) if self.nodes else None
        return PageInfo(self.has_next, self.after_version > 0, first, last)


def history(domain: Domain, book: Book, inputs: Inputs, limits: Limits) -> dict[str, Field]:
    """The query of histories; none where no aggregate has one to show."""
    for each in domain.aggregates:
        if each.history and any(isinstance(rule, Owner) for rule in alternatives(each.history)):
            raise CompositionError(
                f"history= of the aggregate {each.name!r} names an Owner, but a stream is no "
                "document: name roles"
            )
    if not any(each.history for each in domain.aggregates):
        return {}
    _make_types(book)
    aggregates = {each.name: each for each in domain.aggregates}

    async def resolve(
        _root: object,
        info: Any,
        stream: str,
        afterVersion: int | None = None,
        first: int | None = None,
    ) -> Events:
        request = asked(info)
        readable = _readable(stream, aggregates, request.session.viewer)
        name, _, id = stream.partition("-")
        checked("stream", inputs.id, id if id and name in aggregates else stream)
        after = checked("afterVersion", _version, afterVersion or 0)
        length = page_length(first, limits)
        for each in readable:
            found = await _events(request.services, each, after, length)
            if found.nodes:
                return found
        return Events((), False, after)

    arguments = {
        "stream": Argument("ID!", description="`order-0190...`, or only the id after it."),
        "afterVersion": Argument("Int"),
        "first": Argument("Int", limits.page_length_default),
    }
    return {
        "history": Field(
            type="EventConnection!",
            arguments=arguments,
            resolve=resolve,
            meaning=Found(),
            description="What happened in a stream, oldest first.",
        )
    }


def _version(value: int) -> int:
    if value < 0:
        raise Wrong("must not be negative")
    return value


def _readable(stream: str, aggregates: Mapping[str, AnyAggregate], viewer: Viewer) -> list[str]:
    """The streams that may be meant, of those that the viewer may read. Raises Fault for none.

    A stream that begins with an aggregate's name is just that one. Anything else is taken for an
    id, which any aggregate may have.
    """
    name, _, id = stream.partition("-")
    if id and name in aggregates:
        rule = aggregates[name].history
        if rule is None:
            raise Fault(FORBIDDEN, f"The history of {name} streams is not shown to anyone")
        require(rule, viewer, f"the history of {name} streams")
        return [stream]
    found = [stream_of(e.name, stream) for e in aggregates.values() if admits(e.history, viewer)]
    if not found:
        code = UNAUTHENTICATED if viewer.subject is None else FORBIDDEN
        raise Fault(code, "There is no history that you may read")
    return found


async def _events(services: Services, stream: str, after: int, first: int) -> Events:
    events = await answered(services.dispatcher.history(stream, after, first + 1))
    return Events(tuple(events[:first]), len(events) > first, after)


def _make_types(book: Book) -> None:
    for name in ("EventEdge", "EventConnection"):
        book.claim(name, "the connection of a history")
    book.object(
        "EventEdge",
        {
            "cursor": Field(type="Cursor!", resolve=attribute("cursor")),
            "node": Field(type="RecordedEvent!", resolve=attribute("node")),
        },
        "An event in a history.",
    )
    book.object(
        "EventConnection",
        {
            "edges": Field(type="[EventEdge!]!", resolve=attribute("edges")),
            "nodes": Field(type="[RecordedEvent!]!", resolve=attribute("nodes")),
            "pageInfo": Field(type="PageInfo!", resolve=attribute("page_info")),
        },
        "A page of a stream's events.",
    )
