"""What the embedded log does beyond the contract: one process, one directory, no gap."""

import asyncio
import subprocess
import sys
import threading
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest

from eventlog import sqlite
from eventlog.database import Database
from eventlog.directory import DirectoryTaken
from eventlog.log import Batch
from eventlog.sqlite import SqliteLog
from tests.contracts.logs import DEADLINE_S, PARTITIONS, append, draft, stream_in, taken

ROOT = Path(__file__).parents[2]
OPEN = "import sys; from pathlib import Path; from eventlog.sqlite import SqliteLog as Log; "


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What another process answers."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_process_on_the_same_directory_is_refused_clearly(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    refused = python(OPEN + "Log(Path(sys.argv[1]))", str(tmp_path))
    assert refused.returncode != 0
    assert f"DirectoryTaken: another headrace works on {tmp_path}" in refused.stderr
    assert "--data" in refused.stderr
    log.close()
    taken_over = python(OPEN + "Log(Path(sys.argv[1])).close(); print('mine')", str(tmp_path))
    assert taken_over.stdout == "mine\n", taken_over.stderr


def test_a_second_log_of_the_same_process_is_refused_too(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    with pytest.raises(DirectoryTaken, match="stop it first"):
        SqliteLog(tmp_path)
    log.close()


def test_a_process_that_died_leaves_the_directory_free(tmp_path: Path) -> None:
    died = python(
        OPEN + "log = Log(Path(sys.argv[1])); import os; os.kill(os.getpid(), 9)", str(tmp_path)
    )
    assert died.returncode == -9
    SqliteLog(tmp_path).close()


def test_a_log_that_cannot_be_opened_leaves_the_directory_free(tmp_path: Path) -> None:
    SqliteLog(tmp_path, partitions=PARTITIONS).close()
    with pytest.raises(ValueError, match="fixed for ever"):
        SqliteLog(tmp_path, partitions=PARTITIONS + 1)
    SqliteLog(tmp_path, partitions=PARTITIONS).close()


async def test_every_commit_is_on_the_disk_before_it_is_told(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)

    def pragmas(name: str) -> str:
        return str(
            log._database.write_now(  # pyright: ignore[reportPrivateUsage]  # durability is inside
                lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0]
            )
        )

    assert (pragmas("journal_mode"), pragmas("synchronous")) == ("wal", "2")
    log.close()


async def test_what_is_appended_while_a_follower_finds_its_start_is_not_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A follower of an empty partition looks into the file, and its start follows from finding
    # nothing there; an append between the look and the conclusion must not be passed over.
    looking, appended = threading.Event(), threading.Event()

    def trace(statement: str) -> None:
        if "min(offset)" in statement and f"partition = {PARTITIONS - 1} " in statement:
            looking.set()
            assert appended.wait(DEADLINE_S)

    monkeypatch.setattr(
        sqlite, "Database", partial(Database, prepare=lambda each: each.set_trace_callback(trace))
    )
    log = SqliteLog(tmp_path, partitions=PARTITIONS)
    following = asyncio.ensure_future(taken(log, 1))
    await asyncio.to_thread(looking.wait, DEADLINE_S)
    recorded = await append(log, draft(stream_in(0), 1))
    appended.set()
    await append(log, draft(stream_in(0), 2))
    assert (await following)[0] == recorded[0]
    log.close()


async def test_the_tail_in_memory_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "TAIL_EVENTS_MAX", 10)
    log = SqliteLog(tmp_path, partitions=PARTITIONS)
    stream = stream_in(0)
    for start in range(1, 200, 4):
        await append(log, *(draft(stream, version) for version in range(start, start + 4)))
        assert len(log._tail) <= 20 + 4  # pyright: ignore[reportPrivateUsage]  # memory is inside
    assert len(await taken(log, 200)) == 200
    log.close()


async def test_followers_at_the_end_get_the_events_that_were_appended_not_copies(
    tmp_path: Path,
) -> None:
    # An event that this process has just made is not decoded again by each of its followers.
    log = SqliteLog(tmp_path, partitions=PARTITIONS)
    event = object()
    async with asyncio.timeout(DEADLINE_S), aclosing(log.follow({}, 10)) as batches:
        await log.append(Batch(drafts=[draft(stream_in(0), 1, event=event)]))
        assert (await anext(batches))[0].event is event
    log.close()
