"""A server under load, killed at any instant: nothing accepted is lost, and nothing is doubled."""

import asyncio
import contextlib
import random
from collections import Counter
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.crash.documents import check_documents
from tests.crash.ledger import check_commands, check_money, check_stock, check_streams, read_log
from tests.crash.people import Books, Person
from tests.crash.quiet import until_quiet
from tests.crash.watchers import Watcher
from tests.crash.world import Client, World
from tests.serving import ProcessServer, running_server
from tests.shop import ORDER, PRODUCT

PEOPLE = 10
LIFE_S = 1.2
"""How long a server lives at most, once it is ready."""
SHOW_S = 30.0


@pytest.fixture
def seed() -> int:
    """Where all choices come from; printed, so that a failure shows it."""
    seed = random.getrandbits(32)
    print(f"seed: {seed}")
    return seed


def watchers() -> list[Watcher]:
    """Subscribers of several kinds: of all, of sets that things enter and leave, of their own."""
    return [
        Watcher("product", PRODUCT, {}, "eve"),
        Watcher("product", PRODUCT, {"available": {"lt": 20}}, "eve"),
        Watcher("order", ORDER, {}, "clerk-1", "clerk"),
        Watcher("order", ORDER, {"status": {"in": ["CONFIRMED", "PAID"]}}, "clerk-1", "clerk"),
        Watcher("order", ORDER, {}, "ada", "customer"),
        Watcher("salesDay", "id orders units revenue refunded", {}, "ann", "analyst"),
    ]


async def survive(directory: Path, rounds: int, seed: int) -> Books:
    """Some rounds of life and death, then a last life to its end; what people did in them."""
    world, books, random = World(), Books(), Random(seed)
    watching = watchers()
    async with httpx.AsyncClient() as http, asyncio.TaskGroup() as group:
        client = Client(world, http)
        persons = [Person(n, client, books, Random(f"{seed} {n}")) for n in range(PEOPLE)]
        working = [group.create_task(each.work()) for each in persons]
        subscribed = [group.create_task(each.watch(world)) for each in watching]
        for _ in range(rounds):
            async with running_server(directory) as server:
                world.rises(server)
                await asyncio.sleep(random.uniform(0, LIFE_S))
                await server.kill()
                world.falls()
        async with running_server(directory) as server:
            world.rises(server)
            world.is_over = True
            await asyncio.wait(working)
            await until_quiet(server)
            for each in watching:
                await _shows_what_is_asked(each, server)
            for task in subscribed:
                task.cancel()
            await asyncio.wait(subscribed)
            assert await server.terminate() == 0
    return books


async def _shows_what_is_asked(watcher: Watcher, server: ProcessServer) -> None:
    asked = await watcher.asked(server)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SHOW_S):
            while watcher.map.documents != asked:  # noqa: ASYNC110 - another task takes messages
                await asyncio.sleep(0.05)
    assert watcher.map.documents == asked, watcher.name
    assert watcher.map.is_whole, watcher.name
    assert watcher.map.oddities == [], watcher.name


async def check(directory: Path, books: Books) -> None:
    """Everything that must hold of what the last server left behind."""
    events = await read_log(directory)
    check_streams(events)
    check_commands(events, books.sent)
    check_stock(events)
    check_money(events)
    await check_documents(directory, events)


async def test_a_killed_server_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    books = await survive(tmp_path / "data", rounds=8, seed=seed)
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
