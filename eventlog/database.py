"""One SQLite file in WAL mode: a connection that writes, in a thread of its own, and readers."""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

READERS = 2
QUICK_S = 0.003
"""How much processor time a read may take from everything else of its thread."""
GROUP_S_MAX = 0.01
"""For how long writes that wait for each other are taken into one transaction."""
STEPS_BETWEEN_LOOKS = 500
"""After so many steps of SQLite's machine it is looked at how long it has taken."""
BUSY_TIMEOUT_MS = 10_000


class _Asked(NamedTuple):
    """A write, and who waits for it."""

    work: Callable[[sqlite3.Connection], Any]
    done: asyncio.Future[Any]


class _Raised(NamedTuple):
    """The outcome of a write that raised."""

    fault: BaseException


class Database:
    """Runs functions over an SQLite file off the event loop, writes one after another.

    With `durable`, a write that returned survives the loss of power (synchronous=FULL); without,
    it survives that of the process, and the file stays whole in either case.
    """

    def __init__(
        self,
        path: Path,
        *,
        durable: bool,
        prepare: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        self.path = path
        self._prepare = prepare
        self._local = threading.local()
        self._here: sqlite3.Connection | None = None
        self._quick_until = inf
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._queued: deque[_Asked] = deque()
        self._is_writing = False
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix=f"write-{path.stem}")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{path.stem}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA cache_size=-32768")
        if self._prepare:
            self._prepare(connection)
        self._connections.append(connection)
        return connection

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives; of what it wrote nothing is left where it raises.

        What is asked for meanwhile is written in one transaction, in order, each as a whole; all of
        them raise where that fails. No work begins or ends a transaction itself. Once begun it runs
        to its end, even where the caller is cancelled.
        """
        asked = _Asked(work, asyncio.get_running_loop().create_future())
        with self._lock:
            if not self._is_writing:
                self._write_thread.submit(self._write_queued)
                self._is_writing = True
            self._queued.append(asked)
        done: asyncio.Future[T] = asked.done
        return await done

    def _write_queued(self) -> None:
        while (first := self._first_queued()) is not None:
            group = [first]
            try:
                outcomes = self._transact(partial(self._write_group, group))
            except BaseException as fault:
                outcomes = [_Raised(fault)] * len(group)
            for asked, outcome in zip(group, outcomes, strict=True):
                with suppress(RuntimeError):  # its loop is closed
                    asked.done.get_loop().call_soon_threadsafe(_answer, asked.done, outcome)

    def _first_queued(self) -> "_Asked | None":
        with self._lock:
            while self._queued:
                asked = self._queued.popleft()
                if not asked.done.cancelled():
                    return asked
            self._is_writing = False
            return None

    def _write_group(self, group: list["_Asked"], connection: sqlite3.Connection) -> list[Any]:
        """What came of each in the group, which takes in what is queued for `GROUP_S_MAX`.

        Raises where the transaction is lost.
        """
        end = time.monotonic() + GROUP_S_MAX
        outcomes = [_outcome(connection, group[0].work)]
        while self._queued and time.monotonic() < end:
            asked = self._queued.popleft()
            if not asked.done.cancelled():
                group.append(asked)
                outcomes.append(_outcome(connection, asked.work))
        return outcomes

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same, on the caller's thread: for opening, before anything else runs.

        Where it raises, the file is closed.
        """
        try:
            return self._transact(work)
        except BaseException:
            self.close()
            raise

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives, run over one snapshot of the file."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_threads, self._look, work)

    async def read_soon(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """As `read`, for what is mostly quick: on the caller's thread, unless it takes long.

        To hand a read of some microseconds to a thread and back costs more than the read. One that
        is not done within `QUICK_S` is given up there, and done by a thread from its beginning.
        """
        if self._here is None:
            here = self._connect()
            here.execute("PRAGMA busy_timeout=0")  # a thread waits, never the caller's
            here.set_progress_handler(self._is_overdue, STEPS_BETWEEN_LOOKS)
            self._here = here
        try:
            return self._look_at(self._here, partial(self._quickly, work))
        except sqlite3.OperationalError as fault:
            primary = fault.sqlite_errorcode & 0xFF  # the rest says which kind of busy
            if primary not in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
                raise
        return await self.read(work)

    def _quickly(self, work: Callable[[sqlite3.Connection], T], here: sqlite3.Connection) -> T:
        """The work alone is given up: a BEGIN or COMMIT never, which would leave a transaction."""
        self._quick_until = time.thread_time() + QUICK_S
        try:
            return work(here)
        finally:
            self._quick_until = inf

    def _is_overdue(self) -> bool:
        return time.thread_time() > self._quick_until

    def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: Any = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return self._look_at(connection, work)

    @staticmethod
    def _look_at(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")

    def close(self) -> None:
        """Finish what runs, then close every connection."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        for connection in self._connections:
            connection.close()


def _outcome(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Any]) -> Any:
    """What the work gives, or `_Raised`, and nothing of it is left."""
    connection.execute("SAVEPOINT one")
    try:
        outcome = work(connection)
    except BaseException as fault:
        if not connection.in_transaction:  # as where the disk is full
            raise
        connection.execute("ROLLBACK TO one")
        outcome = _Raised(fault)
    connection.execute("RELEASE one")
    return outcome


def _answer(done: asyncio.Future[Any], outcome: Any) -> None:
    if done.done():
        return
    if isinstance(outcome, _Raised):
        done.set_exception(outcome.fault)
    else:
        done.set_result(outcome)
