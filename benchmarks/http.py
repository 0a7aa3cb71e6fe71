"""Accepted commands a second through HTTP: a real server and a load in processes of their own."""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.measuring import Figure, alternate

CONNECTIONS = 50
REQUESTS = 10_000
ROUNDS = 3
START_S_MAX = 30.0


async def figures() -> list[Figure]:
    """A mutation on a new stream, beside a bare Starlette route that answers the same bytes."""
    async with _headrace() as (url, token), _bare() as bare_url:
        serial = 0

        async def ours() -> float:
            nonlocal serial
            serial += 1
            return await _load(url, token, serial)

        async def limit() -> float:
            return await _load(bare_url, token, 0)

        await _load(url, token, serial)  # warm: the operation is planned, the pages are cached
        found, bare = await alternate(ours, limit, ROUNDS)
    return [
        Figure(
            name=f"accepted commands through HTTP, {CONNECTIONS} connections",
            ours=found,
            limit_name="bare Starlette route, JSON in and out",
            limit=bare,
            note="server, projectors and load share the machine",
        )
    ]


@asynccontextmanager
async def _process(*command: str) -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def _line(process: Process, pattern: str) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(START_S_MAX):
        while line := (await process.stdout.readline()).decode():
            found = re.search(pattern, line)
            if found:
                return found.group(1)
    raise RuntimeError(f"the process ended without a line like {pattern}")


@asynccontextmanager
async def _headrace() -> AsyncGenerator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as directory:
        serve = (sys.executable, "-m", "api.cli", "serve", "--port", "0", "--data", directory)
        async with _process(*serve) as process:
            token = await _line(process, r"everything: (\S+)")
            yield await _line(process, r"serves at (http://\S+)"), token


@asynccontextmanager
async def _bare() -> AsyncGenerator[str]:
    serve = (sys.executable, "-m", "benchmarks.bare_server")
    async with _process(*serve) as process:
        yield await _line(process, r"(http://\S+)")


async def _load(url: str, token: str, serial: int) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", url, token, str(serial),
        str(CONNECTIONS), str(REQUESTS), stdout=subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return float(json.loads(out)["per_second"])
