"""Documents read and watched: live sets, in order and without a gap."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from typing import Any, TypeVar

from domain.rules import Viewer
from eventlog.envelope import Position
from readmodels.composition import Collection, Shown
from readmodels.documents import Ask, Changes
from readmodels.feed import Feed, Mailbox
from readmodels.live_set import LiveSet, is_same, touches
from readmodels.query import Compare, Page, Query, Where, predicate
from readmodels.rights import both, visible
from readmodels.store import Select, Store
from readmodels.together import Reader

D = TypeVar("D")

WAIT_S_MAX = 5.0


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
        self._reader = Reader(store)

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

    async def read(
        self, asks: Sequence[Ask], viewer: Viewer, at_least: Sequence[Position] = ()
    ) -> list[Page[Any]]:
        """For each a page of rows of its part, after all the positions."""
        selects: list[Select] = []
        allowed: dict[type[Any], tuple[Collection[Any], Where]] = {}
        for ask in asks:
            if ask.document not in allowed:
                allowed[ask.document] = self._allowed(ask.document, None, viewer)
            collection, may_see = allowed[ask.document]
            query = ask.query
            one_more = Query(
                where=both(query.where, may_see),
                order=query.order,
                first=query.first + 1,
                after=query.after,
            )
            selects.append(Select(collection, ask.part, one_more, ask.id))
        await self._feed.all_passed({each.collection for each in selects}, at_least, self._wait_s)
        found = await self._reader.read(selects)
        return [
            Page(
                documents=tuple(rows[: ask.query.first]),
                query=ask.query,
                has_next=len(rows) > ask.query.first,
            )
            for ask, rows in zip(asks, found, strict=True)
        ]

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
                if not is_same(newer, shown):
                    shown = newer
                    yield shown

    def follow(
        self, document: type[Any], where: Where, viewer: Viewer, changed: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Calls `changed` after each commit that touches the set, until the context is left."""
        collection, allowed = self._allowed(document, where, viewer)
        return self._feed.follow(collection, touches(allowed), changed)

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
        with self._feed.watch(collection, touches(where)) as mailbox:
            page = await self._page(collection, where, query, with_total)
            yield page
            while True:
                await mailbox.take()
                newer = await self._page(collection, where, query, with_total)
                if not is_same(newer, page):
                    page = newer
                    yield page

    async def watch_changes(
        self, document: type[D], where: Where, viewer: Viewer, since: str | None = None
    ) -> AsyncGenerator[Changes[D], None]:
        """The set in chunks, then what changes in it; after `since`, only what changed."""
        collection, allowed = self._allowed(document, where, viewer)
        self._feed.require_built(collection)
        live = LiveSet(collection, allowed, self._store)
        place = None if since is None else live.place(since)
        with self._feed.watch(collection, touches(allowed)) as mailbox:
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
