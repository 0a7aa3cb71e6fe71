"""Killed while it starts, while it builds its documents, while it catches up: it goes on."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.alone import COMMERCE
from tests.crash.backlog import write_backlog
from tests.crash.documents import documents_of
from tests.crash.ledger import read_log
from tests.crash.living import check_all
from tests.crash.quiet import until_quiet, work_of
from tests.serving import delete_documents, running_server, started

KILLS = 3
LIFE_S = 2.5
"""How long a start lives at most; a machine at rest is ready after one second."""


async def kill_starts(directory: Path) -> None:
    """Start a few times, and kill each start at some instant."""
    for _ in range(KILLS):
        async with started(directory, MODEL=COMMERCE) as process:
            await asyncio.sleep(random.uniform(0, LIFE_S))
            if process.returncode is None:
                process.kill()
            await process.wait()


def no_ops_of(directory: Path) -> list[tuple[str, str]]:
    """The accepted commands that had nothing to do, each with its stream."""
    with closing(sqlite3.connect(directory / "log.sqlite")) as connection:
        found = connection.execute("SELECT stream, command_id FROM no_ops ORDER BY 1, 2")
        return found.fetchall()


async def come_to_rest(directory: Path) -> None:
    """One start more, which is left to do all that there is to do."""
    async with running_server(directory) as server:
        await until_quiet(work_of(server))
        assert await server.terminate() == 0


async def test_a_backlog_is_worked_off_once_over_starts_that_are_killed(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    await write_backlog(directory, orders=150, sales=0)
    await kill_starts(directory)
    await come_to_rest(directory)
    await check_all(directory)
    paid = [each for each in (await documents_of(directory))["Order"].values() if each.payment]
    assert paid


async def test_documents_that_are_gone_are_built_again_over_starts_that_are_killed(
    tmp_path: Path,
) -> None:
    """And no process says anything twice, not even what would come to nothing."""
    directory = tmp_path / "data"
    await write_backlog(directory, orders=40, sales=4_000)
    await come_to_rest(directory)
    events, no_ops = await read_log(directory), no_ops_of(directory)
    documents = await documents_of(directory)
    delete_documents(directory)
    await kill_starts(directory)
    await come_to_rest(directory)
    assert await read_log(directory) == events
    assert no_ops_of(directory) == no_ops
    assert await documents_of(directory) == documents
    await check_all(directory)
