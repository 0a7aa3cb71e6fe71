"""The composition root of the embedded engine, and what it shares with the distributed one."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.registry import Collector

from eventlog.codec import Codec
from eventlog.dispatcher import Clock, CommandDispatcher, Dispatcher, wall_clock
from eventlog.envelope import Position
from eventlog.log import Log
from eventlog.sqlite import SqliteLog
from eventlog.writer import Tally, Writer
from readmodels.composition import Collection, Model
from readmodels.feed import Feed
from readmodels.fold import Fold, ProjectionFold
from readmodels.live import LiveDocuments
from readmodels.processes import ProcessFold, ProcessSender
from readmodels.projector import Projector
from readmodels.sqlite import SqliteStore
from readmodels.store import Store

FOR_EVER_S = 365 * 24 * 3600.0
REBUILD = "remove it and what is named after it, and the next start builds it anew from the log"


class FileDamaged(Exception):
    """A file of the data directory cannot be opened; the message names it and what to do."""


class Unusable(Exception):
    """Kafka or MongoDB cannot be worked with as they are; the message says which and why."""


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What runs in this process, for those who ask it or watch over it."""

    model: Model
    store: Store
    feed: Feed
    documents: LiveDocuments
    dispatcher: CommandDispatcher
    projectors: tuple[Projector, ...]
    senders: tuple[ProcessSender, ...]
    writers: Callable[[], Sequence[Writer]]
    """Those that decide here at the moment."""
    tally: Tally
    behind: Callable[[Mapping[int, int]], int]
    """How many events a projector that has come so far has still to see."""
    readiness: Callable[[], Mapping[str, Mapping[str, object]]] = dict
    """What else has to be ready."""
    collectors: Sequence[Collector] = ()
    """What else is measured."""


@dataclass(frozen=True, kw_only=True)
class Embedded(Runtime):
    """The embedded engine, which has everything in this process."""

    log: Log
    writer: Writer

    async def caught_up(self, collection: Collection[Any], ends: Mapping[int, int]) -> None:
        """Wait until the collection shows everything up to these offsets, however long."""
        await caught_up(self.feed, collection, ends)


async def caught_up(feed: Feed, collection: Collection[Any], ends: Mapping[int, int]) -> None:
    """Wait until the collection shows everything up to these offsets, however long."""
    await feed.until_built(collection)
    for partition, offset in ends.items():
        await feed.passed(collection, Position(partition, offset), FOR_EVER_S)


@asynccontextmanager
async def embedded(
    model: Model,
    directory: Path,
    *,
    clock: Clock = wall_clock,
    deadline_s: float = 10.0,
    wait_s: float = 5.0,
    sending: bool = True,
) -> AsyncGenerator[Embedded]:
    """Everything on the embedded engine over one data directory, running until the end.

    With `sending` False the caller says when processes send what is due, by `send_due`. At the end
    it takes no more commands, finishes those taken in, and stops the rest: what a projector or a
    process had not done yet is done at the next start. Raises DirectoryTaken, ShapeChanged,
    FileDamaged.
    """
    with _whole(directory / "log.sqlite", "restore it from a copy"):
        log = SqliteLog(directory)
    try:
        feed = Feed()
        with _whole(directory / "documents.sqlite", REBUILD):
            store = SqliteStore(directory, tell=feed.tell)
        try:
            runtime = _assemble(model, log, store, feed, clock, deadline_s, wait_s)
            with _whole(directory / "documents.sqlite", REBUILD):
                for projector in runtime.projectors:
                    await projector.open()
            async with _running(runtime, runtime.senders if sending else ()):
                yield runtime
        finally:
            store.close()
    finally:
        log.close()


@contextmanager
def _whole(path: Path, advice: str) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as fault:
        raise FileDamaged(f"{path} cannot be opened: {fault}; {advice}") from fault


def _assemble(
    model: Model,
    log: Log,
    store: Store,
    feed: Feed,
    clock: Clock,
    deadline_s: float,
    wait_s: float,
) -> Embedded:
    codec = Codec(model.domain)
    writer = Writer(log, model.domain, codec)
    dispatcher = CommandDispatcher(log, writer, model.domain, clock=clock, deadline_s=deadline_s)
    projectors, senders = folding(model, codec, log, store, feed, dispatcher, clock)
    return Embedded(
        model=model,
        store=store,
        feed=feed,
        documents=LiveDocuments(model.shown, store, feed, wait_s=wait_s),
        dispatcher=dispatcher,
        projectors=projectors,
        senders=senders,
        writers=lambda: [writer],
        tally=writer.tally,
        readiness=lambda: {"writer": {"ready": True, "queued": writer.queued}},
        behind=log.behind,
        log=log,
        writer=writer,
    )


def folding(
    model: Model,
    codec: Codec,
    log: Log,
    store: Store,
    feed: Feed,
    dispatcher: Dispatcher,
    clock: Clock = wall_clock,
) -> tuple[tuple[Projector, ...], tuple[ProcessSender, ...]]:
    """A projector for each projection and each process, and what sends the processes' commands."""
    domain = model.domain
    reacting = [ProcessFold(process, codec) for process in domain.processes]
    folds: list[Fold] = [ProjectionFold(shown, codec) for shown in model.shown.values()]
    folds += reacting
    return (
        tuple(Projector(fold, log, store, feed) for fold in folds),
        tuple(
            ProcessSender(fold, domain, codec, store, feed, dispatcher, clock) for fold in reacting
        ),
    )


@asynccontextmanager
async def _running(runtime: Embedded, senders: Sequence[ProcessSender]) -> AsyncGenerator[None]:
    """The parts at work, stopped from the first to send a command to the last to show it.

    A fault of whoever uses them leaves as it is, not in a group.
    """
    fault: Exception | None = None
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(runtime.writer.run())
        projecting = [group.create_task(each.run()) for each in runtime.projectors]
        sending = [group.create_task(send(each, runtime.log, runtime.feed)) for each in senders]
        try:
            yield
        except Exception as raised:
            fault = raised
        finally:
            # 1. A process sends nothing that the writer would turn away: the next start does.
            await cancelled(sending)
            # 2. Commands that were taken in are decided, and their senders answered.
            await runtime.writer.drain()
            await writing
            # 3. What is not folded yet is folded at the next start.
            await cancelled(projecting)
    if fault is not None:
        raise fault


async def send(sender: ProcessSender, log: Log, feed: Feed) -> None:
    """Send once the process has seen all that there was at the start: it may change what is due."""
    await caught_up(feed, sender.collection, await log.ends())
    await sender.run()


async def cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel the tasks, and wait for their ends."""
    for each in tasks:
        each.cancel()
    if tasks:
        await asyncio.wait(tasks)
