"""Live sets whose changes are followed: each worked out once, and a cursor after each."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

import msgspec

from readmodels.composition import Collection
from readmodels.documents import NOTHING, BadCursor, Changes, TooMany
from readmodels.live_state import Followed, Follower, is_same
from readmodels.query import Where, predicate
from readmodels.store import Change, Store

__all__ = ["ChangesFollower", "LiveChanges"]

CHUNK_DOCUMENTS_MAX = 500
SET_DOCUMENTS_MAX = 100_000
KEPT_CHANGES_MAX = 5_000
"""How many changes are kept for followers that have not taken them; a slower one begins anew."""


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a live set stands: its collection, a digest of its condition, and the store's cursor.

    `place` is None within a snapshot, from where only a new snapshot can go on.
    """

    collection: str
    condition: str
    place: str | None


class _Message:
    """The changes of one commit, as followers take them."""

    def __init__(self, followed: "LiveChanges", mark: int, changes: Sequence[Change[Any]]) -> None:
        self.mark = mark
        self.changes = changes
        self._followed = followed

    @cached_property
    def shown(self) -> Changes[Any] | None:
        """What they mean for the set; None where a client would see no difference."""
        return self._followed.meaning(self.changes, self.mark)


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
        self._next = followed.end
        self._floor = -1
        self._taken_next: deque[Changes[Any]] = deque()
        self._anew: asyncio.Task[None] | None = None
        self._fault: Exception | None = None

    def take(self) -> Any:
        if self._fault is not None:
            raise self._fault
        if self._taken_next:
            return self._taken_next.popleft()
        if self._anew is not None:
            return NOTHING
        if self._next < self._followed.begin:
            self._begin_anew()
            return NOTHING
        messages = [e for e in self._followed.after(self._next) if e.mark > self._floor]
        self._next = self._followed.end
        is_one = len(messages) == 1
        shown = messages[0].shown if is_one else self._followed.merged(messages)
        return NOTHING if shown is None else shown

    async def begin(self) -> None:
        place = None if self._since is None else self._followed.place(self._since)
        resumed = None if place is None else await self._followed.resume(place)
        if resumed is None:
            await self._read_all()
        else:
            shown, self._floor = resumed
            if shown is not None:
                self._taken_next.append(shown)

    async def _read_all(self) -> None:
        chunks, self._floor = await self._followed.snapshot()
        self._taken_next.extend(chunks)

    def _begin_anew(self) -> None:
        self._next = self._followed.end
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


class _Reading:
    """A snapshot that is about to be read, or being read."""

    def __init__(self) -> None:
        self.has_begun = False
        self.task: asyncio.Task[tuple[list[Changes[Any]], int]] | None = None


class LiveChanges(Followed):
    """One watched set: its snapshot, its changes, and the cursors between them."""

    def __init__(self, collection: Collection[Any], where: Where, store: Store) -> None:
        super().__init__()
        self.collection = collection
        self._where = where
        self._holds = predicate(where)
        self._store = store
        self._name = f"{collection.name}.{collection.version}"
        self._condition = blake2b(repr(where).encode(), digest_size=6).hexdigest()
        self._kept: deque[_Message] = deque()
        self._kept_changes = 0
        self._reading: _Reading | None = None
        self.begin = 0
        """The number of the oldest message that is kept."""

    @property
    def end(self) -> int:
        """The number that the next message gets."""
        return self.begin + len(self._kept)

    def after(self, number: int) -> list[_Message]:
        """The messages from the number on, all of them kept."""
        skipped = number - self.begin
        return [each for at, each in enumerate(self._kept) if at >= skipped]

    def put(self, mark: int, changes: Sequence[Change[Any]]) -> None:
        try:
            touching = [each for each in changes if self._touches(each)]
        except Exception:  # the condition breaks on a document: everything is read anew
            self.drop()
            return
        if touching:
            self._kept.append(_Message(self, mark, touching))
            self._kept_changes += len(touching)
            while self._kept_changes > KEPT_CHANGES_MAX and len(self._kept) > 1:
                self._forget_first()
            self.wake_all()

    def _forget_first(self) -> None:
        self._kept_changes -= len(self._kept.popleft().changes)
        self.begin += 1

    def _touches(self, change: Change[Any]) -> bool:
        before, after = change.before, change.after
        return (after is not None and self._holds(after)) or (
            before is not None and self._holds(before)
        )

    def drop(self) -> None:
        self.begin = self.end + 1  # behind everyone who follows
        self._kept.clear()
        self._kept_changes = 0
        self.wake_all()

    def close(self) -> None:
        if self._reading is not None and self._reading.task is not None:
            self._reading.task.cancel()

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
        if name != self.collection.name:
            raise BadCursor(f"a cursor of {name[:60] or 'something else'}, not of {self._name}")
        is_of_set = cursor.collection == self._name and cursor.condition == self._condition
        return cursor.place if is_of_set else None

    def _cursor(self, mark: int | None) -> str:
        place = None if mark is None else self._store.cursor(mark)
        text = msgspec.json.encode(_Cursor(self._name, self._condition, place))
        return urlsafe_b64encode(text).rstrip(b"=").decode()

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

    async def snapshot(self) -> tuple[list[Changes[Any]], int]:
        """The whole set in chunks, read once for all who ask for it before it is read."""
        reading = self._reading
        if reading is None or reading.has_begun:
            reading = self._reading = _Reading()
            reading.task = asyncio.get_running_loop().create_task(self._read(reading))
        assert reading.task is not None
        return await asyncio.shield(reading.task)

    async def _read(self, reading: _Reading) -> tuple[list[Changes[Any]], int]:
        reading.has_begun = True
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
                cursor=self._cursor(mark if start == starts[-1] else None),
                reset=start == 0,
                more=start != starts[-1],
                entered=tuple(found[start : start + CHUNK_DOCUMENTS_MAX]),
                changed=(),
                left=(),
            )
            for start in starts
        ], mark

    def merged(self, messages: Sequence[_Message]) -> Changes[Any] | None:
        """The sum of several messages; None where there is none."""
        if not messages:
            return None
        sum_: dict[str, Change[Any]] = {}
        for message in messages:
            for change in message.changes:
                first = sum_.get(change.id)
                before = first.before if first else change.before
                sum_[change.id] = Change(change.id, before, change.after)
        return self.meaning(list(sum_.values()), messages[-1].mark)

    def meaning(self, changes: Sequence[Change[Any]], mark: int) -> Changes[Any] | None:
        """What the changes mean for this set; None where a client would see no difference."""
        entered: list[Any] = []
        changed: list[Any] = []
        left: list[str] = []
        for change in changes:
            before, after = change.before, change.after
            was_in = before is not None and self._holds(before)
            is_in = after is not None and self._holds(after)
            if is_in and not was_in:
                entered.append(after)
            elif is_in and not is_same(before, after):
                changed.append(after)
            elif was_in and not is_in:
                left.append(change.id)
        if not (entered or changed or left):
            return None
        return Changes(
            cursor=self._cursor(mark),
            reset=False,
            more=False,
            entered=tuple(entered),
            changed=tuple(changed),
            left=tuple(left),
        )
