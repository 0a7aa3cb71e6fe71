"""The projectors and processes of one process among several: for what a group gives it."""

import asyncio
import logging
from collections.abc import Sequence

from api.runtime import cancelled, send
from eventlog.envelope import partition_of
from eventlog.kafka import KafkaLog
from eventlog.kafka_group import Membership
from readmodels.feed import Feed
from readmodels.processes import ProcessSender
from readmodels.projector import Projector

RETRY_S = 1.0

_logger = logging.getLogger("headrace.projecting")


class Projecting:
    """Folds the partitions that the group gives to this process, and sends for some processes.

    A process' commands are sent where the partition is folded that its name falls to. While the
    group shares out anew, two may fold one partition for a moment, or send one command: positions,
    revisions and command ids make both harmless.
    """

    def __init__(
        self,
        log: KafkaLog,
        membership: Membership,
        feed: Feed,
        projectors: Sequence[Projector],
        senders: Sequence[ProcessSender],
    ) -> None:
        self.membership = membership
        self.partitions: frozenset[int] = frozenset()
        """What is folded here at the moment."""
        self._log = log
        self._feed = feed
        self._projectors = projectors
        self._senders = senders

    def sends(self, sender: ProcessSender) -> bool:
        """Whether the commands of a process are sent from here."""
        return partition_of(sender.name, self._log.partitions) in self.partitions

    async def run(self) -> None:
        """Fold and send until cancelled, and then leave."""
        joined = asyncio.create_task(self.membership.run())
        tasks: list[asyncio.Task[None]] = []
        try:
            while True:
                self.partitions = await self._given_anew(tasks)
                await cancelled(tasks)
                tasks = self._start()
        finally:
            await cancelled(tasks)
            await cancelled([joined])

    async def _given_anew(self, tasks: Sequence[asyncio.Task[None]]) -> frozenset[int]:
        """What the group gives once that is something else, or once a task has ended by itself.

        None should; but nobody would notice that something is not folded, or not sent, any more.
        """
        changing = asyncio.create_task(self.membership.until(self._is_other))
        try:
            await asyncio.wait([changing, *tasks], return_when=asyncio.FIRST_COMPLETED)
            if changing.done():
                return changing.result()
        finally:
            changing.cancel()
        for each in tasks:
            if each.done():
                _logger.error("%s has ended, and all is begun again", each.get_name())
        await asyncio.sleep(RETRY_S)
        return self.partitions

    def _is_other(self, given: frozenset[int]) -> bool:
        return given != self.partitions

    def _start(self) -> list[asyncio.Task[None]]:
        if not self.partitions:
            return []
        sending = [
            asyncio.create_task(self._send(each), name=f"sending for process {each.name}")
            for each in self._senders
            if self.sends(each)
        ]
        folding = [
            asyncio.create_task(each.run(self.partitions), name=f"folding {each.name}")
            for each in self._projectors
        ]
        return [*sending, *folding]

    async def _send(self, sender: ProcessSender) -> None:
        while True:
            try:
                await send(sender, self._log, self._feed)
            except Exception as fault:  # the log cannot be read: try again
                _logger.exception("process %s cannot begin to send", sender.name)
                sender.last_error = f"{type(fault).__name__}: {fault}"
                await asyncio.sleep(RETRY_S)
