"""Commands sent to the owners of partitions elsewhere, and what they answer."""

import asyncio
import logging
from collections.abc import Coroutine, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from typing import Any
from zlib import crc32

from eventlog.codec import Codec
from eventlog.deciding import Order, answer
from eventlog.dispatcher import wall_clock
from eventlog.envelope import Recorded, partition_of
from eventlog.kafka_client import (
    Cluster,
    KafkaConnectionError,
    KafkaError,
    Message,
    patiently,
)
from eventlog.kafka_follow import RETRY_S, reading
from eventlog.kafka_messages import (
    Asked,
    FailedElsewhere,
    Reply,
    asked_message,
    reply_of,
    sent_message,
)
from eventlog.kafka_producers import NotSent, Outbox
from eventlog.kafka_topics import Topics
from eventlog.log import ReplyTo
from eventlog.outcome import Accepted, Outcome, Unavailable

WAITING_MAX = 10_000
"""How many requests wait for their answers at most; beyond that they are turned away."""
ASK_S_MAX = 5.0
SOONER_S = 0.2
"""By how much a command that could not be sent is answered before its deadline."""
LATER_S = 1.0
"""By how much a reply may come after it, for whoever still listens."""
_REPLIES_AT_ONCE_MAX = 500
_WAIT_MS = 200

_logger = logging.getLogger("headrace.kafka")


class Correspondent:
    """Sends the requests of one process and matches the replies to those who wait.

    `node` names this run of the process. Of the replies topic it reads one partition, which
    follows from the name. A command is answered by its owner or not at all: whoever hears before
    its deadline that it was not taken could send it again, and meet the first one later.
    """

    def __init__(
        self, cluster: Cluster, topics: Topics, partitions: int, codec: Codec, node: str
    ) -> None:
        self.partitions = partitions
        self.outbox = Outbox(cluster)
        self._cluster = cluster
        self._topics = topics
        self._codec = codec
        self._node = node
        self._reads = crc32(node.encode()) % partitions
        self._next = -1
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many requests wait for their answers."""
        return len(self._waiting)

    async def open(self) -> None:
        """Be able to see every reply from now on. Raises KafkaError."""
        place = (self._topics.replies, self._reads)
        async with reading(self._cluster) as reader:
            self._next = (await patiently(lambda: reader.ends([place])))[place]

    async def run(self) -> None:
        """Take in replies until cancelled."""
        try:
            while True:
                try:
                    await self._read()
                except KafkaConnectionError as fault:
                    _logger.warning("no broker to read replies from: %s", fault)
                except (KafkaError, RuntimeError):
                    _logger.exception("replies cannot be read on, so from now on")
                    await self._open_again()
                await asyncio.sleep(RETRY_S)
        finally:
            for each in self._tasks:
                each.cancel()
            await self.outbox.close()

    async def _open_again(self) -> None:
        """Whoever slept for longer than replies are kept cannot go on from where it was."""
        with suppress(KafkaError, OSError, TimeoutError):
            await self.open()

    async def _read(self) -> None:
        async with reading(self._cluster, wait_ms=_WAIT_MS) as reader:
            reader.assign(self._topics.replies, {self._reads: self._next})
            while True:
                for record in await reader.take(_REPLIES_AT_ONCE_MAX, _WAIT_MS):
                    self._next = record.offset + 1
                    reply = reply_of(record)
                    if reply is not None and reply.node == self._node:
                        waiting = self._waiting.get(reply.request)
                        if waiting is not None and not waiting.done():
                            waiting.set_result(reply)

    def submit(self, order: Order) -> None:
        """Send an order to the owner of its partition. Raises Unavailable where too many wait."""
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable(
                f"{WAITING_MAX} commands wait already: send this one again in a moment"
            )
        self._spawn(self._dispatch(order))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dispatch(self, order: Order) -> None:
        try:
            async with asyncio.timeout(_left_s(order) + LATER_S):
                with self._request() as (reply_to, reply):
                    message = sent_message(order, reply_to, self._codec)
                    await self._post_in_time(order, message, reply)
                    answer(order, await self._outcome(order, await reply))
        except Exception as fault:
            answer(order, fault)

    @contextmanager
    def _request(self) -> Generator[tuple[ReplyTo, asyncio.Future[Reply]]]:
        """Where the reply is to go, and the reply."""
        number = next(self._numbers)
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = reply
        try:
            yield ReplyTo(partition=self._reads, node=self._node, request=number), reply
        finally:
            del self._waiting[number]
            reply.cancel()

    async def _post_in_time(
        self, order: Order, message: Message, reply: "asyncio.Future[Reply]"
    ) -> None:
        """Send it once. Raises Unavailable, shortly before the deadline, unless a reply came."""
        try:
            async with asyncio.timeout(_left_s(order) - SOONER_S):
                while True:
                    try:
                        await self._post(order.partition, message)
                        return
                    except NotSent:  # surely, so it can be tried again
                        await asyncio.sleep(RETRY_S)
        except (KafkaError, OSError, TimeoutError) as fault:
            # What is not known to have been taken may have been, and is answered then.
            await asyncio.wait([reply], timeout=max(0, _left_s(order) - SOONER_S))
            if not reply.done():
                raise Unavailable(
                    f"Kafka did not take the command: {fault!r}", command_id=order.command_id
                ) from fault

    async def _post(self, partition: int, message: Message) -> None:
        await self.outbox.send(self._topics.commands, partition, message)

    async def _outcome(self, order: Order, reply: Reply) -> Outcome | Exception:
        accepted, refused, failed = reply.accepted, reply.refused, reply.failed
        if failed is not None and failed.is_unavailable:
            return Unavailable(failed.message, command_id=order.command_id)
        if accepted is None:
            return refused or FailedElsewhere(failed.message if failed else "no outcome came")
        if not reply.events_left_out:
            return accepted
        first = accepted.version - reply.events_left_out
        events = await self.history(order.stream, first, reply.events_left_out)
        return Accepted(
            command_id=accepted.command_id,
            id=accepted.id,
            version=accepted.version,
            position=accepted.position,
            events=tuple(events),
        )

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, as its owner has them.

        Raises Unavailable where the owner does not answer.
        """
        found: list[Recorded] = []
        while len(found) < first:
            after = found[-1].version if found else after_version
            some = await self._ask(stream, after, first - len(found))
            if not some:
                break
            found += some
        return found

    async def _ask(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        partition = partition_of(stream, self.partitions)
        try:
            async with asyncio.timeout(ASK_S_MAX):
                with self._request() as (reply_to, reply):
                    asked = Asked(
                        stream=stream,
                        after_version=after_version,
                        first=first,
                        expires_at=wall_clock() + timedelta(seconds=ASK_S_MAX),
                        reply_to=reply_to,
                    )
                    await self._post(partition, asked_message(asked))
                    return (await reply).events or []
        except (KafkaError, NotSent, OSError, TimeoutError) as fault:
            raise Unavailable(
                f"the owner of partition {partition} did not answer: {fault!r}"
            ) from fault


def _left_s(order: Order) -> float:
    return (order.expires_at - wall_clock()).total_seconds()
