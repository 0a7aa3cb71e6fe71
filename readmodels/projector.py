"""Events into documents, exactly once: batches folded in memory, each document written once."""

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence, Set
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from eventlog.envelope import Position, Recorded
from eventlog.log import Log
from readmodels.feed import Feed
from readmodels.fold import (
    Fold,
    ascending,
    document_key,
    fold_until_fault,
    follows,
    parked,
    stream_key,
)
from readmodels.reached import Reached
from readmodels.standing import Standing
from readmodels.store import MISSING, Parked, Store, Stored, Write

BATCH_EVENTS_MAX = 1_000
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


@dataclass(slots=True)
class _Batch:
    """Events by the document that they touch, and those set aside with their streams."""

    events: Sequence[Recorded]
    touched: defaultdict[str, list[Recorded]] = field(default_factory=lambda: defaultdict(list))
    park: list[Parked] = field(default_factory=list[Parked])
    loaded: dict[str, Stored[Any]] = field(default_factory=dict[str, Stored[Any]])
    """Documents as they were while the batch before was written, which none of them is part of."""


class Projector:
    """Folds one collection from the log, from its checkpoint on, for ever.

    What fails as a whole (the store is full, the log cannot be read) is tried again with a
    growing pause; what fails for one document parks that document.
    """

    def __init__(self, fold: Fold, log: Log, store: Store, feed: Feed) -> None:
        self._fold = fold
        self.collection = fold.collection
        self._log = log
        self._store = store
        self._feed = feed
        self._held: OrderedDict[str, Stored[Any]] = OrderedDict()
        self._parked: set[str] = set()
        self._unsaved = 0
        self.standing = Standing()
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
                if is_busy and len(batch.events) < BATCH_EVENTS_MAX:
                    await asyncio.sleep(LINGER_S)  # many small batches cost more than a few large
                ended = now()

    async def _batches(self) -> AsyncGenerator[_Batch]:
        """The log's events by document; while a full batch is folded, the next is made ready."""
        following = self._log.follow(
            self.standing.checkpoint, BATCH_EVENTS_MAX, self._reached.partitions
        )
        coming: asyncio.Task[_Batch] | None = None
        async with aclosing(following) as log:
            try:
                while True:
                    batch = await (coming or self._next(log, None))
                    is_full = len(batch.events) == BATCH_EVENTS_MAX
                    coming = asyncio.create_task(self._next(log, batch)) if is_full else None
                    yield batch
            finally:
                if coming is not None:
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)

    async def _next(self, log: AsyncIterator[list[Recorded]], before: _Batch | None) -> _Batch:
        """The next batch, with those of its documents that the one before it does not write."""
        batch = self._route(await anext(log))
        if before is not None:
            known, written = self._held, before.touched
            ids = [id for id in batch.touched if id not in known and id not in written]
            found = await self._store.load(self.collection, ids) if ids else {}
            batch.loaded = dict.fromkeys(ids, MISSING) | found
        return batch

    async def _take(self, batch: _Batch) -> None:
        events = batch.events
        self.standing.folding_since = self.standing.folding_since or events[0].at
        # 2. Fold each document's events, and 3. write all of them, then the checkpoint.
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

    def _route(self, events: Sequence[Recorded]) -> _Batch:
        # 1. Find which documents the events touch; set aside those of parked streams.
        batch = _Batch(events)
        types, keys_of, touched = self._fold.types, self._fold.keys, batch.touched
        for recorded in events:
            if recorded.type not in types:
                continue
            if self._parked and (key := stream_key(recorded.stream)) in self._parked:
                batch.park += follows(key, [recorded])
                continue
            try:
                keys = keys_of(recorded)
            except Exception as fault:  # not even its document is known: park its stream
                self._set_aside([parked(stream_key(recorded.stream), recorded, fault)], batch.park)
                continue
            for key in keys if len(keys) == 1 else dict.fromkeys(keys):
                touched[key].append(recorded)
        return batch

    async def _commit(
        self, batch: _Batch, checkpoint: Mapping[int, int], *, unpark: Sequence[Parked] = ()
    ) -> None:
        remaining: Sequence[str] = list(batch.touched)
        park = list(batch.park)
        for _ in range(ATTEMPTS_MAX):
            before = await self._load(remaining, batch.loaded)
            writes, set_aside = self._fold_all(remaining, before, batch, forced=bool(unpark))
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
                    self._set_aside(these, park)
            if not losers:
                self.standing.documents += len(batch.touched)
                return
            # The losers are loaded and folded again.
            for id in losers:
                self._held.pop(id, None)
                batch.loaded.pop(id, None)
            remaining = losers
        raise RuntimeError(f"{self.name} {remaining[0]} lost its race {ATTEMPTS_MAX} times")

    async def _load(
        self, ids: Sequence[str], loaded: Mapping[str, Stored[Any]]
    ) -> dict[str, Stored[Any]]:
        found = {id: loaded[id] for id in ids if id in loaded}
        found |= {id: self._held[id] for id in ids if id in self._held}
        if missing := [id for id in ids if id not in found]:
            found |= await self._store.load(self.collection, missing)
        return found

    def _hold(self, writes: Iterable[Write[Any]]) -> None:
        for write in writes:
            revision = write.before.revision + 1
            self._held[write.id] = Stored(write.document, revision, write.positions)
            self._held.move_to_end(write.id)
        while len(self._held) > DOCUMENTS_HELD_MAX:
            self._held.popitem(last=False)

    def _fold_all(
        self, ids: Iterable[str], stored: Mapping[str, Stored[Any]], batch: _Batch, *, forced: bool
    ) -> tuple[list[Write[Any]], dict[str, list[Parked]]]:
        writes: list[Write[Any]] = []
        set_aside: dict[str, list[Parked]] = {}
        for id in ids:
            before, events = stored.get(id, MISSING), batch.touched[id]
            if self._parked and (key := document_key(id)) in self._parked:
                set_aside[id] = follows(key, events)
                continue
            try:
                if forced:
                    raise _Forced
                document, positions = self._fold.fold(id, before.document, before.positions, events)
            except Exception:  # one of them is at fault, or all are to be folded one by one
                document, positions, rest = fold_until_fault(
                    self._fold, id, before, events, forced=forced
                )
                if rest:
                    set_aside[id] = rest
            if positions != before.positions or document is not before.document:
                writes.append(Write(id, before, document, positions))
        return writes, set_aside

    def _set_aside(self, these: Sequence[Parked], into: list[Parked]) -> None:
        """Keep in mind that what follows is to be set aside too."""
        into += these
        for each in these:
            if each.key not in self._parked:  # the fault itself, not what follows it
                self._parked.add(each.key)
                self.standing.last_error = each.error
        self.standing.parked = len(self._parked)

    async def _retry_parked(self) -> None:
        """Fold what was set aside, in its order: the code may have been mended since."""
        aside: dict[Position, list[Parked]] = {}
        for each in await self._store.parked(self.collection):
            if not self._reached.is_mine(each.position.partition):
                continue
            aside.setdefault(each.position, []).append(each)
        self._parked.clear()
        self.standing.parked = 0
        positions = ascending(aside)
        for start in range(0, len(positions), BATCH_EVENTS_MAX):
            some = positions[start : start + BATCH_EVENTS_MAX]
            batch = self._route_again(await self._log.at(some), aside)
            await self._commit(batch, {}, unpark=[each for at in some for each in aside[at]])

    def _route_again(
        self, events: Sequence[Recorded], aside: Mapping[Position, Sequence[Parked]]
    ) -> _Batch:
        """The events by those documents that set them aside: the others have folded them."""
        batch = _Batch(events)
        for recorded in events:
            keys = {each.key for each in aside[recorded.position]}
            is_whole = stream_key(recorded.stream) in keys
            routed = self._route([recorded])
            batch.park += routed.park
            for id, mine in routed.touched.items():
                if is_whole or document_key(id) in keys:
                    batch.touched[id].extend(mine)
        return batch


class _Forced(Exception):
    """Events are to be folded one by one, whatever the positions say."""
