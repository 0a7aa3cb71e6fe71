"""Events into documents, exactly once: batches folded in memory, each document written once."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence, Set
from contextlib import aclosing
from typing import Any

from eventlog.envelope import Position, Recorded
from eventlog.log import Log
from readmodels.feed import Feed
from readmodels.fold import Fold, ascending
from readmodels.folding import Batch, Folding
from readmodels.reached import Reached
from readmodels.standing import Standing
from readmodels.store import MISSING, Parked, Store, Stored, Write

BATCH_EVENTS_MAX = 4_000
"""Of a projector that is behind: each write then stands for more."""
LARGE_EVENTS_MIN = 1_000
"""A batch that tells of more to come."""
RETRIED_EVENTS_MAX = 1_000
"""Of events that were set aside, which change in one transaction with their documents."""
DOCUMENTS_HELD_MAX = 10_000
UNSAVED_EVENTS_MAX = 10_000
"""How many events without documents a checkpoint may lag behind, which only costs reading them.

Where other processes wait for checkpoints it may not: they are told by the store alone."""
BUSY_S_MAX = 0.001
"""Events that come so soon after the last ones tell of more: then a batch waits for company."""
LINGER_S = 0.004
ATTEMPTS_MAX = 50
"""How often a document is folded again after it lost its race, before that is a fault."""
BACKOFF_S_MIN = 0.5
BACKOFF_S_MAX = 30.0

_logger = logging.getLogger("headrace.projector")


class Projector:
    """Folds one collection from the log, from its checkpoint on, for ever.

    What fails as a whole (the store is full, the log cannot be read) is tried again with a
    growing pause; what fails for one document parks that document.
    """

    def __init__(self, fold: Fold, log: Log, store: Store, feed: Feed) -> None:
        self.collection = fold.collection
        self._log = log
        self._store = store
        self._feed = feed
        self._held: OrderedDict[str, Stored[Any]] = OrderedDict()
        self._unsaved = 0
        self.standing = Standing()
        self._folding = Folding(fold, self.standing)
        self._reached = Reached(self.collection, store, feed, self.standing)

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.name

    async def open(self) -> None:
        """Make the collection ready and learn where to go on. Raises ShapeChanged."""
        progress = await self._store.prepare(self.collection)
        self.standing.checkpoint = dict(progress.checkpoint)
        self._feed.open(self.collection, progress)

    async def run(self, partitions: Set[int] | None = None) -> None:
        """Fold these partitions of the log, or all, until cancelled."""
        self._reached.partitions = partitions
        pause_s = BACKOFF_S_MIN
        while True:
            events = self.standing.events
            try:
                await self._follow()
            except Exception as fault:
                _logger.exception("%s cannot go on and is tried again", self.name)
                self.standing.last_error = f"{type(fault).__name__}: {fault}"
            if self.standing.events > events:
                pause_s = BACKOFF_S_MIN
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, BACKOFF_S_MAX)

    async def _follow(self) -> None:
        self._reached.begin(await self._store.prepare(self.collection), await self._log.ends())
        self._held.clear()
        self._unsaved = 0
        await self._retry_parked()
        await self._reached.finish_building()
        async with self._reached.kept_saved():
            await self._fold_on()

    async def _fold_on(self) -> None:
        ended = 0.0
        now = asyncio.get_running_loop().time
        async with aclosing(self._batches()) as batches:
            async for batch in batches:
                is_busy = now() - ended < BUSY_S_MAX
                await self._take(batch)
                await self._reached.finish_building()
                if is_busy and len(batch.events) < LARGE_EVENTS_MIN:
                    await asyncio.sleep(LINGER_S)  # many small batches cost more than a few large
                ended = now()

    async def _batches(self) -> AsyncGenerator[Batch]:
        """The log's events by document; while a large batch is written, the next is made ready."""
        following = self._log.follow(
            self.standing.checkpoint, BATCH_EVENTS_MAX, self._reached.partitions
        )
        batch: Batch | None = None
        coming: asyncio.Task[Batch] | None = None
        async with aclosing(following) as log:
            try:
                while True:
                    before, batch = batch, await (coming or self._next(log, None))
                    if before is not None and before.is_upset:
                        batch.folded = None
                    is_large = len(batch.events) >= LARGE_EVENTS_MIN
                    coming = asyncio.create_task(self._next(log, batch)) if is_large else None
                    yield batch
            finally:
                if coming is not None:
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)

    async def _next(self, log: AsyncIterator[list[Recorded]], before: Batch | None) -> Batch:
        """The next batch, folded as far as what the one before it writes can be foreseen."""
        # 1. Find which documents the events touch.
        batch = await self._folding.route(await anext(log))
        if before is not None:
            held, written = self._held, before.touched
            ids = [id for id in batch.touched if id not in held and id not in written]
            found = await self._store.load(self.collection, ids) if ids else {}
            batch.loaded = dict.fromkeys(ids, MISSING) | found
            # 2. Fold them, unless something else is to be loaded once that one is written.
            if before.folded is not None and not before.is_upset:
                after = {each.id: _after(each) for each in before.folded.writes}
                stored = self._known(batch.touched, after, batch)
                if len(stored) == len(batch.touched):
                    batch.folded = await self._folding.fold(batch, stored, stored)
        return batch

    async def _take(self, batch: Batch) -> None:
        events = batch.events
        self.standing.folding_since = self.standing.folding_since or events[0].at
        # 3. Write what was folded, or is now, then the checkpoint.
        checkpoint = {each.partition: each.offset for each in events}
        self._unsaved += len(events)
        if batch.touched or batch.park or self._unsaved >= UNSAVED_EVENTS_MAX:
            self._unsaved = 0
            await self._commit(batch, self.standing.checkpoint | checkpoint)
            self._reached.is_unsaved.clear()
        elif self._store.is_shared:
            self._reached.is_unsaved.set()
        else:
            self._feed.advance(self.collection, checkpoint)
        self.standing.checkpoint |= checkpoint
        self.standing.events += len(events)
        self.standing.folding_since, self.standing.folded_until = None, events[-1].at

    async def _commit(
        self, batch: Batch, checkpoint: Mapping[int, int], *, unpark: Sequence[Parked] = ()
    ) -> None:
        remaining: Sequence[str] = list(batch.touched)
        park = list(batch.park)
        for _ in range(ATTEMPTS_MAX):
            if batch.folded is None:
                before = await self._load(remaining, batch)
                forced = bool(unpark)
                batch.folded = await self._folding.fold(batch, remaining, before, forced=forced)
            writes, set_aside = batch.folded
            losers = await self._store.commit(
                self.collection,
                writes,
                checkpoint=checkpoint,
                park=park + [each for these in set_aside.values() for each in these],
                unpark=unpark,
                is_built=self._reached.is_built,
            )
            lost = set(losers)
            self._hold(write for write in writes if write.id not in lost)
            for id, these in set_aside.items():
                if id not in lost:
                    self._folding.set_aside(these)
                    park += these
            batch.is_upset |= bool(losers or set_aside)
            if not losers:
                self.standing.documents += len(batch.touched)
                return
            # The losers are loaded and folded again.
            for id in losers:
                self._held.pop(id, None)
                batch.loaded.pop(id, None)
            remaining, batch.folded = losers, None
        raise RuntimeError(f"{self.name} {remaining[0]} lost its race {ATTEMPTS_MAX} times")

    async def _load(self, ids: Sequence[str], batch: Batch) -> dict[str, Stored[Any]]:
        found = self._known(ids, {}, batch)
        if missing := [id for id in ids if id not in found]:
            found |= await self._store.load(self.collection, missing)
        return found

    def _known(
        self, ids: Iterable[str], foreseen: Mapping[str, Stored[Any]], batch: Batch
    ) -> dict[str, Stored[Any]]:
        """Those of the documents that are known without asking the store."""
        held, loaded = self._held, batch.loaded
        known = ((id, foreseen.get(id) or held.get(id) or loaded.get(id)) for id in ids)
        return {id: each for id, each in known if each is not None}

    def _hold(self, writes: Iterable[Write[Any]]) -> None:
        for write in writes:
            self._held[write.id] = _after(write)
            self._held.move_to_end(write.id)
        while len(self._held) > DOCUMENTS_HELD_MAX:
            self._held.popitem(last=False)

    async def _retry_parked(self) -> None:
        """Fold what was set aside, in its order: the code may have been mended since."""
        aside: dict[Position, list[Parked]] = {}
        for each in await self._store.parked(self.collection):
            if not self._reached.is_mine(each.position.partition):
                continue
            aside.setdefault(each.position, []).append(each)
        self._folding.forget()
        positions = ascending(aside)
        for start in range(0, len(positions), RETRIED_EVENTS_MAX):
            some = positions[start : start + RETRIED_EVENTS_MAX]
            events = await self._log.at(some)
            if len(events) < len(some):
                raise LookupError(
                    f"of the events set aside the log gives {len(events)} of {len(some)}"
                )
            batch = self._folding.route_again(events, aside)
            await self._commit(batch, {}, unpark=[each for at in some for each in aside[at]])


def _after(write: Write[Any]) -> Stored[Any]:
    """The document as it is kept once it is written."""
    return Stored(write.document, write.before.revision + 1, write.positions)
