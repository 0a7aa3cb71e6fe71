"""What tests of every folder may ask for, and what runs beside what."""

import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from xdist import scheduler  # type: ignore[import-untyped]

from tests.serving import ProcessServer, running_server

WITH_KAFKA = (
    "tests/contracts/test_log",
    "tests/crash/test_cluster",
    "tests/endtoend/test_cuts",
    "tests/endtoend/test_distributed",
    "tests/endtoend/test_refusals",
    "tests/eventlog/test_kafka",
    "tests/servers/test_servers",
)
"""Files whose tests share a broker, or a cluster of them."""


_xdist: Any = scheduler


class _ByFile(_xdist.LoadScopeScheduling):  # type: ignore[misc]
    """Of several workers (`-n 2`) each takes a file at a time, one of them all with a broker."""

    def _split_scope(self, nodeid: str) -> str:
        return _group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    """What shares out the tests, in the order that `_turn` gives."""
    config.option.loadscopereorder = False
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first: nobody waits for it at the end."""
    items.sort(key=_turn)


def _group_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return "kafka" if file.startswith(WITH_KAFKA) else file


def _turn(item: pytest.Item) -> int:
    group = _group_of(item.nodeid)
    return 0 if group == "kafka" else 1 if group.startswith("tests/crash/") else 2


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
