"""The sample bank on Kafka: processes that own what a group gives them, all within one test."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventlog import kafka_node
from eventlog.codec import Codec
from eventlog.dispatcher import CommandDispatcher
from eventlog.kafka import Cluster
from eventlog.kafka_node import Node, Place
from eventlog.kafka_owning import Ownership
from tests.eventlog.bank import MODEL, NOW, Bank
from tests.servers.kafka_shared import kafka_bootstrap

PARTITIONS = 4
SESSION_S = 2.0


@dataclass
class Branch(Bank):
    """One process: a counter to send commands at, and the node behind it."""

    node: Any = None

    @property
    def serves(self) -> set[int]:
        """The partitions that are decided here at this moment."""
        ownership: Ownership | None = self.node.ownership
        if ownership is None:
            return set()
        return {each for each, seat in ownership.seats.items() if seat.writer is not None}


@asynccontextmanager
async def branch(
    prefix: str,
    directory: Path,
    *,
    owns: bool = True,
    deadline_s: float = 20,
    servers: str | None = None,
) -> AsyncGenerator[Branch]:
    """A process of the bank, at work; at the end it gives its partitions back and leaves."""
    place = Place(
        cluster=Cluster(servers=servers or kafka_bootstrap()),
        prefix=prefix,
        partitions=PARTITIONS,
        directory=directory,
        session_s=SESSION_S,
    )
    domain = MODEL.domain
    codec = Codec(domain)
    async with AsyncExitStack() as closing:
        node: Node = await kafka_node.opened(place, domain, codec, closing, owns=owns, reads=owns)
        dispatcher = CommandDispatcher(
            node.owner, node.owner, domain, clock=lambda: NOW, deadline_s=deadline_s
        )
        async with node.running():
            log: Any = node.owner
            writer: Any = None
            yield Branch(log, writer, dispatcher, node=node)
