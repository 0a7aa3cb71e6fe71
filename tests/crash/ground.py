"""What a fleet of servers stands on: a Kafka and a MongoDB of its own, killed at will.

Its log and its documents are read as any other program would, past the servers.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import aiokafka  # type: ignore[import-untyped]

from api.contexts import shipped
from eventlog.codec import Codec
from eventlog.envelope import PARTITIONS, Recorded
from eventlog.kafka_records import recorded_of
from readmodels.mongo import MongoStore, connect
from readmodels.store import Store
from tests.servers.kafka import KafkaServer
from tests.servers.kafka_cluster import KafkaCluster
from tests.servers.mongo import MongoServer
from tests.servers.mongo_set import MongoSet
from tests.servers.process import NoServer
from tests.servers.shared import no_server

__all__ = ["Ground", "ground"]

PREFIX = "shop"
DATABASE = "shop"
TAKE_MS = 200

T = TypeVar("T")

_kafka: Any = aiokafka


class Ground:
    """One broker and one mongod, or three of each, of which one at a time is down.

    A thread of their own starts them, since they end with that thread.
    """

    def __init__(self, directory: Path, thread: ThreadPoolExecutor, *, is_threefold: bool) -> None:
        kafka = KafkaCluster if is_threefold else KafkaServer
        mongo = MongoSet if is_threefold else MongoServer
        self._kafka = kafka(directory / "kafka")
        self._mongo = mongo(directory / "mongo")
        self._thread = thread
        self._codec = Codec(shipped().domain)

    @property
    def env(self) -> dict[str, str]:
        """The settings by which a server finds them."""
        return {
            "KAFKA": self._kafka.bootstrap,
            "KAFKA_PREFIX": PREFIX,
            "MONGO": self._mongo.uri_of(DATABASE),
        }

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def start(self) -> None:
        """Raises NoServer."""
        await self._call(self._kafka.start)
        await self._call(self._mongo.start)

    async def stop(self) -> None:
        await self._call(self._kafka.stop)
        await self._call(self._mongo.stop)

    async def kill_kafka(self, random: Random, for_s: float) -> None:
        """A broker dies, and comes back after a while over what it had."""
        await self._call(self._broker(random).kill)
        await asyncio.sleep(for_s)
        await self._call(self._kafka.start)

    async def kill_mongo(self, for_s: float) -> None:
        """The primary dies, and comes back after a while over what it had."""
        primary = await self._call(self._primary)
        await self._call(primary.kill)
        await asyncio.sleep(for_s)
        await self._call(self._mongo.start)

    async def freeze_kafka(self, random: Random, for_s: float) -> None:
        """A broker does nothing for a while, then all that it was asked meanwhile."""
        await _frozen(self._broker(random), for_s)

    async def freeze_mongo(self, for_s: float) -> None:
        """The primary does nothing for a while, then all that it was asked meanwhile."""
        await _frozen(await self._call(self._primary), for_s)

    def _broker(self, random: Random) -> KafkaServer:
        kafka = self._kafka
        return kafka if isinstance(kafka, KafkaServer) else random.choice([*kafka.nodes.values()])

    def _primary(self) -> MongoServer:
        return self._mongo if isinstance(self._mongo, MongoServer) else self._mongo.primary()

    async def events(self) -> list[Recorded]:
        """Every event that is committed, decoded; those of a partition in order."""
        consumer = _kafka.AIOKafkaConsumer(
            bootstrap_servers=self._kafka.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            found = [recorded_of(each) for each in await _to_end(consumer)]
        finally:
            await consumer.stop()
        found.sort(key=lambda each: each.position)
        for each in found:
            self._codec.event(each)
        return found

    @asynccontextmanager
    async def documents(self) -> AsyncGenerator[Store]:
        """The documents, as a process of one's own sees them that writes none."""
        client = connect(self._mongo.uri)
        try:
            store = MongoStore(client, DATABASE)
            await store.open()
            yield store
        finally:
            client.close()


async def _frozen(server: KafkaServer | MongoServer, for_s: float) -> None:
    server.freeze()
    try:
        await asyncio.sleep(for_s)
    finally:
        server.thaw()


async def _to_end(consumer: Any) -> list[Any]:
    """The records of the events topic up to the last stable offset of this moment."""
    places = [_kafka.TopicPartition(f"{PREFIX}.events", each) for each in range(PARTITIONS)]
    ends: dict[Any, int] = await consumer.end_offsets(places)
    consumer.assign(places)
    found: list[Any] = []
    while any([await consumer.position(place) < end for place, end in ends.items()]):
        for records in (await consumer.getmany(timeout_ms=TAKE_MS)).values():
            found += records
    return found


@asynccontextmanager
async def ground(directory: Path, *, is_threefold: bool = False) -> AsyncGenerator[Ground]:
    """Kafka and mongod, started, and stopped at the end; without them the test is skipped."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        found = Ground(directory, thread, is_threefold=is_threefold)
        try:
            try:
                await found.start()
            except NoServer as fault:
                no_server(fault)
            yield found
        finally:
            await found.stop()
