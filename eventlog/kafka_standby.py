"""Keeping at hand what others own, so that taking a partition is a matter of moments."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from eventlog.kafka import KafkaLog
from eventlog.kafka_client import Cluster, Reader
from eventlog.kafka_follow import reading
from eventlog.kafka_topics import Topics

EVERY_S = 1.0
RETRY_S = 0.5

_logger = logging.getLogger("headrace.kafka")


class Standby:
    """Brings the caches of partitions to where the log is, again and again."""

    def __init__(self, cluster: Cluster, topics: Topics, log: KafkaLog) -> None:
        self._cluster = cluster
        self._topics = topics
        self._log = log
        self._filled: dict[int, tuple[int, int]] = {}

    async def fill(self, partitions: Iterable[int]) -> None:
        """Bring all of these to where the log is, however long that takes."""
        while True:
            try:
                async with reading(self._cluster) as reader:
                    await self._fill(reader, list(partitions))
                return
            except (RuntimeError, OSError, TimeoutError) as fault:  # KafkaError is the former
                _logger.warning("the log cannot be read, which is tried again: %s", fault)
                await asyncio.sleep(RETRY_S)

    async def keep(self, partitions: Callable[[], list[int]]) -> None:
        """Do so until cancelled, for those that `partitions` gives each time."""
        while True:
            try:
                async with reading(self._cluster) as reader:
                    while True:
                        await asyncio.sleep(EVERY_S)
                        await self._fill(reader, partitions())
            except (RuntimeError, OSError, TimeoutError) as fault:  # KafkaError is the former
                _logger.warning("the log cannot be followed, which is tried again: %s", fault)
                await asyncio.sleep(RETRY_S)

    async def _fill(self, reader: Reader, partitions: list[int]) -> None:
        """Read what is new of each; one that stands where it stood is not looked at."""
        topics = (self._topics.events, self._topics.states)
        ends = await reader.ends((topic, each) for topic in topics for each in partitions)
        for partition in partitions:
            now = (ends[topics[0], partition], ends[topics[1], partition])
            if self._filled.get(partition) != now:
                await self._log.warm(partition)
                self._filled[partition] = now
