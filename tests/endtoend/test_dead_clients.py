"""Clients that stop reading, go silent or are cut: they cost nothing, and nobody else notices."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.leftovers import Held, comes_to, held, resident_bytes
from tests.serving import Json, ProcessServer, running_server
from tests.shop import Shop, until
from tests.streaming import streamed
from tests.subscribing import SUBPROTOCOL, LiveMap, connected, receive, subscribed

NAMES = " ".join(f"n{at}: name" for at in range(10))
PAGE = f"subscription {{ products(first: 100) {{ nodes {{ id stock {NAMES} }} }} }}"
CHANGES = f"""subscription {{ productChanges {{ cursor reset more
  entered {{ id stock {NAMES} }} changed {{ id stock {NAMES} }} left }} }}"""
WATCH = 'subscription { product(id: "disc-0") { id stock } }'
PRODUCTS = 100
PAGE_BYTES = PRODUCTS * 10 * 200
STALLED = 8
RESTOCKS = 120
GROWTH_BYTES_MAX = 64 * 1024 * 1024
"""Queued for each who does not read, it would be thrice that at least."""
RECEIVED_BYTES_MAX = 4096
SLOW_STEPS = 200
BEHIND_BYTES_MAX = 1024 * 1024
"""What is under way to a slow client when the latest is sent: a few pages."""


async def stocked(shop: Shop) -> None:
    """Products whose page is large."""
    for at in range(PRODUCTS):
        input = {
            "product": f"disc-{at}", "name": f"{at:03}" + "x" * 197, "category": "music",
            "price": "1.00", "stock": 0,
        }  # fmt: skip
        await shop.do("listProduct", input)
    await shop.product(f"disc-{PRODUCTS - 1}")


async def restocked(shop: Shop, times: int) -> None:
    """Changes the first product again and again."""
    for _ in range(times):
        await shop.do("restockProduct", {"product": "disc-0", "quantity": 1})


@asynccontextmanager
async def stalled(server: ProcessServer, *queries: str) -> AsyncGenerator[ClientConnection]:
    """A socket that asks, and reads nothing any more once it is acknowledged."""
    async with connect(
        server.socket_url, sock=await small_socket(server), subprotocols=[SUBPROTOCOL],
        max_size=None, max_queue=None, ping_interval=None, close_timeout=0.1,
    ) as connection:  # fmt: skip
        await connection.send('{"type": "connection_init"}')
        await receive(connection)
        connection.transport.pause_reading()
        await ask(connection, *queries)
        yield connection
        connection.transport.abort()


async def small_socket(server: ProcessServer) -> socket.socket:
    """A connection that holds little of what its owner does not read."""
    address = urlsplit(server.url)
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES_MAX)
    small.setblocking(False)
    await asyncio.get_running_loop().sock_connect(small, (address.hostname, address.port))
    return small


async def ask(connection: ClientConnection, *queries: str) -> None:
    for at, query in enumerate(queries):
        message = {"id": str(at), "type": "subscribe", "payload": {"query": query}}
        await connection.send(json.dumps(message))


def applied(seen: LiveMap, message: Json) -> int:
    """Takes the changes in; how many of the first product there are by then."""
    seen.apply(message["productChanges"])
    stock: int = seen.documents.get("disc-0", {}).get("stock", 0)
    return stock


async def test_who_reads_nothing_costs_no_more_than_buffers_and_nobody_else_notices(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            running_server(tmp_path / "data", SEND_TIMEOUT_S="600")
        )
        shop, seen = Shop(server), LiveMap()
        await stocked(shop)
        page = await stack.enter_async_context(subscribed(server.socket_url, PAGE))
        changes = await stack.enter_async_context(subscribed(server.socket_url, CHANGES))
        await page.next()
        applied(seen, await changes.next())
        for _ in range(STALLED):
            await stack.enter_async_context(stalled(server, PAGE, CHANGES))
        await until(lambda: held(server), lambda now: now.operations == 2 + 2 * STALLED)
        before = await resident_bytes(server)
        for at in range(1, RESTOCKS + 1):
            await restocked(shop, 1)
            nodes = (await page.until(lambda data: stock_in(data) >= at))["products"]["nodes"]  # noqa: B023 - awaited at once
            assert len(nodes) == PRODUCTS
            while applied(seen, await changes.next()) < at:
                pass
        assert await resident_bytes(server) - before < GROWTH_BYTES_MAX
        assert (seen.resets, seen.oddities) == (1, [])
        assert len(seen.documents) == PRODUCTS


def stock_in(data: Json) -> int:
    stocks: list[int] = [
        each["stock"] for each in data["products"]["nodes"] if each["id"] == "disc-0"
    ]
    return stocks[0]


async def test_who_reads_nothing_is_cut_and_others_on_the_same_go_on(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            running_server(tmp_path / "data", SEND_TIMEOUT_S="2")
        )
        shop, seen = Shop(server), LiveMap()
        await stocked(shop)
        changes = await stack.enter_async_context(subscribed(server.socket_url, CHANGES))
        applied(seen, await changes.next())
        dead = [await stack.enter_async_context(stalled(server, PAGE, CHANGES)) for _ in range(3)]
        restocks = 0
        while (await held(server)).connections > 1:
            await restocked(shop, 1)
            restocks += 1
            assert restocks < 5_000, "they are never cut"
        await comes_to(server, Held(connections=1, operations=1, sets=1, watchers=1))
        while applied(seen, await changes.next()) < restocks:
            pass
        assert (seen.resets, seen.oddities) == (1, [])
        for each in dead:
            each.transport.resume_reading()
            with suppress(ConnectionClosed):
                while True:
                    await receive(each)
            assert each.close_code == 1006


async def test_a_slow_client_that_reads_on_is_not_cut_and_gets_the_latest(tmp_path: Path) -> None:
    async with running_server(tmp_path / "data", SEND_TIMEOUT_S="4", PING_INTERVAL_S="0") as server:
        shop = Shop(server)
        await stocked(shop)
        reader, writer = await raw(server, PAGE)
        for _ in range(SLOW_STEPS):
            await restocked(shop, 1)
            await asyncio.sleep(0.05)
            async with asyncio.timeout(30.0):
                assert await reader.read(4096), "it was cut"
        behind = bytearray()
        while f'"stock":{SLOW_STEPS},'.encode() not in behind:
            async with asyncio.timeout(30.0):
                chunk = await reader.read(1024 * 1024)
            assert chunk, "it was cut"
            behind += chunk
        assert len(behind) < BEHIND_BYTES_MAX
        writer.transport.abort()


async def raw(
    server: ProcessServer, query: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket that has asked, as bytes: who reads them says how fast."""
    reader, writer = await asyncio.open_connection(sock=await small_socket(server), limit=16 * 1024)
    writer.write(
        b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    ask = {"id": "1", "type": "subscribe", "payload": {"query": query}}
    for message in ({"type": "connection_init"}, ask):
        text = json.dumps(message).encode()
        unmasked = bytes(4)
        writer.write(b"\x81\xfe" + len(text).to_bytes(2, "big") + unmasked + text)
    return reader, writer


async def test_a_stream_that_is_not_read_is_cut_and_another_on_the_same_goes_on(
    tmp_path: Path,
) -> None:
    async with running_server(tmp_path / "data", SEND_TIMEOUT_S="2") as server:
        shop, seen = Shop(server), LiveMap()
        await stocked(shop)
        address = urlsplit(server.url)
        body = json.dumps({"query": PAGE}).encode()
        async with streamed(server, CHANGES) as events:
            applied(seen, (await anext(events)).data["data"])
            _, writer = await asyncio.open_connection(address.hostname, address.port, limit=1)
            writer.write(
                b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body)
            )
            await until(lambda: held(server), lambda now: now.connections == 2)
            restocks = 0
            while (await held(server)).connections > 1:
                await restocked(shop, 1)
                restocks += 1
                assert restocks < 5_000, "it is never cut"
            while applied(seen, (await anext(events)).data["data"]) < restocks:
                pass
            await comes_to(server, Held(connections=1, operations=1, sets=1, watchers=1))
            writer.transport.abort()
        assert (seen.resets, seen.oddities) == (1, [])


@pytest.mark.parametrize("how", ["reset", "half-closed", "silent"])
async def test_a_cut_leaves_no_operation_and_no_live_set(tmp_path: Path, how: str) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            running_server(tmp_path / "data", PING_INTERVAL_S="1")
        )
        await Shop(server).list("disc-0")
        witness = await stack.enter_async_context(subscribed(server.socket_url, WATCH))
        await witness.next()
        alone = Held(connections=1, operations=1, sets=1, watchers=1)
        for _ in range(2):  # the second time as what is known already
            lost = [await stack.enter_async_context(connected(server.socket_url)) for _ in range(5)]
            for each in lost:
                await ask(each, WATCH, PAGE, CHANGES, "subscription { orders { totalCount } }")
                for _ in range(4):  # three results, and one error
                    await receive(each)
            assert (await held(server)).watchers == 1 + 5 * 3
            for each in lost:
                cut(each, how)
            watching = asyncio.create_task(answering(witness.connection))
            await comes_to(server, alone)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            for each in lost:
                each.transport.resume_reading()
                await each.wait_closed()
                assert each.close_code == 1006, "another would tell it not to come again"
        await Shop(server).do("restockProduct", {"product": "disc-0", "quantity": 1})
        assert (await witness.next())["product"]["stock"] == 101


def cut(connection: ClientConnection, how: str) -> None:
    """Ends a connection as a network does: without a close frame."""
    sock = connection.transport.get_extra_info("socket")
    match how:
        case "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.transport.abort()
        case "half-closed":
            connection.transport.pause_reading()
            connection.transport.write_eof()
        case _:
            connection.transport.pause_reading()  # neither a FIN nor any answer comes any more


async def answering(connection: ClientConnection) -> None:
    """The witness answers pings in the meantime."""
    while True:
        message = await receive(connection)
        assert message["type"] == "ping"
