"""Live sets whose changes are followed: each worked out once, and a cursor after each."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from readmodels.composition import Collection
from readmodels.documents import NOTHING, BadCursor, Changes, TooMany
from readmodels.feed import summed
from readmodels.live_cursors import Cursors
from readmodels.live_state import Followed, Follower, is_same, sides
from readmodels.query import Where, predicate
from readmodels.store import Change, Place, Store

__all__ = ["ChangesFollower", "LiveChanges"]

CHUNK_DOCUMENTS_MAX = 500
SET_DOCUMENTS_MAX = 100_000
KEPT_CHANGES_MAX = 5_000
"""How many changes are kept for followers that have not taken them; a slower one begins anew."""
SEEN_CHANGES_MAX = 500
"""With more, those that everyone has taken are looked for and forgotten."""
SUMS_MAX = 16


class _Message(NamedTuple):
    """What changed of a set with a mark, and where the feed stood then."""

    mark: int
    changes: Sequence[Change[Any]]
    place: Place


class ChangesFollower(Follower):
    """Follows the changes of a set: of several commits it takes the sum.

    A follower that begins, or has fallen too far behind, is given the whole set in chunks.
    """

    def __init__(
        self, followed: "LiveChanges", wake: Callable[[], None], since: str | None
    ) -> None:
        super().__init__(followed, wake)
        self._followed = followed
        self._since = since
        self.next = followed.end
        """The number of the first message that is not taken yet."""
        self._floor = -1
        """What has a lower mark, or this one, was shown to it when it began."""
        self._seen = -1
        """The highest mark that it was shown."""
        self._taken_next: deque[Changes[Any]] = deque()
        self._anew: asyncio.Task[None] | None = None
        self._fault: Exception | None = None

    def take(self) -> Any:
        if self._fault is not None:
            raise self._fault.with_traceback(None)
        if self._taken_next:
            return self._taken_next.popleft()
        if self._anew is not None:
            return NOTHING
        if self.next < self._followed.begin:
            self._begin_anew()
            return NOTHING
        shown = self._followed.sum(self.next, self._floor)
        self.next = self._followed.end
        self._seen = max(self._seen, self._followed.mark)
        return NOTHING if shown is None else shown

    async def begin(self) -> None:
        place = None if self._since is None else self._followed.cursors.place(self._since)
        resumed = None if place is None else await self._followed.resume(place)
        if resumed is None:
            if self._since is not None:
                await self._followed.settled()  # what is being read may lie before the cursor
            await self._read_all()
        else:
            shown, self._floor = resumed
            self._seen = self._floor
            if shown is not None:
                self._taken_next.append(shown)

    async def _read_all(self) -> None:
        while True:
            reading = self._followed.snapshot()
            self.next = reading.next
            chunks, mark = await asyncio.shield(reading.task)
            if mark >= self._seen:  # one that others began may show less
                break
        self._floor = self._seen = mark
        self._taken_next.extend(chunks)

    def _begin_anew(self) -> None:
        self.next = self._followed.end
        self._anew = asyncio.get_running_loop().create_task(self._read_anew())

    async def _read_anew(self) -> None:
        try:
            await self._read_all()
        except Exception as fault:
            self._fault = fault
        finally:
            self._anew = None
        self.wake()

    def close(self) -> None:
        """Nobody takes from it any more."""
        if self._anew is not None:
            self._anew.cancel()


@dataclass(frozen=True, slots=True)
class _Reading:
    """A snapshot being read; it shows every message before the number `next`."""

    next: int
    task: asyncio.Task[tuple[list[Changes[Any]], int]]


class LiveChanges(Followed):
    """One watched set: its snapshot, its changes, and the cursors between them."""

    def __init__(
        self, collection: Collection[Any], where: Where, store: Store, turns: asyncio.Semaphore
    ) -> None:
        super().__init__()
        self.collection = collection
        self._where = where
        self._holds = predicate(where)
        self._store = store
        self._turns = turns
        self.cursors = Cursors(collection, where, store)
        self._kept: deque[_Message] = deque()
        self._kept_changes = 0
        self._look_at = SEEN_CHANGES_MAX
        self._sums: dict[tuple[int, int], Changes[Any] | None] = {}
        """What so many of the last messages mean together, until there is another."""
        self._reading: _Reading | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.begin = 0
        """The number of the oldest message that is kept."""
        self.mark = -1
        """The highest of a message."""

    @property
    def end(self) -> int:
        """The number that the next message gets."""
        return self.begin + len(self._kept)

    def put(self, mark: int, changes: Sequence[Change[Any]], place: Place) -> None:
        try:
            touching = [each for each in changes if any(sides(self._holds, each))]
        except Exception:  # the condition breaks on a document: everything is read anew
            self.drop()
            return
        if touching:
            self.mark = max(self.mark, mark)
            self._kept.append(_Message(mark, touching, place))
            self._kept_changes += len(touching)
            self._sums.clear()
            self._forget()
            self.wake_all()

    def _forget(self) -> None:
        """Forget what everyone has taken, if much is kept, and what is too much."""
        if self._kept_changes > self._look_at:
            numbers = [e.next for e in self.followers if isinstance(e, ChangesFollower)]
            while self.begin < min(numbers, default=self.end):
                self._forget_first()
            self._look_at = max(SEEN_CHANGES_MAX, 2 * self._kept_changes)
        while self._kept_changes > KEPT_CHANGES_MAX and len(self._kept) > 1:
            self._forget_first()

    def _forget_first(self) -> None:
        self._kept_changes -= len(self._kept.popleft().changes)
        self.begin += 1

    def drop(self) -> None:
        self.begin = self.end + 1  # behind everyone who follows
        self._kept.clear()
        self._kept_changes = 0
        self._sums.clear()
        self.wake_all()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def resume(self, place: str) -> tuple[Changes[Any] | None, int] | None:
        """What changed after a cursor, and the mark it is true at; None where history is gone."""
        try:
            known = await self._store.since(self.collection, place)
        except ValueError as fault:
            raise BadCursor(str(fault)) from None
        if known is None:
            return None
        changes, mark = known
        return self.meaning(changes, mark), mark

    async def settled(self) -> None:
        """Wait until what is being read now is read."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def snapshot(self) -> _Reading:
        """The whole set in chunks and its mark, read once for all who ask while it is read."""
        reading = self._reading
        if reading is None or reading.task.done() or reading.next < self.begin:
            task = asyncio.get_running_loop().create_task(self._read())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            reading = self._reading = _Reading(self.end, task)
        return reading

    async def _read(self) -> tuple[list[Changes[Any]], int]:
        async with self._turns:
            found, mark = await self._store.snapshot(
                self.collection, self._where, SET_DOCUMENTS_MAX + 1
            )
        if len(found) > SET_DOCUMENTS_MAX:
            raise TooMany(
                f"more than {SET_DOCUMENTS_MAX:,} documents match: narrow the filter to watch them"
            )
        starts = range(0, max(len(found), 1), CHUNK_DOCUMENTS_MAX)
        return [
            Changes(
                cursor=self.cursors.at(mark if start == starts[-1] else None),
                reset=start == 0,
                more=start != starts[-1],
                entered=tuple(found[start : start + CHUNK_DOCUMENTS_MAX]),
                changed=(),
                left=(),
            )
            for start in starts
        ], mark

    def sum(self, number: int, floor: int) -> Changes[Any] | None:
        """What the messages from the number on, of marks above the floor, mean together."""
        newest = list(islice(reversed(self._kept), self.end - number))
        newer = [each for each in newest if each.mark > floor]
        count = len(newer)
        if count == 0:
            return None
        place = newest[0].place
        if place.covered:  # what is held there and was shown to this follower is told to it
            place = Place(place.mark, max(place.above, floor), place.covered)
        are_last = newer[-1] is newest[count - 1]
        key = (count, place.above) if are_last else (-number - 1, floor)
        if key not in self._sums:
            if len(self._sums) >= SUMS_MAX:
                self._sums.clear()
            changes = summed(each.changes for each in reversed(newer))
            self._sums[key] = self.meaning(changes, place)
        return self._sums[key]

    def meaning(self, changes: Sequence[Change[Any]], place: int | Place) -> Changes[Any] | None:
        """What the changes mean for this set; None where a client would see no difference."""
        entered: list[Any] = []
        changed: list[Any] = []
        left: list[str] = []
        for change in changes:
            was_in, is_in = sides(self._holds, change)
            if is_in and not was_in:
                entered.append(change.after)
            elif is_in and not is_same(change.before, change.after):
                changed.append(change.after)
            elif was_in and not is_in:
                left.append(change.id)
        if not (entered or changed or left):
            return None
        return Changes(
            cursor=self.cursors.at(place),
            reset=False,
            more=False,
            entered=tuple(entered),
            changed=tuple(changed),
            left=tuple(left),
        )
