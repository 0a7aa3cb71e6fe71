"""Live queries: changes pushed to many sockets, beside servers that push the same."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks import live_operations, live_servers
from benchmarks.engines import folder
from benchmarks.live_asking import Crowd, allow_files, crowd_of
from benchmarks.live_comparing import compared
from benchmarks.live_operations import Watching
from benchmarks.live_orders import Seen
from benchmarks.measuring import Figure, Latency, Row
from benchmarks.reads_comparing import Pace
from benchmarks.reads_servers import Server

CLIENTS = 10_000
FEWER = 10
"""How many times fewer clients there are where a figure is of fewer."""
WRITERS_OF_ONE = 2
WRITERS_OF_MANY = 32


async def broadcast_rows(clients: int, pace: Pace) -> Sequence[Row]:
    """One subscription of everybody, beside bare broadcasts of the same bytes and a Node server."""
    allow_files(clients)
    rows: list[Row] = []
    for number in (clients // FEWER, clients):
        for watching in (
            live_operations.one_document(number),
            live_operations.one_page(number),
        ):
            rows += await _broadcast(watching, pace)
    return by_kind(rows)


async def many_rows(clients: int, pace: Pace) -> Sequence[Row]:
    """A document of each client's own, beside a Node server."""
    allow_files(clients)
    return await _many(live_operations.different_documents(clients), pace)


async def pages_rows(clients: int, pace: Pace) -> Sequence[Row]:
    """Filtered pages, each of a few clients, beside a Node server."""
    allow_files(clients)
    return await _many(live_operations.different_pages(clients // FEWER), pace)


async def _broadcast(watching: Watching, pace: Pace) -> Sequence[Row]:
    async with AsyncExitStack() as running:
        directory = running.enter_context(folder())
        ours, seen = await running.enter_async_context(_ours(watching, directory))
        text = directory / "text"
        text.write_text(seen.frame, "utf-8")
        peers = [
            await running.enter_async_context(_bare(watching, each))
            for each in (live_servers.broadcast(text), live_servers.frames(text))
        ]
        peers.append(await running.enter_async_context(_yoga(watching, seen)))
        return await compared(watching, ours, peers, pace, WRITERS_OF_ONE)


async def _many(watching: Watching, pace: Pace) -> Sequence[Row]:
    async with AsyncExitStack() as running:
        directory = running.enter_context(folder())
        ours, seen = await running.enter_async_context(_ours(watching, directory))
        yoga = await running.enter_async_context(_yoga(watching, seen))
        return by_kind(await compared(watching, ours, [yoga], pace, WRITERS_OF_MANY))


@asynccontextmanager
async def _ours(watching: Watching, directory: Path) -> AsyncGenerator[tuple[Crowd, Seen]]:
    """Everybody watches, and has decoded one change: all the same."""
    async with (
        live_servers.headrace(directory, watching.markets) as server,
        crowd_of(server) as crowd,
    ):
        await crowd.connect(watching.clients)
        seen = await crowd.watch(watching)
        if len(seen.results) != 1:
            raise RuntimeError(f"one change came as {seen.results}")
        yield crowd, seen


@asynccontextmanager
async def _bare(
    watching: Watching, serving: AbstractAsyncContextManager[Server]
) -> AsyncGenerator[Crowd]:
    """Everybody watches what sends one text."""
    async with serving as server, crowd_of(server) as crowd:
        await crowd.connect(watching.clients, has_own_ids=False)
        await crowd.watch(watching)
        yield crowd


@asynccontextmanager
async def _yoga(watching: Watching, wanted: Seen) -> AsyncGenerator[Crowd]:
    """Everybody watches, and the same change gave the same result."""
    async with live_servers.yoga(watching.markets) as server, crowd_of(server) as crowd:
        await crowd.connect(watching.clients)
        seen = await crowd.watch(watching)
        if seen.results != wanted.results:
            raise RuntimeError(f"{server.name} sends {seen.results}, not {wanted.results}")
        yield crowd


def by_kind(rows: Sequence[Row]) -> list[Row]:
    """What belongs under one header together."""
    kinds = (Figure, Latency)
    return sorted(rows, key=lambda each: [not isinstance(each, kind) for kind in kinds])
