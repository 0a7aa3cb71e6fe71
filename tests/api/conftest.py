"""One server for all tests of a module that leave it as it was."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.api.serving import Served, serving, until


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncGenerator[Served, None]:
    async with serving() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def served(running: Served) -> AsyncGenerator[Served, None]:
    """The server; after each test it has no source open, no operation and no connection."""
    running.toy.forget()
    yield running
    await until(lambda: running.toy.sources == 0)
    await until(lambda: len(running.app.state.connections) == 0)
    assert running.count("headrace_operations_active") == 0
