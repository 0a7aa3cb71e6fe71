"""The embedded log: one SQLite file with the partitions, positions and envelope of Kafka's."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence, Set
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from eventlog import sqlite_rows as rows
from eventlog.database import Database
from eventlog.directory import take_directory
from eventlog.envelope import PARTITIONS, Position, Recorded
from eventlog.log import Batch, NoOp, Past, Unappendable

TAIL_EVENTS_MAX = 20_000
"""At least how many of the newest events followers are served from memory; at most twice it."""


class SqliteLog:
    """The log of one process. Offsets ascend over all partitions, so each has gaps.

    Raises DirectoryTaken where another process holds the directory, ValueError where the file
    was made with another number of partitions.
    """

    def __init__(self, directory: Path, *, partitions: int = PARTITIONS) -> None:
        self.partitions = partitions
        with ExitStack() as opened:
            self._lock = opened.enter_context(take_directory(directory))
            self._database = Database(directory / "log.sqlite", durable=True)
            self._next = self._database.write_now(self._open)
            opened.pop_all()
        self._tail: list[Recorded] = []
        self._appending = asyncio.Lock()
        self._appended = asyncio.Event()

    def _open(self, connection: sqlite3.Connection) -> int:
        for statement in rows.SCHEMA.split(";\n"):
            connection.execute(statement)
        row = connection.execute("SELECT value FROM meta WHERE key = 'partitions'").fetchone()
        if row is None:
            connection.execute("INSERT INTO meta VALUES ('partitions', ?)", (self.partitions,))
        elif int(row[0]) != self.partitions:
            raise ValueError(
                f"the log was made with {row[0]} partitions, which is fixed for ever; "
                f"it cannot be opened with {self.partitions}"
            )
        (last,) = connection.execute("SELECT max(offset) FROM events").fetchone()
        return 0 if last is None else last + 1

    def close(self) -> None:
        """Finish what is being written and give the directory back."""
        self._database.close()
        self._lock.close()

    async def append(self, batch: Batch) -> list[Recorded]:
        """Append all of the batch durably, in one transaction. Raises Unappendable."""
        if not (batch.drafts or batch.no_ops or batch.snapshots):
            return []  # whose the partitions are is sure: the directory is this process'
        async with self._appending:
            appending = asyncio.ensure_future(self._append(batch))
            try:
                return await asyncio.shield(appending)
            except asyncio.CancelledError:
                # A transaction that began runs to its end: take account of it before leaving.
                await asyncio.wait([appending])
                appending.exception()
                raise

    async def _append(self, batch: Batch) -> list[Recorded]:
        recorded = [
            rows.recorded(draft, offset) for offset, draft in enumerate(batch.drafts, self._next)
        ]
        try:
            await self._database.write(lambda connection: rows.insert(connection, batch, recorded))
        except Exception as fault:  # whatever it was, the transaction was rolled back
            raise Unappendable(f"the log did not take the events: {fault}") from fault
        self._next += len(recorded)
        self._tail += recorded
        if len(self._tail) > 2 * TAIL_EVENTS_MAX:
            del self._tail[:-TAIL_EVENTS_MAX]
        self._appended.set()
        self._appended = asyncio.Event()
        return recorded

    async def past(self, streams: Mapping[str, str]) -> dict[str, Past]:
        """What each stream's state is folded from; snapshots made by other code are left out."""

        def look(connection: sqlite3.Connection) -> dict[str, Past]:
            return {stream: rows.past(connection, stream, code) for stream, code in streams.items()}

        return await self._database.read(look)

    async def outcomes(
        self, commands: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], NoOp | list[Recorded]]:
        """What became of those (stream, command id) that were accepted before."""

        def look(
            connection: sqlite3.Connection,
        ) -> dict[tuple[str, str], NoOp | list[Recorded]]:
            found: dict[tuple[str, str], NoOp | list[Recorded]] = {}
            for stream, command_id in commands:
                outcome = rows.outcome(connection, stream, command_id)
                if outcome:
                    found[stream, command_id] = outcome
            return found

        return await self._database.read(look)

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, oldest first."""
        return await self._select(
            "stream = ? AND version > ? ORDER BY version LIMIT ?", (stream, after_version, first)
        )

    async def at(self, positions: Sequence[Position]) -> list[Recorded]:
        """The events that stand at these positions, in their order."""
        found: list[Recorded] = []
        for position in positions:
            found += await self._select(
                "offset = ? AND partition = ?", (position.offset, position.partition)
            )
        return found

    async def ends(self) -> dict[int, int]:
        """The offset of the last event of each partition that has any."""

        def look(connection: sqlite3.Connection) -> dict[int, int]:
            ends: dict[int, int] = {}
            for partition in range(self.partitions):
                (last,) = connection.execute(
                    "SELECT max(offset) FROM events WHERE partition = ?", (partition,)
                ).fetchone()
                if last is not None:
                    ends[partition] = last
            return ends

        return await self._database.read(look)

    def behind(self, checkpoint: Mapping[int, int], partitions: Set[int] | None = None) -> int:
        """How many events a follower that has come this far has still to see, at most.

        Followers read the partitions together, in the order of the offsets.
        """
        return self._next - 1 - max(checkpoint.values(), default=-1)

    async def follow(
        self, after: Mapping[int, int], limit: int, partitions: Set[int] | None = None
    ) -> AsyncGenerator[list[Recorded], None]:
        """All events above the offset of their partition, then new ones as they come, for ever."""
        seen = await self._start(after)
        known = max(after.values(), default=-1)
        while True:
            appended = self._appended
            events = await self._read(seen, limit)
            if not events:
                await appended.wait()
                continue
            first, seen = events[0].offset, events[-1].offset
            if first <= known:
                events = [each for each in events if each.offset > after.get(each.partition, -1)]
            if partitions is not None:
                events = [each for each in events if each.partition in partitions]
            if events:
                yield events

    async def _start(self, after: Mapping[int, int]) -> int:
        """The offset above which lies all that a follower has not seen."""

        def look(connection: sqlite3.Connection) -> int:
            (last,) = connection.execute("SELECT max(offset) FROM events").fetchone()
            firsts: list[int] = []
            for partition in range(self.partitions):
                (first,) = connection.execute(
                    "SELECT min(offset) FROM events WHERE partition = ? AND offset > ?",
                    (partition, after.get(partition, -1)),
                ).fetchone()
                if first is not None:
                    firsts.append(first)
            return min(firsts, default=(-1 if last is None else last) + 1) - 1

        return await self._database.read(look)

    async def _read(self, seen: int, limit: int) -> list[Recorded]:
        """The events that come right above an offset: from memory where they are still there."""
        if seen + 1 >= self._next:
            return []
        if self._tail and self._tail[0].offset <= seen + 1:
            start = seen + 1 - self._tail[0].offset
            return self._tail[start : start + limit]
        return await self._select("offset > ? ORDER BY offset LIMIT ?", (seen, limit))

    async def _select(self, condition: str, values: tuple[Any, ...]) -> list[Recorded]:
        def look(connection: sqlite3.Connection) -> list[Recorded]:
            return rows.events(connection, condition, values)

        return await self._database.read(look)
