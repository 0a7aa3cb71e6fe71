"""What a process knows of the changes in its database: the live ones, and the recent past."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any

from bson import Timestamp
from pymongo.errors import PyMongoError

from readmodels.mongo_client import Database, Row
from readmodels.mongo_collections import COLLECTIONS, Unsuitable, begin, prepare_store
from readmodels.mongo_stream import (
    HistoryLost,
    Marks,
    batches,
    built,
    change_of,
    history,
    is_lost,
    mark_of,
    touched,
)
from readmodels.mongo_values import Records
from readmodels.mongo_writes import Commits
from readmodels.store import Change, Committed

RECENT_CHANGES_MAX = 5_000
"""How many changes of a collection are kept in memory for those who come back."""
HISTORY_DOCUMENTS_MAX = 50_000
"""How many documents may have changed since a cursor; beyond that a snapshot is less work."""
HISTORY_S_MAX = 10.0
PAUSE_S_MIN = 0.05
PAUSE_S_MAX = 5.0

_logger = logging.getLogger("headrace.mongo")


class Shelf:
    """A collection as this process follows it, from the making that the token names."""

    def __init__(self, records: Records[Any], token: str, commits: Commits) -> None:
        self.records = records
        self.commits = commits
        self.token = token
        self.prepared_at = 0
        """A mark by which it was made."""
        self.is_built = False
        """Whether it was ever built to the end, as far as this process knows."""
        self.is_told = False
        """Whether it was at the feed's position: nobody is told of one that is being built."""
        self.is_gone = False
        """Whether it was dropped."""
        self.recent: deque[tuple[int, Change[Any]]] = deque()
        self.reaches = 0
        """Every change with a higher mark, up to the feed's position, stands in `recent`."""
        self.reading = asyncio.Lock()

    def begin_at(self, mark: int) -> None:
        """Forget what is recent."""
        self.recent.clear()
        self.reaches = mark

    def keep(self, mark: int, change: Change[Any]) -> None:
        self.recent.append((mark, change))
        if len(self.recent) > RECENT_CHANGES_MAX:
            self.reaches, _ = self.recent.popleft()


class Tail:
    """The one change stream of a process: each write of the database told once, in order.

    It is read from the majority, so nothing that it tells is ever undone. It goes on by itself
    after every fault; where that would leave a gap it says so by `lost`, and goes on from now.
    """

    def __init__(
        self, database: Database, tell: Callable[[Committed], None], lost: Callable[[], None]
    ) -> None:
        self._database = database
        self._tell = tell
        self._lost = lost
        self._shelves: dict[str, Shelf] = {}
        self._flipped: dict[str, str] = {}
        self._start = Timestamp(0, 0)
        self._token: Row | None = None
        self._marks = Marks()
        self.position = 0
        """The mark of the last write that was told."""
        self.last_error = ""
        self.identity = ""
        """Another one for each database ever made: a mark has its meaning in one of them."""

    async def begin(self) -> None:
        """Begin now: every later write will be told. Raises Unsuitable."""
        self.identity = await prepare_store(self._database)
        self._start, self._token, self._marks = await begin(self._database), None, Marks()
        self.position = mark_of(self._start, 0) - 1

    def follow(self, shelf: Shelf) -> None:
        """Tell of the collection too, from here on."""
        name = shelf.records.name
        shelf.is_told = shelf.is_built or self._flipped.get(name) == shelf.token
        shelf.reaches = self.position
        self._shelves[name] = shelf

    def shelf(self, name: str) -> Shelf | None:
        """The collection of that name, if it is followed."""
        return self._shelves.get(name)

    @property
    def shelves(self) -> list[Shelf]:
        """Every collection that is followed."""
        return list(self._shelves.values())

    def forget(self, name: str) -> None:
        """Follow the collection no more."""
        self._shelves.pop(name, None)

    async def run(self) -> None:
        """Tell what is written until cancelled."""
        pause_s, has_gap = PAUSE_S_MIN, False
        while True:
            position = self.position
            try:
                if has_gap:
                    await self._begin_anew()
                    has_gap = False
                await self._follow()
            except (PyMongoError, HistoryLost, Unsuitable) as fault:
                has_gap = has_gap or is_lost(fault)
                self.last_error = f"{type(fault).__name__}: {fault}"
                _logger.warning(
                    "the change feed %s: %s", "begins anew" if has_gap else "goes on after", fault
                )
            if self.position > position:
                pause_s = PAUSE_S_MIN
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    async def _follow(self) -> None:
        start = {"startAtOperationTime": self._start}
        stream = batches(self._database, {"resumeAfter": self._token} if self._token else start)
        async with aclosing(stream):
            async for batch in stream:
                for event in batch.events:
                    self._take(event)
                self._token = batch.token
                self.last_error = ""

    async def _begin_anew(self) -> None:
        """Go on from now: watchers read everything again, and learn where the checkpoints are."""
        await self.begin()
        shelves = self.shelves
        for shelf in shelves:
            shelf.begin_at(self.position)
        names = {"_id": {"$in": [each.records.name for each in shelves]}}
        found = await self._database.committed(COLLECTIONS).find(names).to_list(length=None)
        rows: dict[str, Row] = {row["_id"]: row for row in found}
        self._lost()
        for shelf in shelves:
            row = rows.get(shelf.records.name)
            if row is None or row["token"] != shelf.token:
                shelf.is_gone = True  # it was dropped in the gap
            elif row["is_built"]:
                shelf.is_built = shelf.is_told = True
                self._tell_checkpoint(shelf, row["checkpoint"].items())

    def _take(self, event: Row) -> None:
        name, operation = touched(event), event["operationType"]
        if operation == "invalidate":
            raise HistoryLost(f"the database {self._database.name} was dropped")
        self.position = self._marks.of(event)
        if name == COLLECTIONS:
            if operation == "update":
                self._take_row(event)
        elif (shelf := self._shelves.get(name)) is None:
            return
        elif operation in ("drop", "rename"):
            if self.position > shelf.prepared_at:
                shelf.is_gone = True
                self._lost()
        elif shelf.is_told:
            change = change_of(shelf.records, shelf.token, event)
            if change is not None:
                shelf.keep(self.position, change)
                self._tell(Committed(shelf.records.collection, self.position, [change], {}))

    def _take_row(self, event: Row) -> None:
        """A collection's row: its checkpoint moved, or it was built."""
        name = event["documentKey"]["_id"]
        shelf, flipped = self._shelves.get(name), built(event)
        if flipped:
            self._flipped[name] = flipped[1]
        if shelf is None:
            return
        if flipped == (name, shelf.token):
            # Nobody was told of anything yet, so the whole checkpoint is news.
            shelf.is_built = shelf.is_told = True
            shelf.recent.clear()
            self._tell_checkpoint(shelf, event["fullDocument"]["checkpoint"].items())
        elif shelf.is_told and event["fullDocument"]["token"] == shelf.token:
            changed = event["updateDescription"]["updatedFields"].items()
            moved = [each for each in changed if each[0][:11] == "checkpoint."]
            if moved:
                self._tell_checkpoint(shelf, moved)

    def _tell_checkpoint(self, shelf: Shelf, moved: Iterable[tuple[str, int]]) -> None:
        """Of a collection that was built even an empty one is news: it may be read."""
        checkpoint = {int(key.rpartition(".")[2]): int(offset) for key, offset in moved}
        self._tell(Committed(shelf.records.collection, self.position, [], checkpoint))

    async def since(self, shelf: Shelf, mark: int) -> tuple[list[Change[Any]], int] | None:
        """What changed after the mark, each document once, and the mark up to which that is so.

        None where the history is gone, or too long. A mark ahead of this process' feed is one
        that another process gave out, or a snapshot: nothing of what this one shows lies behind.
        """
        if mark > self.position:
            return ([], mark) if mark_of(await self._database.now()) >= mark else None
        if not shelf.is_told:
            return [], self.position
        older: dict[str, Change[Any]] = {}
        async with shelf.reading:
            if mark < shelf.reaches:
                found = await self._older(shelf, mark)
                if found is None:
                    return None
                older = found
        # Nothing is awaited from here on, so what is recent begins where what is older ends.
        _merge(older, (change for at, change in shelf.recent if at > mark))
        return list(older.values()), self.position

    async def _older(self, shelf: Shelf, mark: int) -> dict[str, Change[Any]] | None:
        """What changed from the mark up to where the recent begins, which takes it in if it can."""
        merged: dict[str, Change[Any]] = {}
        listed: list[tuple[int, Change[Any]]] = []
        room = RECENT_CHANGES_MAX - len(shelf.recent)
        read_to = mark
        try:
            async with asyncio.timeout(HISTORY_S_MAX):
                while read_to < shelf.reaches:  # which moves on while it is read
                    end = shelf.reaches
                    past = history(self._database, shelf.records, shelf.token, read_to, end)
                    async with aclosing(past):
                        async for at, change in past:
                            if change is None:
                                merged.clear()
                                listed.clear()
                                continue
                            _merge(merged, [change])
                            if len(listed) <= room:
                                listed.append((at, change))
                            if len(merged) > HISTORY_DOCUMENTS_MAX:
                                return None
                    read_to = end
        except (TimeoutError, HistoryLost):
            return None
        except PyMongoError as fault:
            if is_lost(fault):
                return None
            raise
        if len(listed) > room:
            return merged
        shelf.recent.extendleft(reversed(listed))
        shelf.reaches = mark
        return {}


def _merge(merged: dict[str, Change[Any]], changes: Iterable[Change[Any]]) -> None:
    """Each document as it was first and is last."""
    for change in changes:
        first = merged.get(change.id)
        before = first.before if first else change.before
        merged[change.id] = Change(change.id, before, change.after)
