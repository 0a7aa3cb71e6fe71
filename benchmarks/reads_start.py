"""How long a server takes to start with every context, and the memory that it then has."""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx

from benchmarks.engines import folder
from benchmarks.measuring import Measure, Row, in_turn
from benchmarks.processes import line, process
from benchmarks.reads_comparing import Pace
from benchmarks.usage import rss_mib

_POLL_S = 0.005


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a start took until the server was ready, and what the process holds."""

    seconds: float
    rss_mib: float


async def rows(pace: Pace) -> Sequence[Row]:
    """Headrace with every context that ships, over an empty directory, beside a bare route."""
    headrace, bare = await in_turn(pace.rounds, _headrace, _bare)
    return [
        row
        for name, found in (
            ("`headrace serve` with every context", headrace),
            ("bare Starlette route", bare),
        )
        for row in (
            Measure(
                name=f"{name}: from its start to its first answer",
                values=[1000 * each.seconds for each in found],
                unit="ms",
            ),
            Measure(
                name=f"{name}: resident memory then",
                values=[each.rss_mib for each in found],
                unit="MiB",
            ),
        )
    ]


async def _headrace() -> Started:
    with folder() as directory:
        serving = process("api.cli", "serve", "--port", "0", "--data", str(directory))
        return await _start(serving, r"serves at (http://\S+)", "/health/ready", 200)


async def _bare() -> Started:
    return await _start(process("benchmarks.bare_server"), r"(http://\S+)", "/", 404)


async def _start(
    serving: AbstractAsyncContextManager[Process], address: str, path: str, status: int
) -> Started:
    async with httpx.AsyncClient() as http:
        began = time.perf_counter()
        async with serving as started:
            url = await line(started, address)
            while (await http.get(url + path)).status_code != status:  # noqa: ASYNC110 - a process
                await asyncio.sleep(_POLL_S)
            return Started(seconds=time.perf_counter() - began, rss_mib=rss_mib(started.pid))
