"""Accepted commands a second through HTTP: a real server and a load in processes of their own."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.measuring import Figure, alternate
from benchmarks.processes import bare, line, load, process

CONNECTIONS = 50
REQUESTS = 10_000
ROUNDS = 3


async def figures() -> list[Figure]:
    """A mutation on a new stream, beside a bare Starlette route that answers the same bytes."""
    async with _headrace() as (url, token), bare() as bare_url:
        serial = 0

        async def ours() -> float:
            nonlocal serial
            serial += 1
            found = await load([url], token, str(serial), CONNECTIONS, REQUESTS)
            return found.per_second

        async def limit() -> float:
            return (await load([bare_url], token, "0", CONNECTIONS, REQUESTS)).per_second

        await ours()  # warm: the operation is planned, the pages are cached
        found, limits = await alternate(ours, limit, ROUNDS)
    return [
        Figure(
            name=f"accepted commands through HTTP, {CONNECTIONS} connections",
            ours=found,
            limit_name="bare Starlette route, JSON in and out",
            limit=limits,
            note="server, projectors and load share the machine",
        )
    ]


@asynccontextmanager
async def _headrace() -> AsyncGenerator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as directory:
        async with process("api.cli", "serve", "--port", "0", "--data", directory) as started:
            token = await line(started, r"everything: (\S+)")
            yield await line(started, r"serves at (http://\S+)"), token
