"""One SQLite file in WAL mode: a connection that writes, in a thread of its own, and readers."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

READERS = 2
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

    def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: Any = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("COMMIT")

    def close(self) -> None:
        """Finish what runs, then close every connection."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        for connection in self._connections:
            connection.close()
