"""Processes that a benchmark starts: servers of ours, a bare one, and the load on them."""

import asyncio
import json
import os
import re
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

START_S_MAX = 60.0
STOP_S_MAX = 30.0
LINE_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a load has seen: answers a second, and how long each took."""

    per_second: float
    p50_ms: float
    p99_ms: float


@asynccontextmanager
async def process(*command: str) -> AsyncGenerator[Process]:
    """A Python module with its arguments as a process, which is asked to stop at the end."""
    async with program(sys.executable, "-m", *command) as started:
        yield started


@asynccontextmanager
async def program(*command: str | Path, **more: str) -> AsyncGenerator[Process]:
    """A program as a process, with more in its environment, asked to stop at the end."""
    started = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        limit=LINE_BYTES_MAX,
        env={**os.environ, **more},
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await started.wait()
        except TimeoutError:
            started.kill()
            await started.wait()


async def line(process: Process, pattern: str) -> str:
    """What the process prints there. Raises RuntimeError where it ends without."""
    assert process.stdout is not None
    async with asyncio.timeout(START_S_MAX):
        while text := (await process.stdout.readline()).decode():
            found = re.search(pattern, text)
            if found:
                return found.group(1)
    raise RuntimeError(f"the process ended without a line like {pattern}")


@asynccontextmanager
async def bare() -> AsyncGenerator[str]:
    """The address of a bare Starlette route."""
    async with process("benchmarks.bare_server") as started:
        yield await line(started, r"(http://\S+)")


async def load(
    urls: Sequence[str], token: str, serial: str, connections: int, requests: int
) -> Load:
    """Mutations on new streams, over so many connections, which the servers share."""
    arguments = [",".join(urls), token, serial, str(connections), str(requests)]
    async with process("benchmarks.load", *arguments) as started:
        out, _ = await started.communicate()
    return Load(**json.loads(out))
