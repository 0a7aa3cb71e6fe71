"""Bringing the cache of a partition to where the log is."""

import logging
from contextlib import aclosing

from eventlog.envelope import Recorded
from eventlog.kafka_cache import Ahead, Cache, Standing
from eventlog.kafka_client import Cluster, Reader
from eventlog.kafka_follow import reading, to_end
from eventlog.kafka_records import kept_of, recorded_of
from eventlog.kafka_topics import Topics

_logger = logging.getLogger("headrace.kafka")


async def restore(
    cluster: Cluster, topics: Topics, partition: int, cache: Cache, *, is_fenced: bool
) -> Standing:
    """Fill the cache to the last stable offset as it is now; how far it is then.

    A cache goes on from where it stood; one of another log, as when the topics were deleted and
    made again, is filled anew. Unless all others were fenced before, a commit may be under way,
    and what of it cannot be taken in yet is left. Raises KafkaError, TimeoutError.
    """
    async with cache.filling, reading(cluster) as reader:
        if cache.is_live:
            return await cache.standing()
        events_at, states_at = (topics.events, partition), (topics.states, partition)
        ends = await reader.ends((events_at, states_at))
        standing = await cache.standing()
        events = _Events(reader, topics.events, partition, cache)
        if standing.last and not await events.read(standing.last, ends[events_at]):
            _logger.warning(
                "partition %d of %s is not the one that the cache was filled from",
                *(partition, topics.events),
            )
            await cache.forget()
            standing = await cache.standing()
        if standing.last is None:
            await events.read(None, ends[events_at])
        chunks = to_end(reader, topics.states, partition, standing.states_next, ends[states_at])
        try:
            async with aclosing(chunks):
                async for records in chunks:
                    kept = [each for record in records if (each := kept_of(record))]
                    await cache.keep((), kept, records[-1].offset + 1)
        except Ahead:
            if is_fenced:
                raise
        return await cache.standing()


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
