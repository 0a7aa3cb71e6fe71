"""The partitions as a group shares them out: this process' own are decided here."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from domain.composition import Domain
from eventlog.codec import Codec
from eventlog.deciding import Order, answer
from eventlog.dispatcher import wall_clock
from eventlog.envelope import Recorded, partition_of
from eventlog.kafka import KafkaLog, NotOwned
from eventlog.kafka_client import KafkaError, Message, Record, settled
from eventlog.kafka_commands import CommandReader
from eventlog.kafka_group import Membership
from eventlog.kafka_messages import (
    Asked,
    Sent,
    history_message,
    order_of,
    reply_message,
    request_of,
)
from eventlog.kafka_producers import NotSent
from eventlog.kafka_seat import Seat
from eventlog.kafka_sending import Correspondent
from eventlog.kafka_standby import Standby
from eventlog.kafka_topics import Topics
from eventlog.log import ReplyTo
from eventlog.outcome import Unavailable
from eventlog.writer import Writer

_logger = logging.getLogger("headrace.kafka")


class Ownership:
    """Decides what is this process' own; what is not, or not yet, goes to its owner by the log."""

    def __init__(
        self,
        log: KafkaLog,
        topics: Topics,
        membership: Membership,
        commands: CommandReader,
        standby: Standby,
        elsewhere: Correspondent,
        domain: Domain,
        codec: Codec,
        make_writer: Callable[[], Writer],
    ) -> None:
        self.partitions = log.partitions
        self.membership = membership
        self._log = log
        self._topics = topics
        self._commands = commands
        self._standby = standby
        self._elsewhere = elsewhere
        self._domain = domain
        self._codec = codec
        self._make_writer = make_writer
        self._seats: dict[int, Seat] = {}
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def seats(self) -> Mapping[int, Seat]:
        """The partitions that the group has given to this process."""
        return self._seats

    def submit(self, order: Order) -> None:
        """Decide it here, or send it to whoever decides. Raises Unavailable."""
        seat = self._seats.get(order.partition)
        (self._elsewhere if seat is None or seat.writer is None else seat.writer).submit(order)

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version. Raises Unavailable."""
        seat = self._seats.get(partition_of(stream, self.partitions))
        if seat is not None and seat.writer is not None:
            return await self._log.history(stream, after_version, first)
        return await self._elsewhere.history(stream, after_version, first)

    async def run(self) -> None:
        """Serve what the group gives until cancelled; then give all of it back, and leave."""
        # 1. Know what there is before being given anything: then a partition moves quickly.
        await self._standby.fill(range(self.partitions))
        # 2. Join, and take what is given; keep what others have at hand.
        joined = asyncio.create_task(self.membership.run())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._commands.run())
                group.create_task(self._standby.keep(self._not_here))
                for partition in range(self.partitions):
                    group.create_task(self._tend(partition))
        finally:
            # 3. Leave only when everything is given back: whoever is gone is not waited for.
            joined.cancel()
            await asyncio.wait([joined])

    def _not_here(self) -> list[int]:
        return [each for each in range(self.partitions) if each not in self._seats]

    async def _tend(self, partition: int) -> None:
        """Take the partition whenever the group gives it, and give it back when it takes it."""
        while True:
            await self.membership.until(lambda assigned: partition in assigned)
            seat = Seat(
                partition,
                self._log,
                self.membership,
                self._commands,
                self._make_writer,
                self._take_in,
                self._reroute,
            )
            self._seats[partition] = seat
            running = asyncio.create_task(seat.run())
            try:
                await self.membership.until(lambda assigned: partition not in assigned)
            finally:
                await settled(seat.leave(running))
                del self._seats[partition]

    def _reroute(self, order: Order) -> None:
        try:
            self._elsewhere.submit(order)
        except Unavailable as fault:
            answer(order, fault)

    def _take_in(self, writer: Writer, record: Record) -> None:
        """A request that came by the log, unless nobody waits for it any more."""
        request = request_of(record)
        if request is None or request.expires_at <= wall_clock():
            return
        match request:
            case Sent(reply_to=reply_to):
                try:
                    order = order_of(record, request, self._codec, self._domain)
                except Exception as fault:  # sent by code that this one does not know
                    self._answer(self._reply(reply_to, reply_message(reply_to, fault)))
                else:
                    writer.submit(order)
            case Asked():
                self._answer(self._history(request))

    def _answer(self, answering: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(answering)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _history(self, asked: Asked) -> None:
        try:
            events = await self._log.history(asked.stream, asked.after_version, asked.first)
        except NotOwned:
            return  # who owns it now is asked the next time
        await self._reply(asked.reply_to, history_message(asked.reply_to, events))

    async def _reply(self, to: ReplyTo, message: Message) -> None:
        try:
            await self._elsewhere.outbox.send(self._topics.replies, to.partition, message)
        except (KafkaError, NotSent) as fault:
            _logger.warning("an answer was not sent, whoever waits asks again: %s", fault)
