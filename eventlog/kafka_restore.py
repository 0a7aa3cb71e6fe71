"""Bringing the cache of a partition to where the log is."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from eventlog.envelope import Recorded
from eventlog.kafka_cache import Ahead, Cache, Standing
from eventlog.kafka_client import Cluster, Reader
from eventlog.kafka_follow import RETRY_S, reading, to_end
from eventlog.kafka_records import kept_of, recorded_of
from eventlog.kafka_topics import Topics

STALE_S_MAX = 10.0
"""For how long brokers may tell of the past: one that was cut off steps down after seconds."""

_logger = logging.getLogger("headrace.kafka")


async def restore(
    cluster: Cluster,
    topics: Topics,
    partition: int,
    cache: Cache,
    floors: Mapping[tuple[str, int], int] | None = None,
) -> Standing:
    """Fill the cache to the last stable offset as it is now; how far it is then.

    A cache goes on from where it stood. `floors` are the least ends of topics' partitions that are
    known. Who has fenced all others knows that of the events, and then a cache of another log, as
    when the topics were deleted and made again, is filled anew; for all others a commit may be
    under way, and what of it cannot be taken in yet is left. Raises KafkaError, TimeoutError.
    """
    events_at, states_at = (topics.events, partition), (topics.states, partition)
    floors = floors or {}
    is_fenced = events_at in floors
    async with cache.filling:
        if cache.is_live:
            return await cache.standing()
        async with _reading(cluster, (events_at, states_at), floors) as (reader, ends):
            standing = await cache.standing()
            events = _Events(reader, topics.events, partition, cache)
            is_behind = standing.last is not None and standing.last.offset >= ends[events_at]
            if is_behind and not is_fenced:
                pass  # a broker that leads no more, or another log: the next owner will know
            elif standing.last and not await events.read(standing.last, ends[events_at]):
                _logger.warning(
                    "partition %d of %s is not the one that the cache was filled from",
                    *(partition, topics.events),
                )
                await cache.forget()
                standing = await cache.standing()
            if standing.last is None:
                await events.read(None, ends[events_at])
            chunks = to_end(reader, *states_at, standing.states_next, ends[states_at])
            try:
                async with aclosing(chunks):
                    async for records in chunks:
                        kept = [each for record in records if (each := kept_of(record))]
                        await cache.keep((), kept, records[-1].offset + 1)
            except Ahead:
                if is_fenced:
                    raise
            return await cache.standing()


@asynccontextmanager
async def _reading(
    cluster: Cluster, places: Sequence[tuple[str, int]], floors: Mapping[tuple[str, int], int]
) -> AsyncGenerator[tuple[Reader, Mapping[tuple[str, int], int]]]:
    """A reader, and the ends of the places, none of them below its floor.

    A broker that was cut off from the others does not know that it leads no more, and tells an end
    that it was: each reader learns anew, from any broker, who leads. Raises TimeoutError.
    """
    deadline = time.monotonic() + STALE_S_MAX
    while True:
        async with reading(cluster) as reader:
            ends = await reader.ends(places)
            late = {each: end for each, end in ends.items() if end < floors.get(each, 0)}
            if not late:
                yield reader, ends
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"Kafka tells ends that were: {late}, which lie below {floors}")
        await asyncio.sleep(RETRY_S)


class _Events:
    """The events of a partition on their way into its cache."""

    def __init__(self, reader: Reader, topic: str, partition: int, cache: Cache) -> None:
        self._reader = reader
        self._topic = topic
        self._partition = partition
        self._cache = cache

    async def read(self, last: Recorded | None, end: int) -> bool:
        """Read those above the last one that is known; False where that is not in the log."""
        start = last.offset if last else 0
        if last and start >= end:
            return False
        chunks = to_end(self._reader, self._topic, self._partition, start, end)
        async with aclosing(chunks):
            async for records in chunks:
                events = [recorded_of(record) for record in records]
                if last is not None:
                    if (events[0].offset, events[0].id) != (last.offset, last.id):
                        return False
                    last, events = None, events[1:]
                await self._cache.keep(events, (), None)
        return last is None
