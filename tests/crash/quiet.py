"""When a server has done all that it has to do by itself, as seen from outside."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import msgspec

from readmodels.processes import Instance
from tests.serving import ProcessServer

__all__ = ["until_quiet"]

QUIET_S = 90.0
POLL_S = 0.1

_decode = msgspec.json.Decoder(Instance).decode


async def until_quiet(server: ProcessServer) -> None:
    """Wait until every projection is at the end of the log, and no process has anything due."""
    reasons = ["nothing was asked yet"]
    try:
        async with asyncio.timeout(QUIET_S):
            while reasons:
                reasons = await _behind(server) or _due(server) or await _behind(server)
                await asyncio.sleep(POLL_S if reasons else 0)
    except TimeoutError:
        raise AssertionError(f"it does not come to rest: {reasons}") from None


async def _behind(server: ProcessServer) -> list[str]:
    parts = (await server.http.get("/health/ready")).json()["parts"]
    return [
        f"{name}: {part}"
        for name, part in parts.items()
        if not part["ready"] or part.get("lag_events") or part.get("queued")
    ]


def _due(server: ProcessServer) -> list[str]:
    """What processes have to send by now; the timers of open orders are due much later."""
    now = datetime.now(UTC)
    path = server.directory / "documents.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        rows = connection.execute("SELECT body FROM process_fulfilment_1").fetchall()
    pending = [each for (body,) in rows for each in _decode(body).pending]
    return [f"{each.command} is due: {each.error}" for each in pending if each.due <= now]
