"""The part of aiokafka that the log needs, with its types: the library carries none."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

import aiokafka  # type: ignore[import-untyped]
import aiokafka.abc  # type: ignore[import-untyped]
import aiokafka.admin  # type: ignore[import-untyped]
import aiokafka.admin.config_resource  # type: ignore[import-untyped]
import aiokafka.coordinator.assignors.sticky.sticky_assignor  # type: ignore[import-untyped]
import aiokafka.errors  # type: ignore[import-untyped]

_kafka: Any = aiokafka
_abc: Any = aiokafka.abc
_admin: Any = aiokafka.admin
_config: Any = aiokafka.admin.config_resource
_sticky: Any = aiokafka.coordinator.assignors.sticky.sticky_assignor
_errors: Any = aiokafka.errors

KafkaError: type[Exception] = _errors.KafkaError
ProducerFenced: type[Exception] = _errors.ProducerFenced
KafkaConnectionError: type[Exception] = _errors.KafkaConnectionError
KafkaTimeoutError: type[Exception] = _errors.KafkaTimeoutError
ProducerClosed: type[Exception] = _errors.ProducerClosed

REQUEST_TIMEOUT_MS = 5_000
RETRY_BACKOFF_MS = 50
METADATA_AGE_MS_MAX = 10_000
"""How long a client may go on asking a broker that leads no more, and answers all the same."""
PATIENCE_S = 30.0
"""How long a question is asked again: an election takes some 10 s."""
MESSAGE_BYTES_MAX = 8 * 1024 * 1024
"""What the topics are made to take at most, and so the size of one event."""
CANCELS_MAX = 10
HEARTBEAT_S_MAX = 0.3
"""How soon a member learns that the group shares out anew."""

T = TypeVar("T")


class Message(NamedTuple):
    """A record to be written."""

    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Unpacked(Protocol):
    """A record as it stands in a batch."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Place(Protocol):
    """A partition of a topic."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...


class Record(Place, Unpacked, Protocol):
    """A record that was read."""


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
            "metadata_max_age_ms": METADATA_AGE_MS_MAX,
            **self.options,
        }

    def admin(self) -> Any:
        return _admin.AIOKafkaAdminClient(**self.settings())


def new_topic(name: str, partitions: int, replication: int, configs: Mapping[str, str]) -> Any:
    return _admin.NewTopic(name, partitions, replication, topic_configs=dict(configs))


def topic_resource(name: str) -> Any:
    return _config.ConfigResource(_config.ConfigResourceType.TOPIC, name)


async def patiently(
    question: Callable[[], Awaitable[T]], is_answer: Callable[[T], bool] = lambda found: True
) -> T:
    """What a broker says, once it is an answer.

    A question goes to any of the brokers, of which one may just have died, or be electing, or not
    know yet what the others know. After `PATIENCE_S` it is whatever was said last. Raises
    KafkaError, at once where asking again would not help, OSError, TimeoutError.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = await question()
            if is_answer(found) or time.monotonic() > deadline:
                return found
        except (KafkaError, OSError, TimeoutError) as fault:
            if time.monotonic() > deadline or not is_passing(fault):
                raise
        await asyncio.sleep(RETRY_BACKOFF_MS / 1000)


def is_passing(fault: Exception) -> bool:
    """Whether it may be another answer the next time."""
    passing = isinstance(fault, KafkaTimeoutError | TimeoutError | OSError)
    return passing or bool(getattr(fault, "retriable", False))


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


def group_consumer(cluster: Cluster, group: str, name: str, *, session_s: float) -> Any:
    """A member of a consumer group, known there by its name; it keeps what it had if it can."""
    sticky = type("Sticky", (_sticky.StickyPartitionAssignor,), {"member_assignment": None})
    return _kafka.AIOKafkaConsumer(
        group_id=group,
        session_timeout_ms=round(session_s * 1000),
        heartbeat_interval_ms=round(min(HEARTBEAT_S_MAX, session_s / 3) * 1000),
        enable_auto_commit=False,
        partition_assignment_strategy=(sticky,),
        **{**cluster.settings(), "client_id": name},
    )


def group_listener(consumer: Any, give: Callable[[frozenset[int]], Awaitable[None]]) -> Any:
    """Tells `give` what the group gives; nothing of it is read by the consumer itself."""

    async def assigned(_: object, places: Any) -> None:
        consumer.pause(*places)
        await give(frozenset(each.partition for each in places))

    def revoked(*_: object) -> None:
        """All of it is, whenever the group begins to share out anew, and most comes back."""

    methods: dict[str, Any] = {
        "on_partitions_revoked": revoked,
        "on_partitions_assigned": assigned,
    }
    return type("Listener", (_abc.ConsumerRebalanceListener,), methods)()


async def group_members(admin: Any, group: str) -> set[str]:
    """The names of those in a consumer group. Raises KafkaError, as while its coordinator moves."""
    (found,) = await admin.describe_consumer_groups([group])
    ((code, _, _, _, _, members, *_),) = found.groups
    if code != 0:
        raise _errors.for_code(code)(group)
    return {name for _, name, *_ in members}


async def cut(consumer: Any) -> None:
    """Close a consumer wherever it stands: its own `stop` waits for an answer of its group."""
    await end_tasks_of(consumer._coordinator, consumer._fetcher)
    await consumer._client.close()


async def end_tasks_of(*owners: object) -> None:
    """Cancel the tasks that run these objects' methods, as often as they swallow it."""
    for _ in range(CANCELS_MAX):
        tasks = [each for each in asyncio.all_tasks() if _owner(each) in owners]
        if not tasks:
            return
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks, timeout=1)


def _owner(task: "asyncio.Task[Any]") -> object:
    """The object whose method the task runs."""
    frame: Any = getattr(task.get_coro(), "cr_frame", None)
    return None if frame is None else frame.f_locals.get("self")


def new_producer(cluster: Cluster, **options: Any) -> Any:
    return _kafka.AIOKafkaProducer(**cluster.settings(), **options)


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
        found: dict[Any, int] = await self._consumer.end_offsets(named) if named else {}
        return {(place.topic, place.partition): offset for place, offset in found.items()}

    async def starts(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The first offset of each partition that is still kept; to be asked before `assign`."""
        named = [_kafka.TopicPartition(topic, each) for each in partitions]
        found: dict[Any, int] = await self._consumer.beginning_offsets(named) if named else {}
        return {place.partition: offset for place, offset in found.items()}

    async def ahead(self, topic: str, partition: int) -> tuple[int, int]:
        """How many offsets are still to be read, and how many no transaction has decided yet.

        As of the brokers' last answer; of a partition that was never heard of, none.
        """
        place = _kafka.TopicPartition(topic, partition)
        stable, end = self._consumer.last_stable_offset(place), self._consumer.highwater(place)
        if stable is None or end is None:
            return 0, 0
        position = await self._consumer.position(place)
        return max(0, stable - position), max(0, end - max(stable, 0))

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
        return [each for found in await self._take(limit, timeout_ms) for each in found]

    async def _take(self, limit: int, timeout_ms: int) -> list[list[Any]]:
        """What was found of each partition."""
        found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=limit)
        if not found and self._consumer._fetcher.error_future.done():
            raise RuntimeError("the Kafka consumer has stopped reading")
        return list(found.values())
