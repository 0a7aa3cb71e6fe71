"""The servers that are asked the same reads: Headrace, bare routes, Strawberry, and two on Node."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.processes import line, process, program
from benchmarks.reads_asking import asked, send_once
from benchmarks.reads_model import answered, catalogue
from benchmarks.reads_operations import filling
from tests.servers.process import NoServer

MODEL = "benchmarks.reads_model:model"
PEERS = Path(__file__).parent / "peers"
NODE = Path(sys.executable).with_name("node")
DOCUMENTS = "documents.sqlite"
WAIT_S_MAX = 60.0
_ADDRESS = r"(http://\S+)"
_POLL_S = 0.05


@dataclass(frozen=True)
class Server:
    """A server that runs, and what it is called in the figures."""

    name: str
    url: str
    pid: int


@asynccontextmanager
async def headrace(directory: Path) -> AsyncGenerator[Server]:
    """Headrace on the embedded engine, with a full catalogue."""
    arguments = ["--model", MODEL, "--port", "0", "--data", str(directory)]
    async with process("api.cli", "serve", *arguments) as started:
        url = await line(started, r"serves at (http://\S+)")
        await fill(url)
        yield Server("Headrace", url, started.pid)


@asynccontextmanager
async def headrace_in_memory(directory: Path) -> AsyncGenerator[Server]:
    """Headrace's compiled operations over a store in memory; its key is kept in the directory."""
    async with process("benchmarks.reads_store", str(directory)) as started:
        yield Server("Headrace", await line(started, _ADDRESS), started.pid)


@asynccontextmanager
async def bare(name: str, place: str, *where: str) -> AsyncGenerator[Server]:
    """A bare Starlette route over documents in a place that `benchmarks.reads_bare` names."""
    async with process("benchmarks.reads_bare", place, *where) as started:
        yield Server(name, await line(started, _ADDRESS), started.pid)


@asynccontextmanager
async def ready_bytes() -> AsyncGenerator[Server]:
    """A socket whose answer lies ready."""
    async with process("benchmarks.reads_ready") as started:
        yield Server("answers that lie ready", await line(started, _ADDRESS), started.pid)


@asynccontextmanager
async def strawberry() -> AsyncGenerator[Server]:
    """Stock Strawberry over documents in memory."""
    async with process("benchmarks.reads_strawberry") as started:
        yield Server("stock Strawberry", await line(started, _ADDRESS), started.pid)


@asynccontextmanager
async def yoga(place: str, file: Path) -> AsyncGenerator[Server]:
    """graphql-yoga over the documents of a file, which it reads at its start or at each request."""
    async with _on_node(f"graphql-yoga, {place}", "yoga.js", place, file) as server:
        yield server


@asynccontextmanager
async def mercurius(place: str, file: Path) -> AsyncGenerator[Server]:
    """mercurius with its compiler on, over the same."""
    async with _on_node(f"mercurius with its JIT, {place}", "mercurius.js", place, file) as server:
        yield server


@asynccontextmanager
async def _on_node(name: str, script: str, place: str, file: Path) -> AsyncGenerator[Server]:
    if not (PEERS / "node_modules").exists():
        raise NoServer('no packages in benchmarks/peers: `make bench ARGS="reads"` gets them')
    async with program(NODE, PEERS / script, place, file, NODE_ENV="production") as started:
        yield Server(name, await line(started, _ADDRESS), started.pid)


def write_catalogue(file: Path) -> None:
    """Write the documents as they are answered, for a server that keeps them in memory."""
    writers, books = (list(map(answered, each)) for each in catalogue())
    file.write_bytes(msgspec.json.encode({"writers": writers, "books": books}))


async def fill(url: str) -> None:
    """Fill an empty catalogue by commands, and wait until it shows everything."""
    await send_once(url, filling())
    writers, books = catalogue()
    wanted = {"writers": len(writers), "books": len(books)}
    counted = " ".join(f"{each}(first: 1) {{ totalCount }}" for each in wanted)
    async with asyncio.timeout(WAIT_S_MAX), httpx.AsyncClient() as http:
        while True:
            found: dict[str, Any] = await asked(http, url, {"query": f"{{ {counted} }}"})
            if {name: each["totalCount"] for name, each in found.items()} == wanted:
                return
            await asyncio.sleep(_POLL_S)
