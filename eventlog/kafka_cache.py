"""What the owner of a partition knows of it: a local SQLite file that can be thrown away."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from eventlog import sqlite_rows as rows
from eventlog.database import Database
from eventlog.envelope import Draft, Position, Recorded
from eventlog.kafka_records import Claim, Kept, Reached, Repeat
from eventlog.log import Batch, NoOp, Past, Snapshot

SHAPE = 2
"""Stands in the file's name: a file of another shape is left alone, and a new one filled."""


class Ahead(Exception):
    """The states are ahead of the events: a transaction's commit shows in one topic first."""


class Standing(NamedTuple):
    """How far the cache has come: its last event, and the next offset of the states topic.

    And what that topic said of the partition: who claims it, and the next command's offset.
    """

    last: Recorded | None
    states_next: int
    owner: str
    commands_next: int


class Cache:
    """The events, snapshots and no-ops of one partition."""

    def __init__(self, directory: Path, partition: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._partition = partition
        # Not durable: after a loss of power it lacks the newest events, and reads them again.
        self._database = Database(directory / f"{partition}-{SHAPE}.sqlite", durable=False)
        self._database.write_now(_make)
        self.filling = asyncio.Lock()
        """Held by whoever fills it from the log."""
        self.is_live = False
        """Whether its owner fills it with what it appends, so that nobody else may."""

    def close(self) -> None:
        self._database.close()

    async def standing(self) -> Standing:
        def look(connection: sqlite3.Connection) -> Standing:
            last = rows.events(connection, "1 ORDER BY offset DESC LIMIT 1", ())
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
            return Standing(
                last=last[0] if last else None,
                states_next=int(meta.get("states_next", 0)),
                owner=meta.get("owner", ""),
                commands_next=int(meta.get("commands_next", 0)),
            )

        return await self._database.read(look)

    async def forget(self) -> None:
        """Begin anew: it was filled from another log."""

        def empty(connection: sqlite3.Connection) -> None:
            for table in ("events", "no_ops", "snapshots", "meta"):
                connection.execute(f"DELETE FROM {table}")

        await self._database.write(empty)

    async def keep(
        self, events: Sequence[Recorded], kept: Sequence[Kept], states_next: int | None
    ) -> None:
        """Take in what was committed, in its order.

        Raises Ahead, and IntegrityError for a version twice.
        """

        def insert(connection: sqlite3.Connection) -> None:
            rows.insert(connection, Batch(drafts=()), events)
            no_ops = [self._no_op(connection, each) for each in kept if isinstance(each, Repeat)]
            snapshots = [each for each in kept if isinstance(each, Snapshot)]
            rows.insert(connection, Batch(drafts=(), no_ops=no_ops, snapshots=snapshots), ())
            meta: dict[str, str | int] = {}
            for each in kept:
                if isinstance(each, Claim):
                    meta["owner"] = each.owner
                elif isinstance(each, Reached):
                    meta["commands_next"] = each.commands_next
            if states_next is not None:
                meta["states_next"] = states_next
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())

        await self._database.write(insert)

    def _no_op(self, connection: sqlite3.Connection, repeat: Repeat) -> NoOp:
        place = repeat.position
        if place is None:
            row = connection.execute(
                "SELECT offset FROM events WHERE stream = ? AND version = ?",
                (repeat.stream, repeat.version),
            ).fetchone()
            if row is None:
                raise Ahead(f"version {repeat.version} of {repeat.stream} is not there yet")
            place = Position(self._partition, row[0])
        return NoOp(
            stream=repeat.stream,
            command_id=repeat.command_id,
            actor=repeat.actor,
            version=repeat.version,
            position=place,
        )

    async def first_known(self, drafts: Sequence[Draft]) -> Draft | None:
        """The first draft whose version its stream has already."""

        def look(connection: sqlite3.Connection) -> Draft | None:
            query = "SELECT 1 FROM events WHERE stream = ? AND version = ?"
            for each in drafts:
                if connection.execute(query, (each.stream, each.version)).fetchone():
                    return each
            return None

        return await self._database.read(look)

    async def past(self, streams: Mapping[str, str]) -> dict[str, Past]:
        def look(connection: sqlite3.Connection) -> dict[str, Past]:
            return {stream: rows.past(connection, stream, code) for stream, code in streams.items()}

        return await self._database.read(look)

    async def outcomes(
        self, commands: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], NoOp | list[Recorded]]:
        def look(connection: sqlite3.Connection) -> dict[tuple[str, str], NoOp | list[Recorded]]:
            found: dict[tuple[str, str], NoOp | list[Recorded]] = {}
            for stream, command_id in commands:
                outcome = rows.outcome(connection, stream, command_id)
                if outcome:
                    found[stream, command_id] = outcome
            return found

        return await self._database.read(look)

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        def look(connection: sqlite3.Connection) -> list[Recorded]:
            condition = "stream = ? AND version > ? ORDER BY version LIMIT ?"
            return rows.events(connection, condition, (stream, after_version, first))

        return await self._database.read(look)

    async def at(self, offsets: Sequence[int]) -> dict[int, Recorded]:
        """The events that stand at these offsets."""

        def look(connection: sqlite3.Connection) -> dict[int, Recorded]:
            found = (rows.events(connection, "offset = ?", (each,)) for each in offsets)
            return {each.offset: each for events in found for each in events}

        return await self._database.read(look)


def _make(connection: sqlite3.Connection) -> None:
    for statement in rows.SCHEMA.split(";\n"):
        connection.execute(statement)
