"""The memory of a socket, and of a subscription on it, while nothing happens."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from benchmarks import live_servers
from benchmarks.engines import folder
from benchmarks.live_asking import allow_files, crowd_of
from benchmarks.live_operations import Watching, idle
from benchmarks.measuring import Measure, Row
from benchmarks.reads_servers import Server
from benchmarks.usage import rss_mib

PER_SOCKET = 100
WARM = 100
SETTLED_S = 1.0
_TEXT = '{"id":"00000000-0000-4000-8000-000000000000","type":"next","payload":{"data":null}}'
_KIB = 1024

Serving = Callable[[], AbstractAsyncContextManager[Server]]


@dataclass(frozen=True, kw_only=True)
class Grown:
    """What one server's process grew by."""

    per_socket_kib: float
    per_subscription_kib: float


async def rows(clients: int) -> Sequence[Row]:
    """A socket each with a subscription, and a hundred on each of few sockets."""
    allow_files(clients + WARM)
    same = idle(clients, 1, is_same=True)
    others = [
        (idle(clients, 1, is_same=False), "to a document of its own"),
        (
            idle(max(clients // PER_SOCKET, 1), PER_SOCKET, is_same=False),
            f"one of {PER_SOCKET} on a socket",
        ),
    ]
    found: list[Row] = []
    with folder() as directory:
        text = directory / "text"
        text.write_text(_TEXT, "utf-8")
        ours: list[Serving] = [_headrace, _yoga]
        bare: list[Serving] = [
            lambda: live_servers.broadcast(text),
            lambda: live_servers.frames(text),
        ]
        for each in [*ours, *bare]:
            found += await _measured(each, same, "to the same document", with_socket=True)
        for watching, about in others:
            for each in ours:
                found += await _measured(each, watching, about, with_socket=False)
    return found


@asynccontextmanager
async def _headrace() -> AsyncGenerator[Server]:
    with folder() as directory:
        async with live_servers.headrace(directory):
            pass
        # Started anew: what the filling left behind is not what a socket holds.
        async with live_servers.headrace(directory, markets=0) as server:
            yield server


def _yoga() -> AbstractAsyncContextManager[Server]:
    # Node keeps what filling many markets took, and would grow into it: others send null.
    return live_servers.yoga(markets=1)


async def _measured(
    serving: Serving, watching: Watching, about: str, *, with_socket: bool
) -> list[Row]:
    async with serving() as server:
        grown = await _grown(server, watching)
    of_subscription = Measure(
        name=f"{server.name}: an idle subscription, {about}",
        values=[grown.per_subscription_kib],
        unit="KiB",
        note=watching.title,
    )
    of_socket = Measure(
        name=f"{server.name}: an idle socket without a subscription",
        values=[grown.per_socket_kib],
        unit="KiB",
        note=f"{watching.clients:,} of them",
    )
    return [of_socket, of_subscription] if with_socket else [of_subscription]


async def _grown(server: Server, watching: Watching) -> Grown:
    async with crowd_of(server) as first, crowd_of(server) as crowd:
        # What a server sets up for its first sockets and subscriptions is none of the later ones'.
        await first.connect(WARM, has_own_ids=False)
        await first.watch(idle(WARM, 1, is_same=True))
        before = await _settled_kib(server)
        await crowd.connect(watching.clients, has_own_ids=False)
        connected = await _settled_kib(server)
        await crowd.watch(watching)
        watched = await _settled_kib(server)
    subscriptions = sum(map(len, watching.variables))
    return Grown(
        per_socket_kib=(connected - before) / watching.clients,
        per_subscription_kib=(watched - connected) / subscriptions,
    )


async def _settled_kib(server: Server) -> float:
    await asyncio.sleep(SETTLED_S)
    if server.name == live_servers.YOGA:
        live_servers.collect(server)
        await asyncio.sleep(SETTLED_S)
    return rss_mib(server.pid) * _KIB
