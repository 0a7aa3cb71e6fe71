"""One SQLite file in WAL mode: a connection that writes, in a thread of its own, and readers."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

READERS = 2
QUICK_S = 0.003
"""How much processor time a read may take from everything else of its thread."""
STEPS_BETWEEN_LOOKS = 500
"""After so many steps of SQLite's machine it is looked at how long it has taken."""
BUSY_TIMEOUT_MS = 10_000


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
        self._path = path
        self._prepare = prepare
        self._local = threading.local()
        self._here: sqlite3.Connection | None = None
        self._quick_until = inf
        self._connections: list[sqlite3.Connection] = []
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix=f"write-{path.stem}")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{path.stem}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA cache_size=-32768")
        if self._prepare:
            self._prepare(connection)
        self._connections.append(connection)
        return connection

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives, run in one transaction; nothing of it is left where it raises.

        Once begun it runs to its end, even where the caller is cancelled.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._write_thread, self._transact, work)

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
