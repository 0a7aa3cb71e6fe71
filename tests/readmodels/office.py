"""The transfers of the sample bank at work over one directory, with a clock that a test sets."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from eventlog.codec import Codec
from eventlog.dispatcher import CommandDispatcher, Sender
from eventlog.envelope import Position, Recorded
from eventlog.outcome import Accepted, Outcome
from eventlog.sqlite import SqliteLog
from eventlog.writer import Writer
from readmodels.feed import Feed
from readmodels.processes import Instance, ProcessFold, ProcessSender
from readmodels.projector import Projector
from readmodels.query import Query
from readmodels.sqlite import SqliteStore
from readmodels.store import Store
from tests.sample import Deposit, OpenNamed, Withdraw, sample

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
DEADLINE_S = 20
TELLER = Sender(actor="tess")
MODEL = sample()


class PowerCut(BaseException):
    """What nobody catches."""


@dataclass
class Clock:
    """A clock that stands still until a test sets it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Switchboard:
    """A dispatcher between the sender and the real one, which a test can break."""

    inner: CommandDispatcher
    sent: list[Any] = field(default_factory=list[Any])
    """The fields of every command that came, in order."""
    command_ids: list[str] = field(default_factory=list[str])
    fault: Callable[[Mapping[str, Any]], Exception | None] = lambda fields: None
    loses_answers: bool = False
    """Whether commands arrive and their answers do not, as in a crash."""

    async def dispatch(
        self, command: type[Any], fields: Mapping[str, Any], sender: Sender, **how: Any
    ) -> Outcome:
        self.sent.append(fields)
        self.command_ids.append(how["command_id"])
        if fault := self.fault(fields):
            raise fault
        outcome = await self.inner.dispatch(command, fields, sender, **how)
        if self.loses_answers:
            raise PowerCut
        return outcome

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        return await self.inner.history(stream, after_version, first)


@dataclass
class Office:
    """What runs, and what a test asks of it."""

    log: SqliteLog
    store: Store
    feed: Feed
    clock: Clock
    switchboard: Switchboard
    projector: Projector
    sender: ProcessSender

    async def command(self, command: type[Any], **fields: Any) -> Accepted:
        outcome = await self.switchboard.inner.dispatch(command, fields, TELLER)
        assert isinstance(outcome, Accepted), outcome
        return outcome

    async def open(self, *accounts: str) -> None:
        """Open accounts with a hundred in each."""
        for each in accounts:
            await self.command(OpenNamed, account=each, owner="ann")
            await self.command(Deposit, account=each, amount=Decimal(100))

    async def transfer(self, account: str, to: str | None, amount: int) -> Accepted:
        return await self.command(Withdraw, account=account, amount=Decimal(amount), to=to)

    async def folded(self) -> None:
        """Wait until the process has seen everything in the log."""
        async with asyncio.timeout(DEADLINE_S):
            await self.feed.until_built(self.projector.collection)
            for partition, end in (await self.log.ends()).items():
                position = Position(partition, end)
                await self.feed.passed(self.projector.collection, position, DEADLINE_S)

    async def settled(self) -> None:
        """Let the process see everything and send what is due, until nothing is."""
        while True:
            before = await self.log.ends()
            await self.folded()
            await self.sender.send_due()
            await self.folded()
            if await self.log.ends() == before:
                return

    async def events(self, account: str) -> list[Recorded]:
        return await self.log.history(f"account-{account}", 0, 10_000)

    async def movements(self, account: str) -> list[str]:
        """What went in and out of an account, after the hundred that it began with."""
        codec = Codec(MODEL.domain)
        moved = [codec.event(each) for each in (await self.events(account))[2:]]
        return [f"{each.amount}" for each in moved]

    async def arrived(self, account: str, number: int) -> None:
        """Wait until an account has so many events."""
        async with asyncio.timeout(DEADLINE_S):
            while len(await self.events(account)) < number:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.002)

    async def instances(self) -> dict[str, Instance]:
        found = await self.store.find(self.projector.collection, Query(first=1000))
        return {each.id: each for each in found}


@asynccontextmanager
async def office(
    directory: Path,
    *,
    clock: Clock | None = None,
    wrap: Callable[[Any], Any] = lambda store: store,
    folds: bool = True,
    sends: bool = False,
) -> AsyncGenerator[Office]:
    """The office at work; `wrap` stands between the sender and the store.

    Without `sends` the sender does nothing until a test calls it.
    """
    clock = clock or Clock()
    log = SqliteLog(directory)
    feed = Feed()
    store = SqliteStore(directory, tell=feed.tell)
    codec = Codec(MODEL.domain)
    writer = Writer(log, MODEL.domain, codec)
    switchboard = Switchboard(CommandDispatcher(log, writer, MODEL.domain, clock=clock))
    fold = ProcessFold(MODEL.domain.processes[0], codec)
    projector = Projector(fold, log, store, feed)
    await projector.open()
    sender = ProcessSender(fold, MODEL.domain, codec, wrap(store), feed, switchboard, clock)
    writing = asyncio.ensure_future(writer.run())
    running = [asyncio.ensure_future(projector.run())] if folds else []
    running += [asyncio.ensure_future(sender.run())] if sends else []
    try:
        yield Office(log, store, feed, clock, switchboard, projector, sender)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await writer.drain()
        await writing
        store.close()
        log.close()
