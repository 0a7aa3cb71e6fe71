"""The part of aiokafka that the log needs, with its types: the library carries none."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

import aiokafka  # type: ignore[import-untyped]
import aiokafka.admin  # type: ignore[import-untyped]
import aiokafka.admin.config_resource  # type: ignore[import-untyped]
import aiokafka.errors  # type: ignore[import-untyped]

_kafka: Any = aiokafka
_admin: Any = aiokafka.admin
_config: Any = aiokafka.admin.config_resource
_errors: Any = aiokafka.errors

KafkaError: type[Exception] = _errors.KafkaError
ProducerFenced: type[Exception] = _errors.ProducerFenced
KafkaConnectionError: type[Exception] = _errors.KafkaConnectionError

REQUEST_TIMEOUT_MS = 5_000
RETRY_BACKOFF_MS = 50
TRANSACTION_TIMEOUT_MS = 30_000
"""Above every deadline of an append: an owner that outlives it is fenced by the broker."""
MESSAGE_BYTES_MAX = 8 * 1024 * 1024
"""What the topics are made to take at most, and so the size of one event."""
BATCH_BYTES_MAX = 512 * 1024
"""What goes to the broker at once; one larger event goes alone."""
CANCELS_MAX = 10

T = TypeVar("T")


class Message(NamedTuple):
    """A record to be written."""

    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Record(Protocol):
    """A record that was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where Kafka is: `host:port,...`, and what its clients need besides.

    `options` are aiokafka's: security_protocol, ssl_context, sasl_mechanism, sasl_plain_username,
    sasl_plain_password, client_id.
    """

    servers: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def settings(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.servers,
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
            "retry_backoff_ms": RETRY_BACKOFF_MS,
            **self.options,
        }

    def admin(self) -> Any:
        return _admin.AIOKafkaAdminClient(**self.settings())


def new_topic(name: str, partitions: int, replication: int, configs: Mapping[str, str]) -> Any:
    return _admin.NewTopic(name, partitions, replication, topic_configs=dict(configs))


def topic_resource(name: str) -> Any:
    return _config.ConfigResource(_config.ConfigResourceType.TOPIC, name)


async def settled(work: Awaitable[T]) -> T:
    """What `work` gives; where the caller is cancelled, it still runs to its end before that."""
    working = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()
        raise


class Reader:
    """A consumer of its own, outside any group, that sees what is committed."""

    def __init__(self, cluster: Cluster, *, wait_ms: int) -> None:
        self._consumer: Any = _kafka.AIOKafkaConsumer(
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=wait_ms,
            max_partition_fetch_bytes=MESSAGE_BYTES_MAX,
            **cluster.settings(),
        )

    async def start(self) -> None:
        """Raises KafkaConnectionError where no broker can be reached."""
        await settled(self._consumer.start())

    async def stop(self) -> None:
        await settled(self._consumer.stop())

    async def ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The last stable offset of each topic's partition: all below it is decided.

        To be asked before `assign`: a broker answers one request of a connection after another,
        and a fetch that waits for events would hold this one up.
        """
        named = [_kafka.TopicPartition(*each) for each in places]
        found = await self._consumer.end_offsets(named) if named else {}
        return {(place.topic, place.partition): offset for place, offset in found.items()}

    async def starts(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The first offset of each partition that is still kept; to be asked before `assign`."""
        named = [_kafka.TopicPartition(topic, each) for each in partitions]
        found = await self._consumer.beginning_offsets(named) if named else {}
        return {place.partition: offset for place, offset in found.items()}

    async def end_ahead(self, topic: str, partition: int) -> int | None:
        """The last stable offset, as last heard of, where not all below it was read yet."""
        place = _kafka.TopicPartition(topic, partition)
        end: int | None = self._consumer.last_stable_offset(place)
        return None if end is None or await self._consumer.position(place) >= end else end

    def assign(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on, and nothing else."""
        places = {_kafka.TopicPartition(topic, each): offset for each, offset in offsets.items()}
        self._consumer.assign(list(places))
        for place, offset in places.items():
            self._consumer.seek(place, offset)

    async def position(self, topic: str, partition: int) -> int:
        """The offset of what is read next; it passes transaction markers and aborted records."""
        position: int = await self._consumer.position(_kafka.TopicPartition(topic, partition))
        return position

    async def take(self, limit: int, timeout_ms: int) -> list[Record]:
        """At most `limit` records, those of one partition in order; none after the timeout.

        Raises KafkaError, and RuntimeError where the library's own reading task has ended.
        """
        found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=limit)
        if not found and self._consumer._fetcher.error_future.done():
            raise RuntimeError("the Kafka consumer has stopped reading")
        return [record for records in found.values() for record in records]


class Transactions:
    """The transactional producer of one partition; starting it fences the one before."""

    def __init__(self, cluster: Cluster, transactional_id: str) -> None:
        self._producer: Any = _kafka.AIOKafkaProducer(
            transactional_id=transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES_MAX,
            **cluster.settings(),
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
        return await self._producer.send_batch(batch, topic, partition=partition), (
            batch.record_count()
        )

    async def commit(self) -> None:
        await self._producer.commit_transaction()

    async def abort(self) -> None:
        await self._producer.abort_transaction()

    async def stop(self) -> None:
        """Close it between two transactions."""
        await self._producer.stop()

    async def abandon(self) -> None:
        """Close it wherever it stands, sending nothing more.

        aiokafka's own `stop` waits until everything is delivered, and so for ever without a
        broker; its tasks, waiting for each other, each swallow a cancel.
        """
        producer, sender = self._producer, self._producer._sender
        producer._closed = True
        producer._message_accumulator.fail_all(_errors.ProducerClosed())
        for _ in range(CANCELS_MAX):
            tasks = [each for each in asyncio.all_tasks() if _owner(each) is sender]
            if not tasks:
                break
            for each in tasks:
                each.cancel()
            await asyncio.wait(tasks, timeout=1)
        waiter = producer._txn_manager.wait_for_transaction_end()
        if waiter is not None and waiter.done() and not waiter.cancelled():
            waiter.exception()  # nobody asks for it any more
        await producer.client.close()


def _owner(task: "asyncio.Task[Any]") -> object:
    """The object whose method the task runs."""
    frame: Any = getattr(task.get_coro(), "cr_frame", None)
    return None if frame is None else frame.f_locals.get("self")
