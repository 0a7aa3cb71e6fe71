"""One SQLite file: quick reads where they are asked for, long ones aside."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog import database as module
from eventlog.database import Database

HERE = threading.get_ident


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "some.sqlite", durable=False)
    yield database
    database.close()


def counted(connection: sqlite3.Connection, to: int) -> int:
    """SQLite counts to a number, one step after another."""
    (last,) = connection.execute(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?) "
        "SELECT max(x) FROM n",
        (to,),
    ).fetchone()
    return int(last)


async def test_a_quick_read_is_done_where_it_is_asked_for(database: Database) -> None:
    threads: list[int] = []

    def work(connection: sqlite3.Connection) -> int:
        threads.append(HERE())
        return counted(connection, 10)

    assert await database.read_soon(work) == 10
    assert threads == [HERE()]


async def test_a_long_read_is_given_up_and_done_aside(database: Database) -> None:
    threads: list[int] = []

    def work(connection: sqlite3.Connection) -> int:
        threads.append(HERE())
        return counted(connection, 1_000_000)

    assert await database.read_soon(work) == 1_000_000
    assert threads[0] == HERE()
    assert threads[1] != HERE()
    assert await database.read_soon(lambda connection: counted(connection, 5)) == 5


async def test_a_read_that_fails_says_why_and_leaves_no_transaction(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await database.read_soon(lambda connection: connection.execute("SELECT 1 FROM absent"))
    await database.write(lambda connection: connection.execute("CREATE TABLE kept (x)"))
    found = await database.read_soon(
        lambda connection: connection.execute("SELECT count(*) FROM kept").fetchone()
    )
    assert found == (0,)


async def test_a_read_that_is_late_at_its_end_leaves_no_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEPS_BETWEEN_LOOKS", 1)

    def work(connection: sqlite3.Connection) -> int:
        found = counted(connection, 1)
        end = time.thread_time() + 2 * module.QUICK_S
        while time.thread_time() < end:  # what was found is decoded
            pass
        return found

    for _ in range(3):
        assert await database.read_soon(work) == 1


async def test_a_read_that_finds_the_file_busy_waits_for_it_aside(
    database: Database,
) -> None:
    threads: list[int] = []

    def work(connection: sqlite3.Connection) -> int:
        threads.append(HERE())
        if len(threads) == 1:
            fault = sqlite3.OperationalError("database is locked")
            fault.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise fault
        return counted(connection, 3)

    assert await database.read_soon(work) == 3
    assert len(set(threads)) == 2
