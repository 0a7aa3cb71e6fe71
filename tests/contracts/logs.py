"""The engines of the log that the contract is held to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from eventlog import sqlite
from eventlog.envelope import Draft, Position, Recorded, partition_of
from eventlog.log import Batch, Log
from eventlog.sqlite import SqliteLog
from tests.contracts.kafka_engine import KafkaEngine

PARTITIONS = 4
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
DEADLINE_S = 20
"""No test waits as long; one that would is at fault."""


class Engine(Protocol):
    """A log over one place that outlives it."""

    async def open(self, partitions: int = PARTITIONS) -> Log:
        """The log, opened; only one at a time."""
        ...

    async def close(self) -> None:
        """Close the log that is open, if one is."""
        ...


class SqliteEngine:
    """The embedded engine over one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log: SqliteLog | None = None

    async def open(self, partitions: int = PARTITIONS) -> Log:
        self._log = SqliteLog(self._directory, partitions=partitions)
        return self._log

    async def close(self) -> None:
        if self._log is not None:
            self._log.close()
        self._log = None


def _sqlite(directory: Path, patch: pytest.MonkeyPatch) -> Engine:
    return SqliteEngine(directory)


def _sqlite_with_a_short_tail(directory: Path, patch: pytest.MonkeyPatch) -> Engine:
    """Followers are served from memory for a few events only, from the file for the others."""
    patch.setattr(sqlite, "TAIL_EVENTS_MAX", 2)
    return SqliteEngine(directory)


def _kafka(directory: Path, patch: pytest.MonkeyPatch) -> Engine:
    return KafkaEngine(directory, PARTITIONS, keeps_cache=True)


def _kafka_without_a_cache(directory: Path, patch: pytest.MonkeyPatch) -> Engine:
    """Each opening restores everything from the broker."""
    return KafkaEngine(directory, PARTITIONS, keeps_cache=False)


ENGINES: Mapping[str, Callable[[Path, pytest.MonkeyPatch], Engine]] = {
    "sqlite": _sqlite,
    "sqlite, short tail": _sqlite_with_a_short_tail,
    "kafka": _kafka,
    "kafka, no cache kept": _kafka_without_a_cache,
}


async def opened(
    name: str, directory: Path, patch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Engine, Log]]:
    """The named engine with its log open, closed at the end."""
    engine = ENGINES[name](directory, patch)
    log = await engine.open()
    try:
        yield engine, log
    finally:
        await engine.close()


def stream_in(partition: int, number: int = 0) -> str:
    """The name of a stream that lives in the partition."""
    found = [
        stream
        for each in range(200 * PARTITIONS)
        if partition_of(stream := f"account-{each}", PARTITIONS) == partition
    ]
    return found[number]


def draft(stream: str, version: int, **others: Any) -> Draft:
    """An event about to be appended; everything that a test does not name is made up."""
    made: dict[str, Any] = {
        "id": f"{stream}/{version}",
        "type": "sample.Deposited",
        "schema": 1,
        "partition": partition_of(stream, PARTITIONS),
        "at": AT,
        "command_id": f"command {stream} {version}",
        "correlation_id": "correlation",
        "causation_id": "causation",
        "actor": "ann",
        "trace": None,
        "data": b'{"amount":"1"}',
    }
    return Draft(stream=stream, version=version, **made | others)


async def append(log: Log, *drafts: Draft) -> list[Recorded]:
    """The drafts, appended as one batch."""
    return await log.append(Batch(drafts=drafts))


async def taken(
    log: Log, count: int, after: Mapping[int, int] | None = None, limit: int = 100
) -> list[Recorded]:
    """The first `count` events that a follower is given; each list is as the port promises."""
    found: list[Recorded] = []
    async with asyncio.timeout(DEADLINE_S), aclosing(log.follow(after or {}, limit)) as batches:
        while len(found) < count:
            batch = await anext(batches)
            assert 1 <= len(batch) <= limit
            found += batch
    return found


def positions(events: list[Recorded]) -> list[Position]:
    return [each.position for each in events]


def is_in_order(events: list[Recorded]) -> bool:
    """Whether the events of each partition ascend, none of them twice."""
    last: dict[int, int] = {}
    for each in events:
        if each.offset <= last.get(each.partition, -1):
            return False
        last[each.partition] = each.offset
    return True
