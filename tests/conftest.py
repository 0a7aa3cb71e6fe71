"""What tests of every folder may ask for."""

import random
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.serving import ProcessServer, running_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[ProcessServer]:
    """A real server with commerce, over an empty directory, in development mode."""
    async with running_server(tmp_path / "data") as running:
        yield running


@pytest.fixture
def seed() -> int:
    """Of all choices of a test; printed, so that a failure shows it."""
    seed = random.getrandbits(32)
    print(f"seed: {seed}")
    return seed
