"""What a process knows of the changes in its database: the live ones, and the recent past."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from math import inf
from typing import Any

from bson import Timestamp
from pymongo.errors import PyMongoError

from readmodels.mongo_client import Database, Row
from readmodels.mongo_collections import COLLECTIONS, Unsuitable, begin, prepare_store
from readmodels.mongo_held import SILENT_S_MAX
from readmodels.mongo_shelf import (
    Merged,
    Shelf,
    begin_of,
    changed_ahead,
    changed_earlier,
    merge,
)
from readmodels.mongo_stream import (
    Batch,
    HistoryLost,
    Marks,
    batches,
    built,
    is_lost,
    mark_of,
    seen,
    touched,
)
from readmodels.mongo_values import offsets
from readmodels.store import Change, Committed, Place

PAUSE_S_MIN = 0.05
PAUSE_S_MAX = 5.0

_logger = logging.getLogger("headrace.mongo")


class Tail:
    """The one change stream of a process: each write of the database told once, commit by commit.

    Of a collection it tells in the order of the commits' checkpoints (see `Held`), and of each
    document in the order of its changes.

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
        self._holding: dict[Shelf, None] = {}
        """The collections of which something is held."""
        self._giving_up: asyncio.TimerHandle | None = None
        """Tells what is held for a writer that is silent too long."""
        self.position = 0
        """The mark of the last write that was taken in: told, or held."""
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
        self.forget(name)
        shelf.is_told = shelf.is_built or self._flipped.get(name) == shelf.token
        shelf.reaches = self.position
        self._shelves[name] = shelf

    def shelf(self, name: str) -> Shelf | None:
        """The collection of that name, if it is followed."""
        return self._shelves.get(name)

    @property
    def told(self) -> int:
        """The mark up to which all was told."""
        first = [each.held.first for each in self._holding]
        return min([self.position, *(each - 1 for each in first if each is not None)])

    @property
    def shelves(self) -> list[Shelf]:
        """Every collection that is followed."""
        return list(self._shelves.values())

    def forget(self, name: str) -> None:
        """Follow the collection no more."""
        shelf = self._shelves.pop(name, None)
        if shelf is not None:
            self._holding.pop(shelf, None)

    async def run(self) -> None:
        """Tell what is written until cancelled."""
        try:
            await self._run()
        finally:
            if self._giving_up is not None:
                self._giving_up.cancel()
                self._giving_up = None

    async def _run(self) -> None:
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
                self._end(batch)
                self._token = batch.token
                self.last_error = ""

    def _end(self, batch: Batch) -> None:
        """Tell what waits for no checkpoint, but of a transaction that may go on in the next."""
        if not self._holding:
            return
        last = batch.events[-1] if batch.events else {}
        open_name = touched(last) if "txnNumber" in last else ""
        for shelf in list(self._holding):
            if shelf.records.name != open_name:
                self._release(shelf)
        self._give_up_later()

    def _give_up_later(self) -> None:
        """See that no writer is waited for that is silent longer than `SILENT_S_MAX`."""
        if self._holding and self._giving_up is None:
            at = min(each.held.silent_since for each in self._holding) + SILENT_S_MAX
            if at < inf:
                self._giving_up = asyncio.get_running_loop().call_at(at, self._give_up)

    def _give_up(self) -> None:
        self._giving_up = None
        until = asyncio.get_running_loop().time() - SILENT_S_MAX
        for shelf in list(self._holding):
            shelf.held.give_up(until)
            self._release(shelf)
        self._give_up_later()

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
                self._begin_told(shelf, row["checkpoint"])

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
                shelf.begin_at(self.position)
                self._lost()
        elif shelf.is_told:
            found = seen(shelf.records, shelf.token, self.position, event)
            if found is not None:
                shelf.keep(found, asyncio.get_running_loop().time())
                self._holding[shelf] = None

    def _take_row(self, event: Row) -> None:
        """A collection's row: its checkpoint moved, or it was built."""
        name = event["documentKey"]["_id"]
        shelf, flipped = self._shelves.get(name), built(event)
        if flipped:
            self._flipped[name] = flipped[1]
        if shelf is None:
            return
        if flipped == (name, shelf.token):
            shelf.recent.clear()
            self._begin_told(shelf, event["fullDocument"]["checkpoint"])
        elif shelf.is_told and event["fullDocument"]["token"] == shelf.token:
            changed = event["updateDescription"]["updatedFields"].items()
            moved = {key[11:]: each for key, each in changed if key[:11] == "checkpoint."}
            if moved:
                shelf.held.reach(offsets(moved))
                self._release(shelf)

    def _begin_told(self, shelf: Shelf, checkpoint: Row) -> None:
        """Nobody was told of anything yet, so the whole checkpoint is news, even an empty one."""
        reached = offsets(checkpoint)
        shelf.begin_told(reached)
        self._tell(Committed(shelf.records.collection, self.position, [], reached))

    def _release(self, shelf: Shelf) -> None:
        """Tell what waits no longer, all in one turn: each live set makes one message of it."""
        changes, checkpoint = shelf.held.told()
        collection, place = shelf.records.collection, shelf.held.place(self.position)
        for each in changes:
            self._tell(Committed(collection, each.mark, [each.change], {}, place))
        if checkpoint:
            self._tell(Committed(collection, self.position, [], checkpoint, place))
        if shelf.held.first is None:
            self._holding.pop(shelf, None)

    async def since(self, shelf: Shelf, place: Place) -> tuple[list[Change[Any]], int] | None:
        """What was not told at the place, each document once, and the mark up to which that is so.

        None where the history is gone, or too long. A mark ahead of this process' feed is one
        that another process gave out, or a snapshot: nothing of what this one shows lies behind.
        What is held here is told: it is filtered by its mark when it is told to the others.
        """
        if place.mark > self.position:
            if mark_of(await self._database.now()) < place.mark:
                return None
            ahead = await changed_ahead(self._database, shelf, place) if place.covered else {}
            return None if ahead is None else (list(ahead.values()), place.mark)
        if not shelf.is_told:
            return [], self.position
        merged: Merged = {}
        async with shelf.reading:
            if begin_of(place) < shelf.reaches:
                found = await changed_earlier(self._database, shelf, place)
                if found is None:
                    return None
                merged = found
        # Nothing is awaited from here on, so what is recent begins where what is older ends.
        merge(merged, place, shelf.recent)
        return list(merged.values()), self.position
