"""Every live set of this process, each once however many follow it, fed by one listener each."""

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

from readmodels.composition import Collection
from readmodels.feed import Feed
from readmodels.live_changes import ChangesFollower, LiveChanges
from readmodels.live_page import LivePage
from readmodels.live_state import Followed, Follower, LiveOne, LiveState, StateFollower
from readmodels.matching import Matcher
from readmodels.query import Query, Where
from readmodels.store import Change, Committed, Place, Store

__all__ = ["LiveSets"]

READ_AT_ONCE_MAX = 16
"""How many sets are read at once: when all have to be, queries and projectors go on beside."""

Wake = Callable[[], None]
Key = tuple[Any, ...]
F = TypeVar("F", bound=Followed)


class _Listener:
    """Hands what a commit changes to the sets of one collection that it may touch."""

    def __init__(self) -> None:
        self.matcher: Matcher[Followed] = Matcher()
        self.sets: dict[Followed, Where] = {}
        self.listening = ExitStack()

    def put(self, committed: Committed) -> None:
        touched: dict[Followed, list[Change[Any]]] = {}
        place = committed.place or Place(committed.mark)
        for change in committed.changes:
            for each in self._touched(change):
                touched.setdefault(each, []).append(change)
        for followed, changes in touched.items():
            followed.put(committed.mark, changes, place)

    def _touched(self, change: Change[Any]) -> list[Followed]:
        try:
            return self.matcher.touched(change)
        except Exception:  # a value that cannot be compared or found: each set is asked
            return list(self.sets)

    def drop(self) -> None:
        for each in list(self.sets):
            each.drop()


class LiveSets:
    """The live sets over one store and its feed."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self._turns = asyncio.Semaphore(READ_AT_ONCE_MAX)
        self._listeners: dict[Collection[Any], _Listener] = {}
        self._sets: dict[Key, Followed] = {}

    def __iter__(self) -> Iterator[Followed]:
        return iter(self._sets.values())

    def __len__(self) -> int:
        return len(self._sets)

    def followers(self, collection: Collection[Any]) -> tuple[int, int]:
        """How many live sets of the collection there are, and how many follow them."""
        listener = self._listeners.get(collection)
        if listener is None:
            return 0, 0
        return len(listener.sets), sum(len(each.followers) for each in listener.sets)

    @contextmanager
    def one(
        self, collection: Collection[Any], where: Where, id: str, wake: Wake
    ) -> Generator[Follower]:
        """Follow one document."""
        key = ("one", collection, repr(where), id)
        followed = self._set(
            key, collection, where, lambda: LiveOne(collection, where, self._store, self._turns, id)
        )
        with self._following(key, collection, followed, StateFollower(followed, wake)) as follower:
            yield follower

    @contextmanager
    def page(
        self,
        collection: Collection[Any],
        where: Where,
        query: Query,
        wake: Wake,
        *,
        with_total: bool,
    ) -> Generator[Follower]:
        """Follow a page of what the condition holds for; the query says in which order."""
        key = ("page", collection, repr(where), query.order, query.first, with_total)
        followed = self._set(
            key,
            collection,
            where,
            lambda: LivePage(
                collection, where, self._store, self._turns, query, with_total=with_total
            ),
        )
        with self._following(key, collection, followed, StateFollower(followed, wake)) as follower:
            yield follower

    @contextmanager
    def changes(
        self, collection: Collection[Any], where: Where, wake: Wake, since: str | None
    ) -> Generator[Follower]:
        """Follow the changes of what the condition holds for, after a cursor if there is one."""
        key = ("changes", collection, repr(where))
        followed = self._set(
            key, collection, where, lambda: LiveChanges(collection, where, self._store, self._turns)
        )
        follower = ChangesFollower(followed, wake, since)
        try:
            with self._following(key, collection, followed, follower):
                yield follower
        finally:
            follower.close()

    def _set(self, key: Key, collection: Collection[Any], where: Where, make: Callable[[], F]) -> F:
        """The set of the key; one that has failed is left to those who follow it already."""
        known = self._sets.get(key)
        if known is not None and not (isinstance(known, LiveState) and known.fault is not None):
            return cast(F, known)
        made = self._sets[key] = make()
        listener = self._listeners.get(collection)
        if listener is None:
            listener = self._listeners[collection] = _Listener()
            listener.listening.enter_context(self._feed.listen(collection, listener))
        listener.sets[made] = where
        listener.matcher.add(where, made)
        return made

    @contextmanager
    def _following(
        self, key: Key, collection: Collection[Any], followed: Followed, follower: Follower
    ) -> Generator[Follower]:
        followed.followers[follower] = None
        try:
            yield follower
        finally:
            del followed.followers[follower]
            if not followed.followers:
                self._remove(key, collection, followed)

    def _remove(self, key: Key, collection: Collection[Any], followed: Followed) -> None:
        followed.close()
        if self._sets.get(key) is followed:
            del self._sets[key]
        listener = self._listeners[collection]
        listener.matcher.remove(listener.sets.pop(followed), followed)
        if not listener.sets:
            listener.listening.close()
            del self._listeners[collection]
