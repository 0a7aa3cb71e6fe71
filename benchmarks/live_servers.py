"""The servers that push changes: Headrace, a bare broadcast, frames alone, and one on Node."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from benchmarks.live_model import MARKETS, QUOTES_OF_EACH
from benchmarks.live_operations import filling
from benchmarks.processes import line, process, program
from benchmarks.reads_asking import asked, send_once
from benchmarks.reads_servers import NODE, PEERS, WAIT_S_MAX, Server
from tests.servers.process import NoServer

MODEL = "benchmarks.live_model:model"
CONNECTIONS_MAX = 20_000
YOGA = "graphql-yoga with graphql-ws"
_ADDRESS = r"(http://\S+)"
_POLL_S = 0.05


@asynccontextmanager
async def headrace(directory: Path, markets: int = MARKETS) -> AsyncGenerator[Server]:
    """Headrace on the embedded engine, without pings; so many markets are filled, or left."""
    arguments = ["--model", MODEL, "--port", "0", "--data", str(directory)]
    limits = ["--connections-max", str(CONNECTIONS_MAX), "--ping-interval-s", "0"]
    async with process("api.cli", "serve", *arguments, *limits) as started:
        url = await line(started, r"serves at (http://\S+)")
        if markets:
            await _fill(url, markets)
        yield Server("Headrace", url, started.pid)


@asynccontextmanager
async def broadcast(file: Path) -> AsyncGenerator[Server]:
    """A bare application on uvicorn that sends the file's text to everybody at each change."""
    async with process("benchmarks.live_bare", str(file)) as started:
        yield Server("bare uvicorn, `send_text`", await line(started, _ADDRESS), started.pid)


@asynccontextmanager
async def frames(file: Path) -> AsyncGenerator[Server]:
    """A frame of the file's text, built once and written to every transport at each change."""
    async with process("benchmarks.live_frames", str(file)) as started:
        yield Server("a frame built once", await line(started, _ADDRESS), started.pid)


@asynccontextmanager
async def yoga(markets: int = MARKETS) -> AsyncGenerator[Server]:
    """graphql-yoga with graphql-ws over documents in memory, with so many markets."""
    if not (PEERS / "node_modules" / "graphql-ws").exists():
        raise NoServer('no packages in benchmarks/peers: `make bench ARGS="live"` gets them')
    script = PEERS / "live.js"
    async with program(NODE, "--expose-gc", script, NODE_ENV="production") as started:
        url = await line(started, _ADDRESS)
        await _fill(url, markets)
        yield Server(YOGA, url, started.pid)


def collect(server: Server) -> None:
    """Have a server on Node let go of what nothing holds, before its memory is measured."""
    os.kill(server.pid, signal.SIGUSR2)


async def _fill(url: str, markets: int) -> None:
    await send_once(url, filling(markets))
    quotes = markets * QUOTES_OF_EACH
    counted = {"query": "{ quotes(first: 1) { totalCount } }"}
    async with asyncio.timeout(WAIT_S_MAX), httpx.AsyncClient() as http:
        while (await asked(http, url, counted))["quotes"]["totalCount"] != quotes:  # noqa: ASYNC110 - a process
            await asyncio.sleep(_POLL_S)
