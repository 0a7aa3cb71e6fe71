"""Live sets that have a state, one document or a page, evaluated once for all who follow."""

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from readmodels.composition import Collection
from readmodels.documents import NOTHING
from readmodels.query import Where, predicate
from readmodels.store import Change, Place, Store

__all__ = ["Follower", "LiveOne", "LiveState", "is_same", "sides"]

MISSED_CHANGES_MAX = 5_000
"""How many changes wait while a set is read; with more it is read again."""
WOKEN_AT_ONCE_MAX = 200


def is_same(one: object, other: object) -> bool:
    """Whether a client would see no difference: 1.0 and 1.00 are equal and not the same."""
    return one is other or (one == other and repr(one) == repr(other))


def sides(holds: Callable[[object], bool], change: Change[Any]) -> tuple[bool, bool]:
    """Whether the document was in the set that the condition makes, and whether it is."""
    before, after = change.before, change.after
    return before is not None and holds(before), after is not None and holds(after)


class Follower:
    """One who follows a live set; `wake` is called whenever there may be something to take."""

    def __init__(self, followed: "Followed", wake: Callable[[], None]) -> None:
        self.followed = followed
        self.wake = wake

    def take(self) -> Any:
        """What there is that was not taken yet, NOTHING where there is none. Raises its fault."""
        raise NotImplementedError

    async def begin(self) -> None:
        """Wait until there is something to take. Raises what the store raises."""
        raise NotImplementedError


class Followed(ABC):
    """What followers follow: it wakes them, some at a time, so that nothing else waits for all.

    None is woken before everything that is told at once was taken in: on an engine that tells of
    each document by itself, the documents of one commit are then shown together.
    """

    def __init__(self) -> None:
        self.followers: OrderedDict[Follower, None] = OrderedDict()
        """Those who were woken longest ago come first."""
        self._left = 0
        """How many of the first are still to be woken."""

    def wake_all(self) -> None:
        """Wake each of them soon."""
        if self._left == 0:
            asyncio.get_running_loop().call_soon(self._wake_some)
        self._left = len(self.followers)

    def _wake_some(self) -> None:
        some = list(islice(self.followers, min(WOKEN_AT_ONCE_MAX, self._left)))
        self._left = min(self._left, len(self.followers)) - len(some)
        if self._left > 0:
            asyncio.get_running_loop().call_soon(self._wake_some)
        for follower in some:
            self.followers.move_to_end(follower)
        for follower in some:
            follower.wake()

    @abstractmethod
    def put(self, mark: int, changes: Sequence[Change[Any]], place: Place) -> None:
        """Take in what a commit changed, of what may concern this."""

    @abstractmethod
    def drop(self) -> None:
        """Something may have been missed: what is known has to be read anew."""

    @abstractmethod
    def close(self) -> None:
        """Nobody follows any more."""


class StateFollower(Follower):
    """Follows a set with a state: of several states it takes the latest."""

    def __init__(self, followed: "LiveState", wake: Callable[[], None]) -> None:
        super().__init__(followed, wake)
        self._state = followed
        self._version = 0

    def take(self) -> Any:
        if self._state.fault is not None:
            raise self._state.fault.with_traceback(None)  # or it would grow with each follower
        if self._version == self._state.version:
            return NOTHING
        self._version = self._state.version
        return self._state.value

    async def begin(self) -> None:
        await self._state.ready()


class LiveState(Followed):
    """A set whose followers are shown its state, `value`; `version` grows with each new one.

    It is registered before it is read, and what comes meanwhile is applied to what was read. It is
    read when it has one of the `turns`, which all sets share.
    """

    def __init__(
        self, collection: Collection[Any], where: Where, store: Store, turns: asyncio.Semaphore
    ) -> None:
        super().__init__()
        self.collection = collection
        self.value: Any = None
        self.version = 0
        self.fault: Exception | None = None
        self._where = where
        self._holds = predicate(where)
        self._store = store
        self._turns = turns
        self._mark = -1
        """What has a higher one is not in what was read last."""
        self._missed: list[tuple[int, Sequence[Change[Any]]]] = []
        self._missed_changes = 0
        self._is_stale = True
        self._reading: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Wait until there is a state that shows all that was told so far, or a fault."""
        if self.version == 0 and self._reading is None:
            self.drop()
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def settled(self) -> None:
        """Wait until nothing is being read for it."""
        while self._reading is not None:
            await asyncio.wait([self._reading])

    def put(self, mark: int, changes: Sequence[Change[Any]], place: Place) -> None:
        if self._reading is not None:
            self._missed.append((mark, changes))
            self._missed_changes += len(changes)
            if self._missed_changes > MISSED_CHANGES_MAX:
                self._missed, self._missed_changes, self._is_stale = [], 0, True
        elif (
            mark > self._mark
            and self.fault is None
            and not (self._applied_safely(changes) and self._published())
        ):
            self.drop()

    def drop(self) -> None:
        self._is_stale = True
        if self._reading is None and self.fault is None:
            self._reading = asyncio.get_running_loop().create_task(self._read_anew())

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def _read_anew(self) -> None:
        try:
            while self._is_stale:
                async with self._turns:
                    self._missed, self._missed_changes, self._is_stale = [], 0, False
                    self._mark = await self._read()
                for mark, changes in self._missed:
                    if mark > self._mark:
                        self._is_stale = self._is_stale or not self._applied_safely(changes)
            self._publish()
        except Exception as fault:
            self.fault, self._missed = fault, []
            self.wake_all()
        finally:
            self._reading = None

    def _applied_safely(self, changes: Sequence[Change[Any]]) -> bool:
        try:
            return all(map(self._applied, changes)) and self._is_enough()
        except Exception:  # the condition breaks on a document: the store is asked instead
            return False

    def _published(self) -> bool:
        try:
            self._publish()
        except Exception:  # it cannot be compared: the store is asked instead
            return False
        return True

    def _publish(self) -> None:
        value = self._shown()
        if self.version == 0 or not self._is_as_before(value):
            self.value = value
            self.version += 1
            self.wake_all()

    def _is_as_before(self, value: Any) -> bool:
        return is_same(self.value, value)

    @abstractmethod
    async def _read(self) -> int:
        """Read everything from the store; the mark that it shows."""

    @abstractmethod
    def _applied(self, change: Change[Any]) -> bool:
        """Take the change in; whether that could be done without asking the store."""

    def _is_enough(self) -> bool:
        """Whether what is known still gives the state."""
        return True

    @abstractmethod
    def _shown(self) -> Any:
        """The state as followers take it."""


class LiveOne(LiveState):
    """One document; None where there is none that the condition holds for."""

    def __init__(
        self,
        collection: Collection[Any],
        where: Where,
        store: Store,
        turns: asyncio.Semaphore,
        id: str,
    ) -> None:
        super().__init__(collection, where, store, turns)
        self._id = id
        self._document: Any = None

    async def _read(self) -> int:
        found, mark = await self._store.snapshot(self.collection, self._where, 1)
        self._document = found[0] if found else None
        return mark

    def _applied(self, change: Change[Any]) -> bool:
        if change.id == self._id:
            after = change.after
            self._document = after if after is not None and self._holds(after) else None
        return True

    def _shown(self) -> Any:
        return self._document
