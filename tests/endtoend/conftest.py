"""One shop for all tests of this folder that leave it as it is; each takes products of its own."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.alone import SHIPPED
from tests.serving import running_server
from tests.shop import Shop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Shop]:
    """A shop on a real server that runs as long as the tests do."""
    async with running_server(tmp_path_factory.mktemp("shop") / "data", MODEL=SHIPPED) as server:
        yield Shop(server)
