"""A server under load, killed at any instant: nothing accepted is lost, and nothing is doubled."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.crash.living import check, living
from tests.crash.people import Books
from tests.crash.quiet import work_of
from tests.serving import running_server

LIFE_S = 1.2
"""How long a server lives at most, once it is ready."""


async def survive(directory: Path, rounds: int, seed: int) -> Books:
    """Some rounds of life and death, then a last life to its end; what people did in them."""
    random = Random(seed)
    async with living(seed) as life:
        for _ in range(rounds):
            async with running_server(directory) as server:
                life.world.rises(server)
                await asyncio.sleep(random.uniform(0, LIFE_S))
                await server.kill()
                life.world.falls(server)
        async with running_server(directory) as server:
            life.world.rises(server)
            await life.ends(work_of(server))
            assert await server.terminate() == 0
    return life.books


async def test_a_killed_server_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    books = await survive(tmp_path / "data", rounds=5, seed=seed)
    await check(tmp_path / "data", books)
    names = Counter(each.name for each in books.sent if each.is_accepted)
    print(f"accepted: {names}")
    assert names.keys() >= {"listProduct", "restockProduct", "placeOrder", "authorisePayment"}


@pytest.mark.soak
async def test_a_server_killed_many_times_loses_and_doubles_nothing(
    tmp_path: Path, seed: int
) -> None:
    books = await survive(tmp_path / "data", rounds=150, seed=seed)
    await check(tmp_path / "data", books)
