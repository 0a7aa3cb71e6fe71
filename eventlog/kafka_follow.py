"""Reading a topic under read_committed: to its end, or for ever."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from eventlog.envelope import Recorded
from eventlog.kafka_client import Cluster, KafkaConnectionError, Reader, Record
from eventlog.kafka_records import recorded_of

CHUNK_RECORDS_MAX = 5_000
STALL_S_MAX = 20.0
"""How long reading to the end may stand still before it is given up."""
RETRY_S = 0.5
_POLL_MS = 5_000
_LONG_POLL_MS = 500
_SHORT_POLL_MS = 20

_logger = logging.getLogger("headrace.kafka")


@asynccontextmanager
async def reading(cluster: Cluster, *, wait_ms: int = _SHORT_POLL_MS) -> AsyncGenerator[Reader]:
    """A reader, started, and stopped at the end. Raises KafkaConnectionError."""
    reader = Reader(cluster, wait_ms=wait_ms)
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


async def follow(
    cluster: Cluster, topic: str, partitions: int, after: Mapping[int, int], limit: int
) -> AsyncGenerator[list[Recorded], None]:
    """All events above the offset of their partition, then new ones as they come, for ever.

    While no broker can be reached it waits.
    """
    seen = {partition: after.get(partition, -1) for partition in range(partitions)}
    while True:
        try:
            async with reading(cluster, wait_ms=_LONG_POLL_MS) as reader:
                reader.assign(topic, {each: offset + 1 for each, offset in seen.items()})
                while True:
                    records = await reader.take(limit, _POLL_MS)
                    if records:
                        events = [recorded_of(record) for record in records]
                        seen |= {each.partition: each.offset for each in events}
                        yield events
        except KafkaConnectionError as fault:
            _logger.warning("no broker to follow %s, trying again: %s", topic, fault)
            await asyncio.sleep(RETRY_S)
