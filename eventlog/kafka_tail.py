"""One consumer for all followers of a process: the newest events, kept in memory for them."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing, suppress
from typing import NamedTuple

from eventlog import kafka_follow
from eventlog.envelope import Recorded
from eventlog.kafka_client import Cluster, KafkaConnectionError
from eventlog.kafka_events import Read
from eventlog.kafka_follow import RETRY_S, reading_events

TAIL_EVENTS_MAX = 20_000
TAIL_BYTES_MAX = 64 * 1024 * 1024
CHUNK_EVENTS_MAX = 2_000
HOLD_S_MAX = 2.0
"""A follower that moves at least this often is waited for; one that stands falls behind."""
_WAIT_MS = 500

_logger = logging.getLogger("headrace.kafka")


class Reach(NamedTuple):
    """How far a partition was read, as of the last answer of the brokers."""

    last: int
    """The offset of the last event that was read."""
    unread: int
    """How many offsets follow it that can be read."""
    hanging: int
    """How many offsets follow those, of transactions that are not decided yet."""


class _Chunk(NamedTuple):
    """What was kept at once: how many events, of how many bytes, and their last offsets."""

    events: int
    bytes: int
    lasts: Mapping[int, int]


class _Place:
    """Where a follower stands among all events that the tail ever had, and since when."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.moved_at = time.monotonic()

    def move(self, at: int) -> None:
        self.at, self.moved_at = at, time.monotonic()


class Tail:
    """The newest events of some partitions, read once and in order, for any number of followers.

    It begins where the first follower does. It waits for followers that keep moving; one that
    stands, or begins further back, reads with a consumer of its own until it has caught up.
    """

    def __init__(self, cluster: Cluster, topic: str, partitions: Collection[int]) -> None:
        self.partitions = frozenset(partitions)
        self.reaches: dict[int, Reach] = {}
        self._cluster = cluster
        self._topic = topic
        self._events: list[Recorded] = []
        self._chunks: deque[_Chunk] = deque()
        self._bytes = 0
        self._first = 0
        """The place of the first event that is kept."""
        self._from: dict[int, int] = {}
        """By partition: every event above this offset that was read is kept."""
        self._followers = 0
        self._places: set[_Place] = set()
        self._arrived = asyncio.Event()
        self._moved = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Read no more; who still follows is cut off, and may follow anew."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])
        self._arrived.set()

    async def follow(
        self, after: Mapping[int, int], limit: int
    ) -> AsyncGenerator[list[Recorded], None]:
        """All events above the offset of their partition, then new ones as they come, for ever.

        Raises what reading failed with; the next to follow begins anew.
        """
        seen = {each: after.get(each, -1) for each in self.partitions}
        self._begin(seen)
        self._followers += 1
        try:
            while True:
                source = self._kept(seen, limit) if self._covers(seen) else self._alone(seen, limit)
                async with aclosing(source) as batches:
                    async for events in batches:
                        seen |= {each.partition: each.offset for each in events}
                        yield events
        finally:
            self._followers -= 1
            if not self._followers:
                await self.close()

    async def _alone(
        self, seen: Mapping[int, int], limit: int
    ) -> AsyncGenerator[list[Recorded], None]:
        """What comes above these offsets, by a consumer of its own, until the tail covers them."""
        alone = kafka_follow.follow(self._cluster, self._topic, seen, limit)
        async with aclosing(alone) as batches:
            async for events in batches:
                yield events
                if self._covers(seen):
                    return

    def _begin(self, seen: Mapping[int, int]) -> None:
        if self._reading is not None and not self._reading.done():
            return
        # Nobody who followed before is to take what is read from now on for what comes next.
        self._first += len(self._events) + 1
        self._events, self._chunks, self._bytes = [], deque(), 0
        self._from = dict(seen)
        self._reading = asyncio.create_task(self._read(dict(seen)))

    def _covers(self, seen: Mapping[int, int]) -> bool:
        return all(offset >= self._from[each] for each, offset in seen.items())

    async def _kept(
        self, seen: Mapping[int, int], limit: int
    ) -> AsyncGenerator[list[Recorded], None]:
        """What is kept above these offsets and comes to be kept, while it covers them."""
        place = _Place(self._first)
        self._places.add(place)
        try:
            while place.at >= self._first:
                self._arrived.clear()
                start = place.at - self._first
                events = self._events[start : start + limit]
                if not events:
                    await self._next(place)
                    continue
                newer = [each for each in events if each.offset > seen[each.partition]]
                if newer:
                    yield newer
                place.move(place.at + len(events))
                self._moved.set()
        finally:
            self._places.discard(place)
            self._moved.set()

    async def _next(self, place: _Place) -> None:
        """Wait for events. Raises what ended the reading."""
        reading = self._reading
        if reading is None or reading.done():
            if reading is not None and not reading.cancelled():
                reading.result()
            raise ConnectionAbortedError(f"{self._topic} is not read any more")
        await self._arrived.wait()
        place.move(place.at)

    async def _read(self, seen: dict[int, int]) -> None:
        try:
            while True:
                with suppress(_Unreachable):
                    await self._read_on(seen)
                await asyncio.sleep(RETRY_S)
        finally:
            self._arrived.set()

    async def _read_on(self, seen: dict[int, int]) -> None:
        try:
            async with reading_events(self._cluster, wait_ms=_WAIT_MS) as reader:
                reader.assign(self._topic, {each: offset + 1 for each, offset in seen.items()})
                while True:
                    read = await reader.read(CHUNK_EVENTS_MAX, _WAIT_MS)
                    if read.events:
                        await self._make_room(len(read.events))
                        seen |= read.lasts
                        self._keep(read)
                    for each in self.partitions:
                        unread, hanging = await reader.ahead(self._topic, each)
                        self.reaches[each] = Reach(seen[each], unread, hanging)
        except KafkaConnectionError as fault:
            _logger.warning("no broker to follow %s, trying again: %s", self._topic, fault)
            raise _Unreachable from fault

    def _keep(self, read: Read) -> None:
        size = sum([len(each.data) for each in read.events])
        self._chunks.append(_Chunk(len(read.events), size, read.lasts))
        self._events += read.events
        self._bytes += size
        self._arrived.set()

    async def _make_room(self, count: int) -> None:
        """Drop the oldest, once all who move have passed them."""
        left, size = len(self._events), self._bytes
        dropped: list[_Chunk] = []
        for each in self._chunks:
            if left + count <= TAIL_EVENTS_MAX and size <= TAIL_BYTES_MAX:
                break
            dropped.append(each)
            left, size = left - each.events, size - each.bytes
        excess = len(self._events) - left
        while any(self._holds_up(place, self._first + excess) for place in self._places):
            self._moved.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(HOLD_S_MAX):
                    await self._moved.wait()
        for each in dropped:
            self._from |= each.lasts
            self._chunks.popleft()
        self._bytes = size
        del self._events[:excess]
        self._first += excess

    def _holds_up(self, place: _Place, before: int) -> bool:
        return place.at < before and time.monotonic() - place.moved_at < HOLD_S_MAX


class _Unreachable(Exception):
    """No broker can be reached; to be tried again."""
