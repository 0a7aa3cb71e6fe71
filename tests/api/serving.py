"""A real server on a free loopback port, in the test's own loop, and what it leaves behind."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from api.app import create_app
from api.auth import Authenticator
from api.execution import Operations
from api.server import Server, create_server
from api.settings import Settings
from tests.api.toy import Toy, toy_schema

SECRET = "a secret that only the tests know, long enough"
DEADLINE_S = 20.0


@dataclass
class Served:
    """A server that runs, and how to reach it."""

    server: Server
    app: Starlette
    settings: Settings
    authenticator: Authenticator
    toy: Toy
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    def bearer(self, *roles: str, sub: str = "ada", ttl_s: float = 60) -> str:
        return "Bearer " + self.authenticator.sign(sub, roles, timedelta(seconds=ttl_s))

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=DEADLINE_S)

    def count(self, name: str, **labels: str) -> float:
        """A sample of the server's metrics, 0 where there is none yet."""
        value = self.app.state.metrics.registry.get_sample_value(name, labels)
        return float(value or 0)


@asynccontextmanager
async def serving(**changed: Any) -> AsyncGenerator[Served, None]:
    """Serves the toy schema until the block ends; then no task may be left of it."""
    extras = {
        name: changed.pop(name) for name in ("tokens", "readiness", "static") if name in changed
    }
    given: dict[str, Any] = {"port": 0, "jwt_secret": SECRET, "data": Path("unused"), **changed}
    settings = Settings(**given)
    before = asyncio.all_tasks()
    toy = Toy()
    authenticator = Authenticator(secret=settings.jwt_secret or SECRET)
    operations = Operations(toy_schema(), settings)
    app = create_app(operations, settings, authenticator, toy, **extras)
    server = create_server(app, settings)
    running = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started or running.done())
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(server, app, settings, authenticator, toy, port)
    finally:
        server.should_exit = True
        async with asyncio.timeout(DEADLINE_S):
            await running
    await until(lambda: toy.sources == 0)
    await until(lambda: asyncio.all_tasks() - {asyncio.current_task()} <= before)


async def until(condition: Any) -> None:
    """Waits until something is so, with a deadline that is generous and no part of the test."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of events
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def within(seconds: float = DEADLINE_S) -> AsyncGenerator[None, None]:
    """A deadline for everything in the block."""
    async with asyncio.timeout(seconds):
        yield
