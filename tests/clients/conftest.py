"""One server for all tests of a module that leave it running; each takes products of its own."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.leftovers import Held, comes_to
from tests.serving import ProcessServer, running_server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ProcessServer]:
    async with running_server(tmp_path_factory.mktemp("clients") / "data") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def shared(running: ProcessServer) -> ProcessServer:
    """The server, once it holds nothing any more for the clients of other tests."""
    await comes_to(running, Held())
    return running
