"""Which partitions the process has by the word of a consumer group."""

import asyncio
import logging
from collections.abc import Callable

from eventlog.kafka_client import (
    Cluster,
    KafkaError,
    cut,
    group_consumer,
    group_listener,
    group_members,
)

POLL_MS = 200
RETRY_S = 0.5
LEAVE_S_MAX = 5.0

_logger = logging.getLogger("headrace.kafka")


class Membership:
    """One process in a consumer group that shares out the partitions of a topic.

    The group only says whose a partition is: nothing is read through it, and nothing committed to
    it. What it gave stays while a new sharing out is under way, so that nothing stands still
    meanwhile; whoever gives a partition up learns of it with the new sharing.
    """

    def __init__(
        self, cluster: Cluster, group: str, topic: str, name: str, session_s: float
    ) -> None:
        self.assigned: frozenset[int] = frozenset()
        self.is_joined = False
        """Whether the group has given anything yet, be it nothing."""
        self.last_error = ""
        self._cluster = cluster
        self._group = group
        self._topic = topic
        self._name = name
        self._session_s = session_s
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Be a member until cancelled, and then leave, so that others need not wait for that."""
        while True:
            try:
                await self._join()
            except Exception as fault:
                self.last_error = f"{type(fault).__name__}: {fault}"
                _logger.warning(
                    "the group %s is out of reach: %s",
                    *(self._group, self.last_error),
                    exc_info=not isinstance(fault, KafkaError | OSError),
                )
            await asyncio.sleep(RETRY_S)

    async def _join(self) -> None:
        consumer = group_consumer(self._cluster, self._group, self._name, session_s=self._session_s)
        consumer.subscribe([self._topic], listener=group_listener(consumer, self._give))
        try:
            await consumer.start()
            while True:
                # All of it is paused: this only tells the library that somebody is there.
                await consumer.getmany(timeout_ms=POLL_MS)
                self.last_error = ""
        finally:
            try:
                async with asyncio.timeout(LEAVE_S_MAX):
                    await consumer.stop()
            except TimeoutError:
                await cut(consumer)

    async def _give(self, partitions: frozenset[int]) -> None:
        """The group has shared out the partitions anew."""
        async with self._changed:
            self.is_joined = True
            self.assigned = partitions
            self._changed.notify_all()

    async def until(self, holds: Callable[[frozenset[int]], bool]) -> frozenset[int]:
        """What the group gives, once that holds of it."""
        async with self._changed:
            await self._changed.wait_for(lambda: holds(self.assigned))
            return self.assigned

    async def has(self, name: str) -> bool:
        """Whether a process of that name is in the group, to which this one belongs.

        A coordinator that has just taken the group over knows nobody for a moment, and gives that
        for an answer. Raises KafkaError, TimeoutError.
        """
        admin = self._cluster.admin()
        try:
            await admin.start()
            members = await group_members(admin, self._group)
        finally:
            await admin.close()
        if self._name not in members:
            raise TimeoutError(f"the coordinator of {self._group} does not know who is in it")
        return name in members
