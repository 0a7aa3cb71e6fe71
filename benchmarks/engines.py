"""A real Kafka and a real mongod of a benchmark's own, in temporary folders."""

import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from eventlog.envelope import PARTITIONS
from eventlog.kafka_client import Cluster
from eventlog.kafka_node import Place
from readmodels.feed import Feed
from readmodels.mongo import MongoStore, connect
from readmodels.mongo_opening import opened
from tests.servers.kafka import KafkaServer
from tests.servers.mongo import MongoServer

SESSION_S = 6.0
"""The default of the settings."""


@dataclass(frozen=True)
class Engines:
    """Where both are."""

    kafka: KafkaServer
    mongo: MongoServer

    @property
    def cluster(self) -> Cluster:
        return Cluster(servers=self.kafka.bootstrap)

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[str]:
        """The URI of a new database, which is dropped at the end."""
        name = new_name()
        try:
            yield self.mongo.uri_of(name)
        finally:
            client = connect(self.mongo.uri)
            await client.drop_database(name)
            client.close()


def place_of(cluster: Cluster, prefix: str, directory: Path) -> Place:
    """Where a process of an installation works."""
    return Place(
        cluster=cluster,
        prefix=prefix,
        partitions=PARTITIONS,
        directory=directory,
        session_s=SESSION_S,
    )


def new_name() -> str:
    """A name for topics or a database that no other benchmark has."""
    return f"bench-{uuid4().hex[:12]}"


@contextmanager
def engines() -> Generator[Engines]:
    """Both of them; Kafka starts while MongoDB does. Raises NoServer."""
    kafka, mongo = KafkaServer(is_for_load=True), MongoServer()
    try:
        kafka.launch()
        mongo.start()
        kafka.until_it_serves()
        yield Engines(kafka, mongo)
    finally:
        mongo.stop()
        kafka.stop()


@asynccontextmanager
async def store_of(uri: str, feed: Feed) -> AsyncGenerator[MongoStore]:
    """The documents of a database, as a process opens them."""
    async with opened(uri, tell=feed.tell, lost=feed.lost) as store:
        yield store


@contextmanager
def folder() -> Generator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as directory:
        yield Path(directory)
