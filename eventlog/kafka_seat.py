"""One partition that this process decides for: taken when the group gives it, then given back."""

import asyncio
import logging
import time
from collections.abc import Callable

from eventlog.deciding import Order
from eventlog.kafka import KafkaLog
from eventlog.kafka_client import KafkaError, Record
from eventlog.kafka_commands import CommandReader
from eventlog.kafka_group import Membership
from eventlog.log import Unappendable
from eventlog.writer import QUEUE_COMMANDS_MAX, Writer

HANDOVER_S_MAX = 3.0
"""How long a partition's owner before may take to give it back, while it is in the group."""
HANDOVER_POLL_S = 0.05
DRAIN_S_MAX = 2.5
"""How long an owner finishes what it has taken in, below what the next one waits for it."""
PAUSE_S_MIN = 0.2
PAUSE_S_MAX = 5.0

_logger = logging.getLogger("headrace.kafka")


class Seat:
    """One partition, from when the group gives it until it is given back."""

    def __init__(
        self,
        partition: int,
        log: KafkaLog,
        membership: Membership,
        commands: CommandReader,
        make_writer: Callable[[], Writer],
        take_in: Callable[[Writer, Record], None],
        reroute: Callable[[Order], None],
    ) -> None:
        self.partition = partition
        self.writer: Writer | None = None
        """Where it is served: who decides its commands."""
        self.last_error = ""
        self._log = log
        self._membership = membership
        self._commands = commands
        self._make_writer = make_writer
        self._take_in = take_in
        self._reroute = reroute
        self._is_leaving = False

    async def run(self) -> None:
        """Take the partition and serve it until `leave`; after a fault it is taken once more."""
        pause_s = PAUSE_S_MIN
        while not self._is_leaving:
            started = time.monotonic()
            try:
                await self._take()
                await self._serve()
            except Exception as fault:
                self.last_error = f"{type(fault).__name__}: {fault}"
                is_known = isinstance(fault, Unappendable | KafkaError | OSError)
                _logger.warning(
                    "partition %d is taken once more: %s",
                    *(self.partition, self.last_error),
                    exc_info=not is_known,
                )
                if time.monotonic() - started > PAUSE_S_MAX:
                    pause_s = PAUSE_S_MIN
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, PAUSE_S_MAX)

    async def _take(self) -> None:
        # 1. The owner before finishes what it has begun and gives the partition back, unless it
        #    is gone; the cache is brought up to date meanwhile.
        deadline = time.monotonic() + HANDOVER_S_MAX
        while True:
            owner = (await self._log.warm(self.partition)).owner
            if owner in ("", self._log.owner) or time.monotonic() > deadline:
                break
            if not await self._is_there(owner):
                break
            await asyncio.sleep(HANDOVER_POLL_S)
        # 2. From here on nobody else can commit to it.
        await self._log.take(self.partition)

    async def _is_there(self, owner: str) -> bool:
        """Whether the group has it still; as long as nobody can say, it is taken to be there."""
        try:
            return await self._membership.has(owner)
        except (KafkaError, OSError, TimeoutError):
            return True

    async def _serve(self) -> None:
        writer = self._make_writer()
        self._commands.serve(
            self.partition,
            self._log.owned()[self.partition].commands_next,
            lambda record: self._take_in(writer, record),
            lambda: QUEUE_COMMANDS_MAX - writer.queued,
        )
        self.writer, self.last_error = writer, ""
        try:
            await writer.run()
        finally:
            self.writer = None
            self._commands.stop(self.partition)
            # What came by the log is read there again; the others find their owner anew.
            for order in writer.left():
                if order.outcome is not None:
                    self._reroute(order)

    async def leave(self, running: "asyncio.Task[None]") -> None:
        """Finish what was taken in, and give the partition back."""
        self._is_leaving = True
        self._commands.stop(self.partition)
        writer, self.writer = self.writer, None
        if writer is not None:
            await writer.drain()
            await asyncio.wait([running], timeout=DRAIN_S_MAX)
        running.cancel()
        await asyncio.wait([running])
        await self._log.release(self.partition)
