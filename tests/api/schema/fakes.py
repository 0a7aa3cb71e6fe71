"""The two ports in memory, honest but small: what they are told is what they answer by."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from domain.rules import Owner, Rule, Viewer, admits, alternatives
from eventlog.dispatcher import Sender
from eventlog.envelope import Position, Recorded
from eventlog.outcome import Accepted, Outcome, Refused
from readmodels.documents import Ask, BadCursor, Changes, TooLate
from readmodels.model import spec_of
from readmodels.query import Page, Query, Where, predicate, sorted_page

D = TypeVar("D")

AT = datetime(2026, 10, 18, 9, 30, tzinfo=UTC)


def may_see(rule: Rule | None, viewer: Viewer) -> Callable[[object], bool]:
    """Whether the viewer may see a document."""
    owners = [each.field for each in alternatives(rule) if isinstance(each, Owner)] if rule else []

    def sees(document: object) -> bool:
        if admits(rule, viewer):
            return True
        held = [getattr(document, name) for name in owners]
        return viewer.subject is not None and any(
            viewer.subject in each if isinstance(each, tuple) else viewer.subject == each
            for each in held
        )

    return sees


@dataclass
class DocumentsInMemory:
    """Documents by class and id, as far as `passed` in each partition."""

    kept: dict[type[Any], dict[str, Any]] = field(default_factory=dict[type[Any], dict[str, Any]])
    passed: dict[int, int] = field(default_factory=dict[int, int])
    waited: list[tuple[type[Any], Position]] = field(
        default_factory=list[tuple[type[Any], Position]]
    )
    counts: int = 0
    failure: Exception | None = None
    watching: int = 0
    no_rows: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    following: dict[object, Callable[[], None]] = field(
        default_factory=dict[object, Callable[[], None]]
    )

    def put(self, *documents: Any) -> None:
        """Keeps the documents and tells everyone who watches."""
        for each in documents:
            self.kept.setdefault(each.__class__, {})[each.id] = each
        self._tell()

    def drop(self, document: type[Any], id: str) -> None:
        del self.kept[document][id]
        self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()
        for ring in self.following.values():
            ring()

    @contextmanager
    def follow(
        self, document: type[D], where: Where, viewer: Viewer, changed: Callable[[], None]
    ) -> Generator[None]:
        key = object()
        self.following[key] = changed
        try:
            yield
        finally:
            del self.following[key]

    def seen(self, document: type[D], viewer: Viewer) -> list[D]:
        sees = may_see(spec_of(document).read, viewer)
        return [each for each in self.kept.get(document, {}).values() if sees(each)]

    def _wait(self, document: type[Any], at_least: Position | None) -> None:
        if self.failure is not None:
            raise self.failure
        if at_least is None:
            return
        self.waited.append((document, at_least))
        if self.passed.get(at_least.partition, -1) < at_least.offset:
            raise TooLate("the documents are not there yet", document)

    async def get(
        self, document: type[D], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> D | None:
        self._wait(document, at_least)
        found = self.kept.get(document, {}).get(id)
        return found if found in self.seen(document, viewer) else None

    async def find(
        self, document: type[D], query: Query, viewer: Viewer, at_least: Position | None = None
    ) -> Page[D]:
        self._wait(document, at_least)
        return self._page(document, query, viewer)

    async def read(
        self, asks: Sequence[Ask], viewer: Viewer, at_least: Sequence[Position] = ()
    ) -> list[Page[Any]]:
        """Rows, as a store gives them, or whole documents where there are `no_rows`."""
        pages: list[Page[Any]] = []
        for ask in asks:
            for each in at_least or (None,):
                self._wait(ask.document, each)
            if ask.id is None:
                page = self._page(ask.document, ask.query, viewer)
            else:
                found = await self.get(ask.document, ask.id, viewer)
                kept = () if found is None else (found,)
                page = Page(documents=kept, query=ask.query, has_next=False)
            if not self.no_rows:
                stored = msgspec.json.encode(page.documents).decode()
                page = structs.replace(page, documents=tuple(ask.part.list_from_json(stored)))
            pages.append(page)
        return pages

    def _page(self, document: type[D], query: Query, viewer: Viewer) -> Page[D]:
        more = Query(where=query.where, order=query.order, first=query.first + 1, after=query.after)
        found = sorted_page(more, self.seen(document, viewer))
        return Page(
            documents=tuple(found[: query.first]), query=query, has_next=len(found) > query.first
        )

    async def count(self, document: type[D], where: Where, viewer: Viewer) -> int:
        self.counts += 1
        return len([each for each in self.seen(document, viewer) if predicate(where)(each)])

    async def watch(
        self, document: type[D], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> AsyncGenerator[D | None, None]:
        self.watching += 1
        try:
            while True:
                changed = self.changed
                yield await self.get(document, id, viewer, at_least)
                await changed.wait()
        finally:
            self.watching -= 1

    async def watch_page(
        self,
        document: type[D],
        query: Query,
        viewer: Viewer,
        at_least: Position | None = None,
        *,
        with_total: bool = False,
    ) -> AsyncGenerator[Page[D], None]:
        self.watching += 1
        try:
            while True:
                changed = self.changed
                page = await self.find(document, query, viewer, at_least)
                total = await self.count(document, query.where, viewer) if with_total else None
                yield structs.replace(page, total=total)
                await changed.wait()
        finally:
            self.watching -= 1

    async def watch_changes(
        self, document: type[D], where: Where, viewer: Viewer, since: str | None = None
    ) -> AsyncGenerator[Changes[D], None]:
        self.watching += 1
        try:
            if since is not None and not since.startswith("at-"):
                raise BadCursor("the cursor is none of these changes")
            known: dict[str, Any] = {}
            first = since is None
            while True:
                changed = self.changed
                found: list[Any] = list(filter(predicate(where), self.seen(document, viewer)))
                now: dict[str, Any] = {each.id: each for each in found}
                yield Changes(
                    cursor=f"at-{len(now)}",
                    reset=first,
                    more=False,
                    entered=tuple(each for id, each in now.items() if id not in known),
                    changed=tuple(
                        each for id, each in now.items() if id in known and known[id] != each
                    ),
                    left=tuple(id for id in known if id not in now),
                )
                known, first = now, False
                await changed.wait()
        finally:
            self.watching -= 1


@dataclass
class DispatcherInMemory:
    """Accepts every command as one event of its fields, unless told otherwise."""

    sent: list[tuple[type[Any], Mapping[str, Any], Sender]] = field(
        default_factory=list[tuple[type[Any], Mapping[str, Any], Sender]]
    )
    streams: dict[str, list[Recorded]] = field(default_factory=dict[str, list[Recorded]])
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    failure: Exception | None = None

    async def dispatch(
        self,
        command: type[Any],
        fields: Mapping[str, Any],
        sender: Sender,
        *,
        command_id: str | None = None,
        is_new: bool = False,
        expected_version: int | None = None,
        at: datetime | None = None,
    ) -> Outcome:
        if self.failure is not None:
            raise self.failure
        known = self.outcomes.get(command_id or "")
        if known is not None:
            return known
        given = f"command-{len(self.sent)}" if command_id is None or is_new else command_id
        self.sent.append((command, fields, sender))
        id = str(fields.get("thing", f"thing-{len(self.sent)}"))
        stream = self.streams.setdefault(f"thing-{id}", [])
        if expected_version is not None and expected_version != len(stream):
            return Refused(command_id=given, code="CONFLICT", message="somebody was faster")
        event = recorded(f"thing-{id}", len(stream) + 1, msgspec.json.encode(fields), sender.actor)
        stream.append(event)
        outcome = Accepted(
            command_id=given,
            id=id,
            version=event.version,
            position=event.position,
            events=(event,),
        )
        self.outcomes[given] = outcome
        return outcome

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        events = self.streams.get(stream, [])
        return [each for each in events if each.version > after_version][:first]


def recorded(stream: str, version: int, data: bytes, actor: str | None = "ann") -> Recorded:
    """An event of the stream."""
    return Recorded(
        id=f"event-{version}",
        type="thing.Offered",
        schema=1,
        stream=stream,
        version=version,
        partition=3,
        offset=40 + version,
        at=AT,
        command_id="c",
        correlation_id="c",
        causation_id="c",
        actor=actor,
        trace=None,
        data=data,
    )


@dataclass
class Fakes:
    """The services of a request."""

    documents: DocumentsInMemory = field(default_factory=DocumentsInMemory)
    dispatcher: DispatcherInMemory = field(default_factory=DispatcherInMemory)
