"""Documents read and watched: live sets, in order and without a gap."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from functools import partial
from typing import Any, TypeVar

from domain.rules import Viewer
from eventlog.envelope import Position
from readmodels.composition import Collection, Shown
from readmodels.documents import NOTHING, Ask, Changes, Follow
from readmodels.feed import Feed
from readmodels.live_sets import LiveSets
from readmodels.live_state import sides
from readmodels.query import Compare, Page, Query, Where, predicate
from readmodels.rights import both, visible
from readmodels.store import Change, Select, Store
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
        self.sets = LiveSets(store, feed)

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
        follow = await self.live_one(document, id, viewer, at_least)
        async with aclosing(_taken(follow)) as source:
            async for each in source:
                yield each

    async def live_one(
        self, document: type[Any], id: str, viewer: Viewer, at_least: Position | None = None
    ) -> Follow:
        """What begins to follow one document, once its projection has passed the position."""
        collection, where = self._allowed(document, Compare("id", "eq", id), viewer)
        await self._feed.passed(collection, at_least, self._wait_s)
        return partial(self.sets.one, collection, where, id)

    def follow(
        self, document: type[Any], where: Where, viewer: Viewer, changed: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Calls `changed` after each commit that touches the set, until the context is left."""
        collection, allowed = self._allowed(document, where, viewer)
        return self._feed.follow(collection, touches(allowed), changed)

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
        follow = await self.live_page(document, query, viewer, at_least, with_total=with_total)
        async with aclosing(_taken(follow)) as source:
            async for each in source:
                yield each

    async def live_page(
        self,
        document: type[Any],
        query: Query,
        viewer: Viewer,
        at_least: Position | None = None,
        *,
        with_total: bool = False,
    ) -> Follow:
        """What begins to follow a page, once its projection has passed the position."""
        collection, where = self._allowed(document, query.where, viewer)
        await self._feed.passed(collection, at_least, self._wait_s)
        return partial(self.sets.page, collection, where, query, with_total=with_total)

    async def watch_changes(
        self, document: type[D], where: Where, viewer: Viewer, since: str | None = None
    ) -> AsyncGenerator[Changes[D], None]:
        """The set in chunks, then what changes in it; after `since`, only what changed."""
        follow = await self.live_changes(document, where, viewer, since)
        async with aclosing(_taken(follow)) as source:
            async for each in source:
                yield each

    async def live_changes(
        self, document: type[Any], where: Where, viewer: Viewer, since: str | None = None
    ) -> Follow:
        """What begins to follow the changes of a set, after a cursor if there is one."""
        collection, allowed = self._allowed(document, where, viewer)
        self._feed.require_built(collection)
        return partial(self.sets.changes, collection, allowed, since=since)


async def _taken(follow: Follow) -> AsyncGenerator[Any, None]:
    """What a follower takes, as soon as there is something to take."""
    woken = asyncio.Event()
    with follow(wake=woken.set) as follower:
        await follower.begin()
        while True:
            woken.clear()
            taken = follower.take()
            if taken is NOTHING:
                await woken.wait()
            else:
                yield taken


def touches(where: Where) -> Callable[[Change[Any]], bool]:
    """Whether a change may concern the set: the document is in it before or after."""
    holds = predicate(where)

    return lambda change: any(sides(holds, change))
