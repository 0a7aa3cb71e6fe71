"""The sample bank over one log file: a writer at work and the ways to send it commands."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from eventlog.codec import Codec
from eventlog.dispatcher import CommandDispatcher, Sender
from eventlog.envelope import Recorded
from eventlog.log import Batch, Log, Unappendable
from eventlog.outcome import Accepted, Outcome, Refused
from eventlog.sqlite import SqliteLog
from eventlog.writer import Writer
from tests.sample import Close, Deposit, OpenNamed, Withdraw, sample

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TELLER = Sender(actor="tess")
MODEL = sample()


class Watched:
    """A log that counts its transactions, and takes none while it is told to refuse them."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.batches: list[Batch] = []
        self.refusing = False
        self.unreadable = False
        self.held = asyncio.Event()
        self.held.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, batch: Batch) -> list[Recorded]:
        await self.held.wait()
        if self.refusing:
            raise Unappendable("the disk is full")
        self.batches.append(batch)
        return await self._log.append(batch)

    async def past(self, streams: Mapping[str, str]) -> Any:
        if self.unreadable:
            raise OSError("the disk is gone")
        return await self._log.past(streams)


@dataclass
class Bank:
    """What a test needs to send commands and to look behind the counter."""

    log: Watched
    writer: Writer
    dispatcher: CommandDispatcher
    sender: Sender = TELLER

    async def send(self, command: type[Any], fields: Mapping[str, Any], **how: Any) -> Outcome:
        sender = how.pop("sender", self.sender)
        return await self.dispatcher.dispatch(command, fields, sender, **how)

    async def open(self, account: str = "a", **how: Any) -> Outcome:
        return await self.send(OpenNamed, {"account": account, "owner": "ann"}, **how)

    async def deposit(self, amount: int | str = 1, account: str = "a", **how: Any) -> Outcome:
        return await self.send(Deposit, {"account": account, "amount": Decimal(amount)}, **how)

    async def withdraw(self, amount: int, account: str = "a", **how: Any) -> Outcome:
        return await self.send(Withdraw, {"account": account, "amount": Decimal(amount)}, **how)

    async def close(self, account: str = "a", **how: Any) -> Outcome:
        return await self.send(Close, {"account": account}, **how)

    async def types(self, account: str = "a") -> list[str]:
        """The events of an account, by the last part of their wire names."""
        events = await self.log.history(f"account-{account}", 0, 10_000)
        return [each.type.rpartition(".")[2] for each in events]


@asynccontextmanager
async def bank(
    directory: Path,
    *,
    clock: Callable[[], datetime] = lambda: NOW,
    deadline_s: float = 20,
    model: Any = MODEL,
    **writer: Any,
) -> AsyncGenerator[Bank]:
    """The bank at work; at the end it finishes what it has taken in."""
    log = SqliteLog(directory)
    watched: Any = Watched(log)
    domain = model.domain
    owner = Writer(watched, domain, Codec(domain), **writer)
    running = asyncio.ensure_future(owner.run())
    dispatcher = CommandDispatcher(watched, owner, domain, clock=clock, deadline_s=deadline_s)
    try:
        yield Bank(watched, owner, dispatcher)
    finally:
        watched.held.set()
        await owner.drain()
        await running
        log.close()


def accepted(outcome: Outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


def refusal(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def versions(outcomes: Sequence[Outcome]) -> list[int]:
    return [accepted(each).version for each in outcomes]


def told(outcome: Outcome) -> tuple[Any, ...]:
    """What the sender is told; the events as they are in the log."""
    outcome = accepted(outcome)
    events = [(each.id, each.type, each.version, each.data) for each in outcome.events]
    return outcome.command_id, outcome.id, outcome.version, outcome.position, events
