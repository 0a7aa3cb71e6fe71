"""When servers have done all that they have to do by themselves, as seen from outside."""

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime

import msgspec

from readmodels.processes import Instance
from tests.serving import ProcessServer

__all__ = ["Look", "behind", "due_of", "until_quiet", "work_of"]

QUIET_S = 90.0
POLL_S = 0.1

Look = Callable[[], Awaitable[list[str]]]
"""What there is still to do, if anything."""

_decode = msgspec.json.Decoder(Instance).decode


async def until_quiet(look: Look) -> None:
    """Wait until there is nothing to do, for as long as ever less is left to do."""
    reasons = ["nothing was asked yet"]
    least = sys.maxsize
    try:
        async with asyncio.timeout(QUIET_S) as waiting:
            while reasons:
                reasons = await look()
                if len(reasons) < least:
                    least = len(reasons)
                    waiting.reschedule(asyncio.get_running_loop().time() + QUIET_S)
                await asyncio.sleep(POLL_S if reasons else 0)
    except TimeoutError:
        raise AssertionError(f"it does not come to rest: {reasons}") from None


def work_of(server: ProcessServer) -> Look:
    """What a server that works alone has to do: events to fold, and commands that are due."""

    async def look() -> list[str]:
        return await behind(server) or _due(server) or await behind(server)

    return look


async def behind(server: ProcessServer) -> list[str]:
    """The parts of a server that are not ready, or not at the end of what they work on."""
    parts = (await server.http.get("/health/ready")).json()["parts"]
    return [
        f"{name}: {part}"
        for name, part in parts.items()
        if not part["ready"] or part.get("lag_events") or part.get("queued")
    ]


def _due(server: ProcessServer) -> list[str]:
    path = server.directory / "documents.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        tables = [name for (name,) in names if name.startswith("process_")]
        rows = [row for name in tables for row in connection.execute(f"SELECT body FROM {name}")]
    return due_of(_decode(body) for (body,) in rows)


def due_of(instances: Iterable[Instance]) -> list[str]:
    """What processes have to send by now; the timers of open orders are due much later."""
    now = datetime.now(UTC)
    pending = [each for instance in instances for each in instance.pending]
    return [f"{each.command} is due: {each.error}" for each in pending if each.due <= now]
