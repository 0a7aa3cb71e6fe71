"""Documents read and watched: live sets, in order and without a gap."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from domain.rules import Viewer
from eventlog.envelope import Position
from readmodels.composition import Collection, Shown
from readmodels.documents import BadCursor, Changes, TooMany
from readmodels.feed import Feed, Mailbox
from readmodels.query import Compare, Page, Query, Where, predicate
from readmodels.rights import both, visible
from readmodels.store import Change, Store

D = TypeVar("D")

WAIT_S_MAX = 5.0
CHUNK_DOCUMENTS_MAX = 500
SET_DOCUMENTS_MAX = 100_000


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a live set stands: its collection, a digest of its condition, and the store's cursor.

    `place` is None within a snapshot, from where only a new snapshot can go on.
    """

    collection: str
    condition: str
    place: str | None


class LiveDocuments:
    """The read side over one store and its feed. Waits for positions at most `wait_s` seconds."""

    def __init__(
        self,
        shown: Mapping[type[Any], Shown[Any]],
        store: Store,
        feed: Feed,
        *,
        wait_s: float = WAIT_S_MAX,
    ) -> None:
        self._shown = shown
        self._store = store
        self._feed = feed
        self._wait_s = wait_s

    def _allowed(
        self, document: type[D], where: Where | None, viewer: Viewer
    ) -> tuple[Collection[D], Where]:
        shown = self._shown[document]
        may_see = visible(document, shown.read, viewer)
        return shown.collection, may_see if where is None else both(where, may_see)

    async def get(
        self, document: type[D], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> D | None:
        """The document, or None where there is none that the viewer may see."""
        collection, may_see = self._allowed(document, None, viewer)
        await self._feed.passed(collection, at_least, self._wait_s)
        found = await self._store.get(collection, id)
        return found if found is not None and predicate(may_see)(found) else None

    async def find(
        self, document: type[D], query: Query, viewer: Viewer, at_least: Position | None = None
    ) -> Page[D]:
        """The page that the query asks for, of what the viewer may see."""
        collection, where = self._allowed(document, query.where, viewer)
        await self._feed.passed(collection, at_least, self._wait_s)
        return await self._page(collection, where, query)

    async def _page(
        self, collection: Collection[D], where: Where, query: Query, with_total: bool = False
    ) -> Page[D]:
        one_more = Query(where=where, order=query.order, first=query.first + 1, after=query.after)
        found = await self._store.find(collection, one_more)
        return Page(
            documents=tuple(found[: query.first]),
            query=query,
            has_next=len(found) > query.first,
            total=await self._store.count(collection, where) if with_total else None,
        )

    async def count(self, document: type[Any], where: Where, viewer: Viewer) -> int:
        """How many documents the condition holds for, of what the viewer may see."""
        collection, allowed = self._allowed(document, where, viewer)
        self._feed.require_built(collection)
        return await self._store.count(collection, allowed)

    async def watch(
        self, document: type[D], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> AsyncGenerator[D | None, None]:
        """The document at once, then each newer state; None where the viewer sees none."""
        collection, where = self._allowed(document, Compare("id", "eq", id), viewer)
        holds = predicate(where)
        await self._feed.passed(collection, at_least, self._wait_s)
        with self._feed.watch(collection, lambda change: change.id == id) as mailbox:
            shown = await self._one(collection, where, mailbox)
            yield shown
            while True:
                taken = await mailbox.take()
                if taken is None:
                    newer = await self._one(collection, where, mailbox)
                else:
                    after = taken[1][-1].after
                    newer = after if after is not None and holds(after) else None
                if not _is_same(newer, shown):
                    shown = newer
                    yield shown

    def follow(
        self, document: type[Any], where: Where, viewer: Viewer, changed: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Calls `changed` after each commit that touches the set, until the context is left."""
        collection, allowed = self._allowed(document, where, viewer)
        return self._feed.follow(collection, _touches(allowed), changed)

    async def _one(self, collection: Collection[D], where: Where, mailbox: Mailbox) -> D | None:
        """The one document that the condition holds for, as of where the mailbox goes on."""
        found, mark = await self._store.snapshot(collection, where, 1)
        mailbox.start_above(mark)
        return found[0] if found else None

    async def watch_page(
        self,
        document: type[D],
        query: Query,
        viewer: Viewer,
        at_least: Position | None = None,
        *,
        with_total: bool = False,
    ) -> AsyncGenerator[Page[D], None]:
        """The page at once, and again whenever its content, order or `total` changes."""
        collection, where = self._allowed(document, query.where, viewer)
        await self._feed.passed(collection, at_least, self._wait_s)
        with self._feed.watch(collection, _touches(where)) as mailbox:
            page = await self._page(collection, where, query, with_total)
            yield page
            while True:
                await mailbox.take()
                newer = await self._page(collection, where, query, with_total)
                if not _is_same(newer, page):
                    page = newer
                    yield page

    async def watch_changes(
        self, document: type[D], where: Where, viewer: Viewer, since: str | None = None
    ) -> AsyncGenerator[Changes[D], None]:
        """The set in chunks, then what changes in it; after `since`, only what changed."""
        collection, allowed = self._allowed(document, where, viewer)
        self._feed.require_built(collection)
        live = _LiveSet(collection, allowed, self._store)
        place = None if since is None else live.place(since)
        with self._feed.watch(collection, _touches(allowed)) as mailbox:
            resumed = None
            if place is not None:
                resumed = await live.resume(place)
            if resumed is None:
                async with aclosing(live.snapshot(mailbox)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            else:
                changes, mark = resumed
                mailbox.start_above(mark)
                if changes.entered or changes.changed or changes.left:
                    yield changes
            while True:
                taken = await mailbox.take()
                if taken is None:
                    async with aclosing(live.snapshot(mailbox)) as chunks:
                        async for chunk in chunks:
                            yield chunk
                else:
                    changes = live.changes(taken[1], taken[0])
                    if changes.entered or changes.changed or changes.left:
                        yield changes


class _LiveSet:
    """One watched set: its snapshot, its changes, and the cursors between them."""

    def __init__(self, collection: Collection[Any], where: Where, store: Store) -> None:
        self._collection = collection
        self._where = where
        self._holds = predicate(where)
        self._store = store
        self._name = f"{collection.name}.{collection.version}"
        self._condition = blake2b(repr(where).encode(), digest_size=6).hexdigest()

    def place(self, since: str) -> str | None:
        """The store's cursor in a client's; None where only a snapshot can go on from it.

        Raises BadCursor where it is none that this document's changes gave out.
        """
        try:
            cursor = msgspec.json.decode(
                urlsafe_b64decode(since.encode() + b"=" * (-len(since) % 4)), type=_Cursor
            )
        except (ValueError, msgspec.MsgspecError):
            raise BadCursor("not a cursor of a subscription to changes") from None
        name, _, _ = cursor.collection.rpartition(".")
        if name != self._collection.name:
            raise BadCursor(f"a cursor of {name[:60] or 'something else'}, not of {self._name}")
        is_same = cursor.collection == self._name and cursor.condition == self._condition
        return cursor.place if is_same else None

    def _cursor(self, mark: int | None) -> str:
        place = None if mark is None else self._store.cursor(mark)
        text = msgspec.json.encode(_Cursor(self._name, self._condition, place))
        return urlsafe_b64encode(text).rstrip(b"=").decode()

    async def resume(self, place: str) -> tuple[Changes[Any], int] | None:
        """What changed after a cursor, and the mark it is true at; None where history is gone."""
        try:
            known = await self._store.since(self._collection, place)
        except ValueError as fault:
            raise BadCursor(str(fault)) from None
        if known is None:
            return None
        changes, mark = known
        return self.changes(changes, mark), mark

    async def snapshot(self, mailbox: Mailbox) -> AsyncGenerator[Changes[Any], None]:
        """The whole set as it is now, in chunks; the mailbox goes on from there."""
        found, mark = await self._store.snapshot(
            self._collection, self._where, SET_DOCUMENTS_MAX + 1
        )
        if len(found) > SET_DOCUMENTS_MAX:
            raise TooMany(
                f"more than {SET_DOCUMENTS_MAX:,} documents match: narrow the filter to watch them"
            )
        mailbox.start_above(mark)
        starts = range(0, max(len(found), 1), CHUNK_DOCUMENTS_MAX)
        for start in starts:
            is_last = start == starts[-1]
            yield Changes(
                cursor=self._cursor(mark if is_last else None),
                reset=start == 0,
                more=not is_last,
                entered=tuple(found[start : start + CHUNK_DOCUMENTS_MAX]),
                changed=(),
                left=(),
            )

    def changes(self, changes: Sequence[Change[Any]], mark: int) -> Changes[Any]:
        """What the changes mean for this set."""
        entered: list[Any] = []
        changed: list[Any] = []
        left: list[str] = []
        for change in changes:
            before, after = change.before, change.after
            was_in = before is not None and self._holds(before)
            is_in = after is not None and self._holds(after)
            if is_in and not was_in:
                entered.append(after)
            elif is_in and not _is_same(before, after):
                changed.append(after)
            elif was_in and not is_in:
                left.append(change.id)
        return Changes(
            cursor=self._cursor(mark),
            reset=False,
            more=False,
            entered=tuple(entered),
            changed=tuple(changed),
            left=tuple(left),
        )


def _is_same(one: object, other: object) -> bool:
    """Whether a client would see no difference: 1.0 and 1.00 are equal and not the same."""
    return one == other and repr(one) == repr(other)


def _touches(where: Where) -> Any:
    """Whether a change may concern the set: the document is in it before or after."""
    holds = predicate(where)

    def touches(change: Change[Any]) -> bool:
        before, after = change.before, change.after
        return (after is not None and holds(after)) or (before is not None and holds(before))

    return touches
