"""Operations that end while live sets push into their socket: nothing comes late, nothing stays."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection

from tests.leftovers import Held, comes_to
from tests.serving import Json, ProcessServer, fresh, running_server
from tests.shop import Shop
from tests.subscribing import LiveMap, connected, receive

WATCH = "subscription($id: ID!) { product(id: $id) { stock } }"
PAGE = """subscription($id: ID!) {
  products(where: { id: { eq: $id } }, first: 5) { nodes { stock } } }"""
CHANGES = """subscription($id: ID!) { productChanges(where: { id: { startsWith: $id } }) {
  cursor reset more entered { id stock } changed { id stock } left } }"""
NAME = "query($id: ID!) { product(id: $id) { name } }"
ROUNDS = 60

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ProcessServer]:
    """A server for these tests alone, since they count what it holds; each has its own product."""
    async with running_server(tmp_path_factory.mktemp("protocol") / "data") as running:
        yield running


@pytest.fixture
def disc() -> str:
    return fresh("disc")


async def start(connection: ClientConnection, id: str, query: str, disc: str) -> None:
    payload = {"query": query, "variables": {"id": disc}}
    message = {"id": id, "type": "subscribe", "payload": payload}
    await connection.send(json.dumps(message))


async def complete(connection: ClientConnection, id: str) -> None:
    await connection.send(json.dumps({"id": id, "type": "complete"}))


async def before_pong(connection: ClientConnection) -> list[Json]:
    """What the server sends before it answers a ping that comes after all the rest."""
    await connection.send('{"type": "ping"}')
    found: list[Json] = []
    while (message := await receive(connection))["type"] != "pong":
        found.append(message)
    return found


@asynccontextmanager
async def changing(server: ProcessServer, product: str) -> AsyncGenerator[Shop]:
    """A shop with a product that changes all the time."""
    shop = Shop(server)
    await shop.list(product)
    await shop.product(product)

    async def restock() -> None:
        while True:
            await shop.do("restockProduct", {"product": product, "quantity": 1})

    restocking = asyncio.create_task(restock())
    try:
        yield shop
    finally:
        restocking.cancel()
        await asyncio.gather(restocking, return_exceptions=True)


@pytest.mark.parametrize("query", [WATCH, PAGE, CHANGES], ids=["one", "page", "changes"])
async def test_an_id_used_again_gets_no_push_of_the_subscription_before(
    server: ProcessServer, disc: str, seed: int, query: str
) -> None:
    dice = random.Random(seed)
    async with changing(server, disc), connected(server.socket_url) as connection:
        for _ in range(ROUNDS):
            await start(connection, "1", query, disc)
            await asyncio.sleep(dice.choice([0, 0, 0.001, 0.01, 0.03]))
            await complete(connection, "1")
            await start(connection, "1", NAME, disc)
            kinds: list[str] = []
            while (message := await receive(connection))["type"] != "complete":
                is_name = message["payload"]["data"].get("product", {}).get("name")
                kinds.append("name" if is_name else "push")
            assert kinds[-1] == "name"
            assert "name" not in kinds[:-1]
        assert await before_pong(connection) == []
        await comes_to(server, Held(connections=1))


@pytest.mark.parametrize("query", [WATCH, PAGE, CHANGES], ids=["one", "page", "changes"])
async def test_after_complete_not_one_more_push_comes(
    server: ProcessServer, disc: str, seed: int, query: str
) -> None:
    dice = random.Random(seed)
    async with changing(server, disc) as shop, connected(server.socket_url) as connection:
        for at in range(ROUNDS):
            await start(connection, str(at), query, disc)
            await asyncio.sleep(dice.choice([0, 0, 0.001, 0.01, 0.03]))
            await complete(connection, str(at))
            await before_pong(connection)
            await shop.do("repriceProduct", {"product": disc, "price": f"1.{at:02}"})
            assert await before_pong(connection) == []
        await comes_to(server, Held(connections=1))


async def test_of_two_that_are_equal_on_one_socket_one_goes_and_the_other_misses_nothing(
    server: ProcessServer, disc: str, seed: int
) -> None:
    dice, seen, last = random.Random(seed), LiveMap(), f"{disc}-last"
    async with changing(server, disc) as shop, connected(server.socket_url) as connection:
        await start(connection, "stays", CHANGES, disc)
        for at in range(ROUNDS):
            await start(connection, f"goes-{at}", CHANGES, disc)
            await asyncio.sleep(dice.choice([0, 0.001, 0.02]))
            await complete(connection, f"goes-{at}")
            for message in await before_pong(connection):
                if message["id"] == "stays":
                    seen.apply(message["payload"]["data"]["productChanges"])
        await shop.list(last)
        while last not in seen.documents:
            message = await receive(connection)
            assert message["id"] == "stays"
            seen.apply(message["payload"]["data"]["productChanges"])
    assert (seen.resets, seen.oddities) == (1, [])
