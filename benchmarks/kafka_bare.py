"""The limits over Kafka and MongoDB: their clients alone, with nothing of ours around them."""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiokafka  # type: ignore[import-untyped]
from pymongo import InsertOne, ReplaceOne
from pymongo.write_concern import WriteConcern

from benchmarks.engines import Engines, new_name
from eventlog import kafka_topics
from eventlog.envelope import PARTITIONS
from eventlog.kafka_client import MESSAGE_BYTES_MAX, Message
from eventlog.kafka_topics import Topics
from readmodels.mongo import connect

_kafka: Any = aiokafka
_POLL_MS = 500
_COLLECTOR = (700, 10, 10)
"""When the interpreter collects garbage, unless `settle` has told it otherwise."""


async def consume(engines: Engines, topic: str, count: int) -> float:
    """Records/s of a consumer that reads so many of all partitions, and looks at none.

    It leaves the collector of garbage as every program has it.
    """
    ours = gc.get_threshold()
    gc.set_threshold(*_COLLECTOR)
    try:
        return await _consume(engines, topic, count)
    finally:
        gc.set_threshold(*ours)


async def _consume(engines: Engines, topic: str, count: int) -> float:
    consumer = _kafka.AIOKafkaConsumer(
        bootstrap_servers=engines.kafka.bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MESSAGE_BYTES_MAX,
    )
    started = time.perf_counter()
    await consumer.start()
    try:
        consumer.assign([_kafka.TopicPartition(topic, each) for each in range(PARTITIONS)])
        seen = 0
        while seen < count:
            found: Mapping[Any, Sequence[Any]] = await consumer.getmany(timeout_ms=_POLL_MS)
            seen += sum(map(len, found.values()))
    finally:
        await consumer.stop()
    return count / (time.perf_counter() - started)


async def bulk_write(
    engines: Engines, rows: Sequence[dict[str, Any]], writes: int, batch: int
) -> float:
    """Documents/s of bulk writes of these rows over and over, each by a majority.

    The first time a row is inserted, then it is replaced.
    """
    client = connect(engines.mongo.uri)
    database = client[new_name()]
    bare: Any = database.get_collection("bare", write_concern=WriteConcern(w="majority"))
    started = time.perf_counter()
    for start in range(0, writes, batch):
        numbers = range(start, min(start + batch, writes))
        await bare.bulk_write([_write(rows, each) for each in numbers], ordered=False)
    elapsed = time.perf_counter() - started
    await client.drop_database(database.name)
    client.close()
    return writes / elapsed


def _write(rows: Sequence[dict[str, Any]], number: int) -> Any:
    row = rows[number % len(rows)]
    return InsertOne(row) if number < len(rows) else ReplaceOne({"_id": row["_id"]}, row)


class Producers:
    """One transactional producer for each partition of a topic."""

    def __init__(self, engines: Engines, partitions: int = PARTITIONS) -> None:
        self._engines = engines
        self._partitions = partitions
        self._topics = Topics(new_name())
        self._producers: list[Any] = []

    async def __aenter__(self) -> "Producers":
        await kafka_topics.ready(self._engines.cluster, self._topics, PARTITIONS)
        for partition in range(self._partitions):
            producer = _kafka.AIOKafkaProducer(
                bootstrap_servers=self._engines.kafka.bootstrap,
                transactional_id=self._topics.transactional_id(partition),
            )
            await producer.start()
            self._producers.append(producer)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(each.stop() for each in self._producers))

    async def rate(self, messages: Sequence[Message], transactions: int) -> float:
        """Records/s of all of them at once, each committing its share of the transactions."""
        parts = [messages[each :: self._partitions] for each in range(self._partitions)]
        each_has = max(1, transactions // self._partitions)
        started = time.perf_counter()
        await asyncio.gather(*(self._send(n, part, each_has) for n, part in enumerate(parts)))
        return len(messages) / (time.perf_counter() - started)

    async def _send(self, number: int, messages: Sequence[Message], transactions: int) -> None:
        for each in range(transactions):
            first, end = (len(messages) * n // transactions for n in (each, each + 1))
            await self._commit(number, messages[first:end])

    async def _commit(self, number: int, messages: Sequence[Message]) -> None:
        producer = self._producers[number]
        await producer.begin_transaction()
        for each in messages:
            await producer.send(self._topics.events, partition=number, **each._asdict())
        await producer.commit_transaction()

    async def waits_s(self, messages: Sequence[Message]) -> list[float]:
        """How long each took, one record and one transaction after another."""
        waits: list[float] = []
        for number, each in enumerate(messages):
            started = time.perf_counter()
            await self._commit(number % self._partitions, [each])
            waits.append(time.perf_counter() - started)
        return waits
