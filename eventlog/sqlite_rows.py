"""The embedded log's tables, and events as their rows."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from eventlog.envelope import Draft, Position, Recorded
from eventlog.log import Batch, NoOp, Past, Snapshot

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    offset INTEGER PRIMARY KEY, partition INTEGER NOT NULL,
    stream TEXT NOT NULL, version INTEGER NOT NULL,
    id TEXT NOT NULL, type TEXT NOT NULL, schema INTEGER NOT NULL, at TEXT NOT NULL,
    command_id TEXT NOT NULL, correlation_id TEXT, causation_id TEXT, actor TEXT, trace TEXT,
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS events_by_stream ON events (stream, version);
CREATE INDEX IF NOT EXISTS events_by_command ON events (command_id);
CREATE INDEX IF NOT EXISTS events_by_partition ON events (partition);
CREATE TABLE IF NOT EXISTS no_ops (
    stream TEXT, command_id TEXT, actor TEXT, version INTEGER NOT NULL,
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (stream, command_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots (
    stream TEXT PRIMARY KEY, version INTEGER NOT NULL, partition INTEGER NOT NULL,
    offset INTEGER NOT NULL, code TEXT NOT NULL, state BLOB NOT NULL
);
"""

COLUMNS = (
    "offset, partition, stream, version, id, type, schema, at, "
    "command_id, correlation_id, causation_id, actor, trace, data"
)
INSERT = f"INSERT INTO events ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"


def recorded(draft: Draft, offset: int) -> Recorded:
    return Recorded(
        offset=offset,
        partition=draft.partition,
        stream=draft.stream,
        version=draft.version,
        id=draft.id,
        type=draft.type,
        schema=draft.schema,
        at=draft.at,
        command_id=draft.command_id,
        correlation_id=draft.correlation_id,
        causation_id=draft.causation_id,
        actor=draft.actor,
        trace=draft.trace,
        data=draft.data,
        event=draft.event,
    )


def row_of(each: Recorded) -> tuple[Any, ...]:
    """The columns; a correlation or causation that is the command itself is left out."""
    command_id = each.command_id
    return (
        each.offset,
        each.partition,
        each.stream,
        each.version,
        each.id,
        each.type,
        each.schema,
        each.at.isoformat(),
        command_id,
        None if each.correlation_id == command_id else each.correlation_id,
        None if each.causation_id == command_id else each.causation_id,
        each.actor,
        each.trace,
        each.data,
    )


def insert(connection: sqlite3.Connection, batch: Batch, recorded: Sequence[Recorded]) -> None:
    """Write the batch down, whose drafts have become these records."""
    connection.executemany(INSERT, map(row_of, recorded))
    if batch.no_ops:
        # A no-op after events of its own batch: only now is it known where they stand.
        places = {(each.stream, each.version): each.position for each in recorded}
        connection.executemany(
            "INSERT OR IGNORE INTO no_ops VALUES (?,?,?,?,?,?)",
            [
                (n.stream, n.command_id, n.actor, n.version, place.partition, place.offset)
                for n in batch.no_ops
                for place in [places.get((n.stream, n.version), n.position)]
            ],
        )
    if batch.snapshots:
        connection.executemany(
            "INSERT OR REPLACE INTO snapshots VALUES (?,?,?,?,?,?)",
            [
                (s.stream, s.version, s.position.partition, s.position.offset, s.code, s.state)
                for s in batch.snapshots
            ],
        )


def events(
    connection: sqlite3.Connection, condition: str, values: tuple[Any, ...]
) -> list[Recorded]:
    rows = connection.execute(f"SELECT {COLUMNS} FROM events WHERE {condition}", values)
    return [
        Recorded(
            offset=offset,
            partition=partition,
            stream=stream,
            version=version,
            id=id,
            type=type,
            schema=schema,
            at=datetime.fromisoformat(at),
            command_id=command_id,
            correlation_id=command_id if correlation_id is None else correlation_id,
            causation_id=command_id if causation_id is None else causation_id,
            actor=actor,
            trace=trace,
            data=data,
        )
        for (
            offset, partition, stream, version, id, type, schema, at,
            command_id, correlation_id, causation_id, actor, trace, data,
        ) in rows
    ]  # fmt: skip


def past(connection: sqlite3.Connection, stream: str, code: str) -> Past:
    row = connection.execute(
        "SELECT version, partition, offset, code, state FROM snapshots"
        " WHERE stream = ? AND code = ?",
        (stream, code),
    ).fetchone()
    snapshot = row and Snapshot(
        stream=stream, version=row[0], position=Position(row[1], row[2]), code=row[3], state=row[4]
    )
    found = events(
        connection,
        "stream = ? AND version > ? ORDER BY version",
        (stream, snapshot.version if snapshot else 0),
    )
    return Past(snapshot=snapshot, events=found)


def outcome(
    connection: sqlite3.Connection, stream: str, command_id: str
) -> NoOp | list[Recorded] | None:
    found = events(
        connection, "command_id = ? AND stream = ? ORDER BY version", (command_id, stream)
    )
    if found:
        return found
    row = connection.execute(
        "SELECT actor, version, partition, offset FROM no_ops WHERE stream = ? AND command_id = ?",
        (stream, command_id),
    ).fetchone()
    return row and NoOp(
        stream=stream,
        command_id=command_id,
        actor=row[0],
        version=row[1],
        position=Position(row[2], row[3]),
    )
