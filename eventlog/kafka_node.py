"""What one process has of the write side on Kafka, put together: it may own partitions, or not."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.composition import Domain
from eventlog import kafka_topics
from eventlog.codec import Codec
from eventlog.ids import new_id
from eventlog.kafka import DEADLINE_S, Cluster, KafkaLog
from eventlog.kafka_commands import CommandReader
from eventlog.kafka_group import Membership
from eventlog.kafka_owning import Ownership
from eventlog.kafka_sending import Correspondent
from eventlog.kafka_standby import Standby
from eventlog.kafka_topics import Topics
from eventlog.writer import STATES_MAX, Tally, Writer

STATES_MIN = 1_000
"""How many aggregates the writer of one partition holds at least."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a process works, and how many partitions the log has."""

    cluster: Cluster
    prefix: str
    partitions: int
    directory: Path
    """For the caches of its partitions."""
    session_s: float
    """How long a process may be silent before the group takes it for gone."""
    append_s_max: float = DEADLINE_S
    """How long an append may take, well below what the sender of a command waits."""


class Node:
    """One process on Kafka, named anew for each run, with a log and partitions or without."""

    def __init__(self, place: Place, name: str, log: KafkaLog | None, codec: Codec) -> None:
        self.name = name
        self.log = log
        self.ownership: Ownership | None = None
        self.tally = Tally()
        self.place = place
        self.topics = Topics(place.prefix)
        self.sending = Correspondent(place.cluster, self.topics, place.partitions, codec, name)

    @property
    def owner(self) -> Ownership | Correspondent:
        """Who takes in orders, and knows histories."""
        return self.ownership or self.sending

    def membership(self, group: str, topic: str) -> Membership:
        """This process in a group that shares out a topic's partitions."""
        place = self.place
        return Membership(
            place.cluster, f"{place.prefix}-{group}", topic, self.name, place.session_s
        )

    def own(self, log: KafkaLog, domain: Domain, codec: Codec) -> None:
        """Decide for the partitions that the group of writers gives."""
        place, topics = self.place, self.topics
        states_max = max(STATES_MAX // place.partitions, STATES_MIN)
        self.ownership = Ownership(
            log,
            topics,
            self.membership("writers", topics.commands),
            CommandReader(place.cluster, topics, place.partitions),
            Standby(place.cluster, topics, log),
            self.sending,
            domain,
            codec,
            lambda: Writer(
                log, domain, codec, states_max=states_max, ends_at_fault=True, tally=self.tally
            ),
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """At work; at the end what was taken in is decided, and the partitions are given back.

        A fault of whoever uses it leaves as it is, not in a group.
        """
        fault: Exception | None = None
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(self.sending.run())
            owning = group.create_task(self.ownership.run()) if self.ownership else None
            try:
                yield
            except Exception as raised:
                fault = raised
            finally:
                for task in (owning, answering):
                    if task is not None:
                        task.cancel()
                        await asyncio.wait([task])
        if fault is not None:
            raise fault


async def opened(
    place: Place, domain: Domain, codec: Codec, closing: AsyncExitStack, *, owns: bool, reads: bool
) -> Node:
    """A process that may own partitions, and may read the log; closed with the stack.

    Raises WrongTopic, DirectoryTaken, KafkaError, TimeoutError.
    """
    if owns or reads:
        log = await KafkaLog.open(
            place.cluster,
            place.prefix,
            place.directory,
            partitions=place.partitions,
            own=(),
            deadline_s=place.append_s_max,
        )
        closing.push_async_callback(log.close)
        node = Node(place, log.owner, log, codec)
        if owns:
            node.own(log, domain, codec)
    else:
        await kafka_topics.ready(place.cluster, Topics(place.prefix), place.partitions)
        node = Node(place, new_id(), None, codec)
    await node.sending.open()
    return node
