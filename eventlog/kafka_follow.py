"""Reading a topic under read_committed: to its end, or for ever."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TypeVar

from eventlog.envelope import Recorded
from eventlog.kafka_client import Cluster, KafkaConnectionError, Reader, Record
from eventlog.kafka_events import EventReader
from eventlog.kafka_records import recorded_of

R = TypeVar("R", bound=Reader)

CHUNK_RECORDS_MAX = 5_000
STALL_S_MAX = 20.0
"""How long reading to the end may stand still before it is given up."""
RETRY_S = 0.5
LOOK_BACK_OFFSETS_MIN = 4
_POLL_MS = 5_000
_LONG_POLL_MS = 500
_SHORT_POLL_MS = 20

_logger = logging.getLogger("headrace.kafka")


def reading(
    cluster: Cluster, *, wait_ms: int = _SHORT_POLL_MS
) -> AbstractAsyncContextManager[Reader]:
    """A reader, started, and stopped at the end. Raises KafkaConnectionError."""
    return _started(Reader(cluster, wait_ms=wait_ms))


def reading_events(
    cluster: Cluster, *, wait_ms: int = _SHORT_POLL_MS
) -> AbstractAsyncContextManager[EventReader]:
    """A reader of events, started, and stopped at the end. Raises KafkaConnectionError."""
    return _started(EventReader(cluster, wait_ms=wait_ms))


@asynccontextmanager
async def _started(reader: R) -> AsyncGenerator[R]:
    try:
        await reader.start()
        yield reader
    finally:
        await reader.stop()


async def to_end(
    reader: Reader, topic: str, partition: int, start: int, end: int
) -> AsyncGenerator[list[Record], None]:
    """The records from offset `start` to below the last stable offset `end`.

    The reader's position says when it is there, never the offset of the last record: transaction
    markers and aborted records take offsets and are not given out.
    Raises TimeoutError where it does not come further.
    """
    if start >= end:
        return
    reader.assign(topic, {partition: start})
    position, moved_at = start, time.monotonic()
    while position < end:
        records = await reader.take(CHUNK_RECORDS_MAX, _SHORT_POLL_MS * 10)
        if records:
            yield records
        before, position = position, await reader.position(topic, partition)
        if position != before:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > STALL_S_MAX:
            raise TimeoutError(
                f"reading {topic} stands still at {partition}:{position}, before its end {end}"
            )


async def lasts(cluster: Cluster, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """The offset of the last record of each partition, -1 where there is none.

    Found by going back from the last stable offset: before it stand markers, and what was aborted.
    """
    found: dict[int, int] = {}
    back = LOOK_BACK_OFFSETS_MIN
    async with reading(cluster) as reader:
        ends = await reader.ends((topic, each) for each in partitions)
        missing = {partition: end for (_, partition), end in ends.items()}
        while missing:
            starts = {each: max(0, end - back) for each, end in missing.items()}
            for each in await _between(reader, topic, starts, missing):
                found[each.partition] = max(each.offset, found.get(each.partition, -1))
            none = {each: -1 for each, start in starts.items() if start == 0}
            found = none | found
            missing = {each: end for each, end in missing.items() if each not in found}
            back *= 16
    return found


async def _between(
    reader: Reader, topic: str, starts: Mapping[int, int], ends: Mapping[int, int]
) -> list[Record]:
    """The records of several partitions from one offset of each to below another."""
    left = {each: start for each, start in starts.items() if start < ends[each]}
    if not left:
        return []
    reader.assign(topic, left)
    found: list[Record] = []
    moved_at = time.monotonic()
    while left:
        records = await reader.take(CHUNK_RECORDS_MAX, _SHORT_POLL_MS)
        found += [each for each in records if each.offset < ends[each.partition]]
        positions = {each: await reader.position(topic, each) for each in left}
        if positions != left:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > STALL_S_MAX:
            raise TimeoutError(f"reading the end of {topic} stands still at {positions}")
        left = {each: at for each, at in positions.items() if at < ends[each]}
    return found


async def at(
    cluster: Cluster, topic: str, partition: int, offsets: Iterable[int]
) -> list[Recorded]:
    """The events that stand at these offsets of a partition."""
    found: list[Recorded] = []
    async with reading(cluster) as reader:
        end = (await reader.ends([(topic, partition)]))[topic, partition]
        missing: set[int] = {each for each in offsets if each < end}
        while missing:
            chunks = to_end(reader, topic, partition, min(missing), end)
            async with aclosing(chunks):
                nothing: list[Record] = []
                records = await anext(chunks, nothing)
            if not records:
                break
            found += [recorded_of(each) for each in records if each.offset in missing]
            missing = {each for each in missing if each > records[-1].offset}
    return found


async def follow(
    cluster: Cluster, topic: str, after: Mapping[int, int], limit: int
) -> AsyncGenerator[list[Recorded], None]:
    """All events above the offset of their partition, then new ones as they come, for ever.

    While no broker can be reached it waits.
    """
    seen = dict(after)
    while True:
        try:
            async with reading_events(cluster, wait_ms=_LONG_POLL_MS) as reader:
                reader.assign(topic, {each: offset + 1 for each, offset in seen.items()})
                while True:
                    events, lasts = await reader.read(limit, _POLL_MS)
                    if events:
                        seen |= lasts
                        yield events
        except KafkaConnectionError as fault:
            _logger.warning("no broker to follow %s, trying again: %s", topic, fault)
            await asyncio.sleep(RETRY_S)
