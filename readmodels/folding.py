"""Batches of events: which documents they touch, what becomes of those, and what is set aside."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventlog.envelope import Position, Recorded
from readmodels.fold import Fold, document_key, fold_until_fault, follows, parked, stream_key
from readmodels.standing import Standing
from readmodels.store import MISSING, Parked, Stored, Write

STEP_EVENTS_MAX = 1_000
"""How many are worked on in one turn of the loop: then others get theirs."""


class Folded(NamedTuple):
    """What is to be written, and by document what is to be set aside."""

    writes: Sequence[Write[Any]]
    set_aside: Mapping[str, Sequence[Parked]]


@dataclass(slots=True)
class Batch:
    """Events by the document that they touch, and those set aside with their streams."""

    events: Sequence[Recorded]
    touched: defaultdict[str, list[Recorded]] = field(default_factory=lambda: defaultdict(list))
    park: list[Parked] = field(default_factory=list[Parked])
    loaded: dict[str, Stored[Any]] = field(default_factory=dict[str, Stored[Any]])
    """Documents as they were while the batch before was written, which none of them is part of."""
    folded: Folded | None = None
    """What comes of all of it, if what came before is written as it was folded first."""
    is_upset: bool = False
    """Whether it was not: a race was lost, or a document was set aside."""


class Folding:
    """Folds the batches of one collection. What is set aside is kept in mind: more follows it."""

    def __init__(self, fold: Fold, standing: Standing) -> None:
        self._fold = fold
        self._standing = standing
        self._parked: set[str] = set()

    async def route(self, events: Sequence[Recorded]) -> Batch:
        """Find which documents the events touch; set aside those of parked streams."""
        batch = Batch(events)
        for start in range(0, len(events), STEP_EVENTS_MAX):
            if start:
                await asyncio.sleep(0)
            self._route(events[start : start + STEP_EVENTS_MAX], batch)
        return batch

    def _route(self, events: Iterable[Recorded], batch: Batch) -> None:
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
                aside = [parked(stream_key(recorded.stream), recorded, fault)]
                self.set_aside(aside)
                batch.park += aside
                continue
            for key in keys if len(keys) == 1 else dict.fromkeys(keys):
                touched[key].append(recorded)

    def route_again(
        self, events: Sequence[Recorded], aside: Mapping[Position, Sequence[Parked]]
    ) -> Batch:
        """The events by those documents that set them aside: the others have folded them."""
        batch = Batch(events)
        for recorded in events:
            keys = {each.key for each in aside[recorded.position]}
            is_whole = stream_key(recorded.stream) in keys
            routed = Batch([recorded])
            self._route(routed.events, routed)
            batch.park += routed.park
            for id, mine in routed.touched.items():
                if is_whole or document_key(id) in keys:
                    batch.touched[id].extend(mine)
        return batch

    async def fold(
        self,
        batch: Batch,
        ids: Iterable[str],
        stored: Mapping[str, Stored[Any]],
        *,
        forced: bool = False,
    ) -> Folded:
        """Fold these documents' events over what is stored of them.

        With `forced`, whatever the positions say: they were set aside.
        """
        writes: list[Write[Any]] = []
        set_aside: dict[str, Sequence[Parked]] = {}
        done = 0
        for id in ids:
            before, events = stored.get(id, MISSING), batch.touched[id]
            done += len(events)
            if done > STEP_EVENTS_MAX:
                await asyncio.sleep(0)
                done = len(events)
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
        return Folded(writes, set_aside)

    def set_aside(self, these: Iterable[Parked]) -> None:
        """Keep in mind that what follows is to be set aside too."""
        for each in these:
            if each.key not in self._parked:  # the fault itself, not what follows it
                self._parked.add(each.key)
                self._standing.last_error = each.error
        self._standing.parked = len(self._parked)

    def forget(self) -> None:
        """Take up again what was set aside."""
        self._parked.clear()
        self._standing.parked = 0


class _Forced(Exception):
    """Events are to be folded one by one, whatever the positions say."""
