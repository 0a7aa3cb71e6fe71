"""Reading the commands of the partitions that this process serves."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from eventlog.kafka_client import Cluster, KafkaConnectionError, KafkaError, Reader, Record
from eventlog.kafka_follow import RETRY_S, reading
from eventlog.kafka_topics import Topics

AT_ONCE_MAX = 500
FULL_S = 0.01
_WAIT_MS = 100
_POLL_MS = 50

_logger = logging.getLogger("headrace.kafka")


@dataclass
class _Served:
    """Where a partition is read on, and who takes in what comes."""

    next: int
    take_in: Callable[[Record], None]
    room: Callable[[], int]


class CommandReader:
    """One consumer for all of them; each is read on from where its owner says."""

    def __init__(self, cluster: Cluster, topics: Topics, partitions: int) -> None:
        self._cluster = cluster
        self._topic = topics.commands
        self._partitions = partitions
        self._served: dict[int, _Served] = {}
        self._changed = asyncio.Event()

    def serve(
        self,
        partition: int,
        start: int,
        take_in: Callable[[Record], None],
        room: Callable[[], int],
    ) -> None:
        """Read the partition from this offset on, as long as there is room for more."""
        self._served[partition] = _Served(start, take_in, room)
        self._changed.set()

    def stop(self, partition: int) -> None:
        """Read it no more."""
        self._served.pop(partition, None)
        self._changed.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            try:
                await self._read()
            except KafkaConnectionError as fault:
                _logger.warning("no broker to read commands from: %s", fault)
            except (KafkaError, RuntimeError):
                _logger.exception("commands cannot be read, which is tried again")
            await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        async with reading(self._cluster, wait_ms=_WAIT_MS) as reader:
            kept_from = await reader.starts(self._topic, range(self._partitions))
            self._changed.set()
            while True:
                if not self._served:
                    await self._changed.wait()
                if self._changed.is_set():
                    self._changed.clear()
                    places = {p: max(s.next, kept_from[p]) for p, s in self._served.items()}
                    reader.assign(self._topic, places)
                elif min(each.room() for each in self._served.values()) < AT_ONCE_MAX:
                    await asyncio.sleep(FULL_S)
                else:
                    await self._take(reader)

    async def _take(self, reader: Reader) -> None:
        for record in await reader.take(AT_ONCE_MAX, _POLL_MS):
            served = self._served.get(record.partition)
            if served is not None and record.offset >= served.next:
                served.next = record.offset + 1
                served.take_in(record)
