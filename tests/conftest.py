"""What tests of every folder may ask for, and what runs beside what."""

import random
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.serving import ProcessServer, running_server

WITH_KAFKA = (
    "contracts/test_log",
    "crash/test_cluster",
    "endtoend/test_distributed",
    "endtoend/test_refusals",
    "eventlog/test_kafka",
    "servers/test_servers",
)
"""Files whose tests share a broker, or a cluster of them: one worker has them all."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several workers (`-n 2`) each takes a file at a time, the longest of them first."""
    here = Path(__file__).parent
    for each in items:
        file = each.path.relative_to(here).as_posix()
        group = "kafka" if file.startswith(WITH_KAFKA) else file
        each.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Sorted by this, what takes minutes begins first: nobody waits for it at the end."""
    [group] = next(item.iter_markers("xdist_group")).args
    return 0 if group == "kafka" else 1 if group.startswith("crash/") else 2


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
