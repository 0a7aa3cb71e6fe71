"""One SQLite file: quick reads where they are asked for, long ones aside, writes together."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
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


# Writes that come together


class Wrong(Exception):
    """What a write raises."""


def kept(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT n FROM kept ORDER BY rowid")]


def keeping(number: int, fault: BaseException | None = None) -> Callable[[sqlite3.Connection], int]:
    """Writes a number, and raises where it is to."""

    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO kept VALUES (?)", (number,))
        if fault is not None:
            raise fault
        return number

    return work


@pytest.fixture
async def table(database: Database) -> Database:
    await database.write(
        lambda connection: connection.execute("CREATE TABLE kept (n INTEGER PRIMARY KEY)")
    )
    return database


async def together(table: Database, *works: Callable[[sqlite3.Connection], int]) -> list[object]:
    """What becomes of writes that are asked for while a transaction waits to begin."""
    with held(table):
        waiting = [asyncio.ensure_future(table.write(work)) for work in works]
        await asyncio.sleep(0)
    return list(await asyncio.gather(*waiting, return_exceptions=True))


@contextmanager
def held(table: Database) -> Generator[None]:
    """Another program has the file meanwhile."""
    other = sqlite3.connect(table.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("COMMIT")
        other.close()


async def test_of_writes_together_one_that_raises_leaves_nothing_and_the_others_stay(
    table: Database,
) -> None:
    wrong = Wrong()
    outcomes = await together(table, keeping(1), keeping(2, wrong), keeping(3))
    assert outcomes == [1, wrong, 3]
    assert await table.read(kept) == [1, 3]


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that waits is one group, however slow the machine."""
    monkeypatch.setattr(module, "GROUP_S_MAX", 60)


@pytest.mark.usefixtures("unhurried")
async def test_writes_that_wait_for_each_other_are_one_transaction(table: Database) -> None:
    begun: list[str] = []

    def traced(connection: sqlite3.Connection) -> int:
        connection.set_trace_callback(begun.append)
        return 0

    outcomes = await together(table, traced, *(keeping(each) for each in range(1, 50)))
    assert outcomes == list(range(50))
    assert await table.read(kept) == list(range(1, 50))
    assert "COMMIT" in begun
    assert "BEGIN IMMEDIATE" not in begun  # which came before what was traced


async def test_many_writes_do_not_wait_for_all_of_them(
    table: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GROUP_S_MAX", 0)
    assert await together(table, *map(keeping, range(20))) == list(range(20))
    assert await table.read(kept) == list(range(20))


@pytest.mark.usefixtures("unhurried")
async def test_a_transaction_that_is_lost_is_the_fault_of_all_in_it_and_others_follow(
    table: Database,
) -> None:
    def loses(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT OR ROLLBACK INTO kept VALUES (1)")  # it is there already
        return 0

    first, lost, after = await together(table, keeping(1), loses, keeping(5))
    assert isinstance(first, sqlite3.IntegrityError)
    assert isinstance(lost, sqlite3.IntegrityError)
    assert after == 5
    assert await table.read(kept) == [5]


async def test_a_file_that_is_busy_is_the_fault_of_who_finds_it_so_and_others_follow(
    table: Database,
) -> None:
    await table.write(lambda connection: connection.execute("PRAGMA busy_timeout=1").fetchall())
    with held(table), pytest.raises(sqlite3.OperationalError, match="locked"):
        await table.write(keeping(1))
    assert await table.write(keeping(2)) == 2
    assert await table.read(kept) == [2]


async def test_who_is_cancelled_before_its_turn_writes_nothing_and_the_others_do(
    table: Database,
) -> None:
    with held(table):
        waiting = [asyncio.ensure_future(table.write(keeping(each))) for each in range(9)]
        await asyncio.sleep(0)
        waiting[4].cancel()
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    others = [0, 1, 2, 3, 5, 6, 7, 8]
    assert [each for each in outcomes if isinstance(each, int)] == others
    assert await table.read(kept) == others


async def test_a_write_that_would_end_the_thread_is_its_own_fault_alone(
    table: Database,
) -> None:
    class End(BaseException):
        pass

    end = End()
    assert await together(table, keeping(1), keeping(2, end), keeping(3)) == [1, end, 3]
    assert await table.write(keeping(4)) == 4
    assert await table.read(kept) == [1, 3, 4]


async def test_a_file_that_is_closed_takes_no_write(table: Database) -> None:
    table.close()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="shutdown"):
            await table.write(keeping(1))


def test_whoever_writes_from_another_loop_is_answered_there(tmp_path: Path) -> None:
    database = Database(tmp_path / "some.sqlite", durable=False)

    async def left() -> None:
        asyncio.ensure_future(database.write(lambda connection: time.sleep(0.05)))  # noqa: RUF006
        await asyncio.sleep(0)

    async def asked() -> int:
        return await database.write(lambda connection: 7)

    asyncio.run(left())
    assert asyncio.run(asked()) == 7
    database.close()
