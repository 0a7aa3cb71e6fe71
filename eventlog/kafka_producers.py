"""What writes to Kafka: the fenced transactions of a partition, and single records."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from eventlog.kafka_client import (
    MESSAGE_BYTES_MAX,
    Cluster,
    KafkaError,
    Message,
    ProducerClosed,
    end_tasks_of,
    new_producer,
    settled,
)

TRANSACTION_TIMEOUT_MS = 30_000
"""Above every deadline of an append: an owner that outlives it is fenced by the broker."""
BATCH_BYTES_MAX = 512 * 1024
"""What goes to the broker at once; one larger event goes alone."""


class NotSent(Exception):
    """Nothing was sent: no broker could be reached."""


class Outbox:
    """Sends single records, each once, by a producer that is replaced when it has failed."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._producer: Any = None
        self._starting = asyncio.Lock()

    async def send(self, topic: str, partition: int, message: Message) -> None:
        """Returns when the brokers have it.

        Raises NotSent, or KafkaError where it may be there all the same, as after a cancel.
        """
        producer = await self._started()
        try:
            sent = await producer.send(topic, partition=partition, **message._asdict())
            sent.add_done_callback(_noted)  # whoever is cancelled asks for it no more
            _watch(producer)
            await asyncio.shield(sent)
        except KafkaError:
            if self._producer is producer:
                self._producer = None
                await settled(_abandon(producer))
            raise

    async def _started(self) -> Any:
        async with self._starting:
            if self._producer is None:
                producer = new_producer(
                    self._cluster,
                    enable_idempotence=True,
                    max_request_size=2 * MESSAGE_BYTES_MAX,
                )
                try:
                    await settled(producer.start())
                except BaseException as fault:
                    await settled(_abandon(producer))
                    if isinstance(fault, KafkaError | OSError):
                        raise NotSent(repr(fault)) from fault
                    raise
                self._producer = producer
            return self._producer

    async def close(self) -> None:
        """Send nothing more."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _abandon(producer)


class Transactions:
    """The transactional producer of one partition; starting it fences the one before."""

    def __init__(self, cluster: Cluster, transactional_id: str) -> None:
        self._producer: Any = new_producer(
            cluster,
            transactional_id=transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES_MAX,
        )

    async def start(self) -> None:
        """When this returns, what the one before had begun is committed or aborted for good."""
        await self._producer.start()

    async def begin(self) -> None:
        """Begin a transaction; it is of no consequence until something is written."""
        await self._producer.begin_transaction()

    async def write(self, messages: Mapping[tuple[str, int], Sequence[Message]]) -> list[int]:
        """Write to topics' partitions in turn; the offset that each message took.

        Raises KafkaError where one was not taken. Not an error of `commit`: aiokafka commits
        a transaction although records of it were refused.
        """
        sent: list[tuple[asyncio.Future[Any], int]] = []
        for (topic, partition), of_topic in messages.items():
            sent += await self._send(topic, partition, of_topic)
        done = await asyncio.gather(*(each for each, _ in sent), return_exceptions=True)
        offsets: list[int] = []
        for metadata, (_, count) in zip(done, sent, strict=True):
            if isinstance(metadata, BaseException):
                raise metadata
            # A broker that was asked twice may have forgotten the offset: then it says -1.
            known = metadata.offset >= 0
            offsets += [metadata.offset + each if known else -1 for each in range(count)]
        return offsets

    async def write_one(self, to: tuple[str, int], message: Message, *, is_kept: bool) -> int:
        """Write it in a transaction of its own, committed or undone; the offset that it took.

        That is so of the leader alone, and not before enough replicas have it. Raises KafkaError,
        TimeoutError where the broker did not tell.
        """
        await self.begin()
        (offset,) = await self.write({to: [message]})
        await (self.commit() if is_kept else self.abort())
        if offset < 0:
            raise TimeoutError(f"the broker did not tell which offset of {to} the record took")
        return offset

    async def _send(
        self, topic: str, partition: int, messages: Sequence[Message]
    ) -> list[tuple["asyncio.Future[Any]", int]]:
        sent: list[tuple[asyncio.Future[Any], int]] = []
        batch = self._producer.create_batch()
        for message in messages:
            while not batch.append(timestamp=None, **message._asdict()):
                sent.append(await self._send_batch(batch, topic, partition))
                batch = self._producer.create_batch()
        if messages:
            sent.append(await self._send_batch(batch, topic, partition))
        return sent

    async def _send_batch(
        self, batch: Any, topic: str, partition: int
    ) -> tuple["asyncio.Future[Any]", int]:
        batch.close()
        sent = await self._producer.send_batch(batch, topic, partition=partition)
        _watch(self._producer)
        return sent, batch.record_count()

    async def commit(self) -> None:
        await self._producer.commit_transaction()

    async def abort(self) -> None:
        await self._producer.abort_transaction()

    async def stop(self) -> None:
        """Close it between two transactions."""
        await self._producer.stop()

    async def abandon(self) -> None:
        """Close it wherever it stands, sending nothing more."""
        await _abandon(self._producer)


def _watch(producer: Any) -> None:
    """Each batch that waits has a future of the library's own, for whose fault nobody asks."""
    for batches in producer._message_accumulator._batches.values():
        for batch in batches:
            batch._drain_waiter.add_done_callback(_noted)


def _noted(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()


async def _abandon(producer: Any) -> None:
    """Close a producer wherever it stands.

    aiokafka's own `stop` waits until everything is delivered, and so for ever without a
    broker; its tasks, waiting for each other, each swallow a cancel.
    """
    producer._closed = True
    producer._message_accumulator.fail_all(ProducerClosed())
    await end_tasks_of(producer._sender)
    waiter = producer._txn_manager.wait_for_transaction_end()
    if waiter is not None and waiter.done():
        _noted(waiter)  # nobody asks for it any more
    await producer.client.close()
