"""A socket that is cut at any byte, again and again: nothing is missed, and nothing comes twice."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.endtoend.cluster import cluster
from tests.serving import Json
from tests.shop import PRODUCT, Shop
from tests.subscribing import LiveMap, subscribed

CHANGES = f"""subscription($where: ProductFilter, $since: Cursor) {{
  productChanges(where: $where, since: $since) {{
    cursor reset more entered {{ {PRODUCT} }} changed {{ {PRODUCT} }} left }} }}"""
PRODUCTS = 12
BYTES_MAX = 6_000
CUT = (WebSocketException, OSError, EOFError, TimeoutError, InvalidHandshake)


class Cutter:
    """A way to a server that is cut, both ways at once, after so many bytes from there."""

    def __init__(self, url: str, random: Random) -> None:
        self._to = urlsplit(url)
        self._random = random
        self.is_cutting = True
        self.cuts = 0

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[str]:
        """The address of the way."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            yield f"ws://127.0.0.1:{port}{self._to.path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self._random.randint(0, BYTES_MAX) if self.is_cutting else None
        there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        going = asyncio.create_task(_pass_on(reader, back, None))
        try:
            if await _pass_on(there, writer, left):
                self.cuts += 1
        finally:
            going.cancel()
            writer.transport.abort()
            back.transport.abort()
            await asyncio.gather(going, return_exceptions=True)


async def _pass_on(
    source: asyncio.StreamReader, to: asyncio.StreamWriter, left: int | None
) -> bool:
    """Pass bytes on; whether it was cut since none were left."""
    with suppress(OSError):
        while data := await source.read(1 << 16):
            if left is not None and len(data) >= left:
                to.write(data[:left])
                await to.drain()
                return True
            left = None if left is None else left - len(data)
            to.write(data)
            await to.drain()
    return False


async def reprice_on(shop: Shop, ids: list[str], stop: asyncio.Event) -> None:
    """Change the products, one after another, until told to stop."""
    number = 0
    while not stop.is_set():
        number += 1
        price = f"{number % 1000 + 1}.00"
        await shop.do("repriceProduct", {"product": ids[number % len(ids)], "price": price})


async def follow_through_cuts(shop: Shop, category: str, cuts: int, random: Random) -> LiveMap:
    """A client's set after so many cuts, and one connection that is not cut."""
    seen = LiveMap()
    cutter = Cutter(shop.server.socket_url, random)
    where = {"category": {"eq": category}}
    async with cutter.open() as url:
        while cutter.cuts < cuts:
            variables = {"where": where, "since": seen.cursor}
            with suppress(*CUT):
                async with subscribed(url, CHANGES, variables) as changes:
                    while True:
                        seen.apply((await changes.next())["productChanges"])
    return seen


async def survive(shop: Shop, cuts: int, seed: int) -> None:
    category = f"cuts-{uuid4().hex[:8]}"
    ids = [f"{category}-{n}" for n in range(PRODUCTS)]
    for each in ids:
        facts = {"name": each, "category": category, "price": "1.00", "stock": 1}
        await shop.do("listProduct", {"product": each, **facts})
    stop = asyncio.Event()
    changing = asyncio.create_task(reprice_on(shop, ids, stop))
    try:
        seen = await follow_through_cuts(shop, category, cuts, Random(seed))
    finally:
        stop.set()
        await changing
    query = f'{{ products(first: 100, where: {{ category: {{ eq: "{category}" }} }}) {{ nodes {{ {PRODUCT} }} }} }}'  # noqa: E501
    last = await shop.do(
        "repriceProduct", {"product": ids[0], "price": "5000.00"}, query="__typename"
    )
    assert last["id"] == ids[0]
    variables = {"where": {"category": {"eq": category}}, "since": seen.cursor}
    async with subscribed(shop.server.socket_url, CHANGES, variables) as changes:
        while seen.documents.get(ids[0], {}).get("price") != "5000.00":
            seen.apply((await changes.next())["productChanges"])
    expected: list[Json] = (await shop.server.data(query))["products"]["nodes"]
    assert sorted(seen.documents.values(), key=str) == sorted(expected, key=str)
    assert seen.oddities == []
    assert seen.resets <= 1 + cuts // 10, "resuming is the rule"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_hundred_cuts_at_any_byte_lose_and_repeat_nothing(shop: Shop, seed: int) -> None:
    await survive(shop, 100, seed)


@pytest.mark.parametrize("cuts", [30, pytest.param(1_000, marks=pytest.mark.soak)])
async def test_cuts_before_kafka_and_mongodb_lose_and_repeat_nothing(
    tmp_path: Path, seed: int, cuts: int
) -> None:
    async with cluster(tmp_path).process("all") as server:
        await survive(Shop(server), cuts, seed)


@pytest.mark.soak
@pytest.mark.asyncio(loop_scope="session")
async def test_ten_thousand_cuts_lose_and_repeat_nothing(shop: Shop, seed: int) -> None:
    await survive(shop, 10_000, seed)
