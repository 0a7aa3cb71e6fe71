"""A server that is asked to stop finishes what was begun, and two never share a directory."""

import asyncio
import json
import signal
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.serving import Json, ProcessServer, headrace, running_server
from tests.shop import Shop, mutation, until
from tests.subscribing import SUBPROTOCOL, connected, subscribed

LISTING = {"product": "cd", "name": "A CD", "category": "music", "price": "9.99", "stock": 5}


on_the_shared_server = pytest.mark.asyncio(loop_scope="session")


@on_the_shared_server
async def test_a_second_server_on_the_same_directory_is_refused(shop: Shop) -> None:
    directory = str(shop.server.directory)
    status, _, errors = await headrace("serve", "--data", directory, "--port", "0")
    assert status == 1
    assert errors.splitlines()[-1].startswith("headrace: another headrace works on")
    assert "Traceback" not in errors
    assert (await shop.server.http.get("/health/ready")).status_code == 200


@on_the_shared_server
async def test_an_import_into_a_served_directory_is_refused(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "commands.jsonl"
    file.write_text("")
    status, _, errors = await headrace("import", str(file), "--data", str(shop.server.directory))
    assert status == 1
    assert errors.splitlines()[-1].startswith("headrace: another headrace works on")


@on_the_shared_server
async def test_a_port_that_is_taken_is_a_sentence(shop: Shop, tmp_path: Path) -> None:
    port = str(urlsplit(shop.server.url).port)
    status, _, errors = await headrace("serve", "--data", str(tmp_path / "other"), "--port", port)
    assert status == 1
    assert "address already in use" in errors.lower()
    assert f"headrace: cannot listen on 127.0.0.1, port {port}" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_without_clients_ends_well(server: ProcessServer, by: signal.Signals) -> None:
    assert await server.terminate(by) == 0
    assert "Stopped" in server.printed()
    assert "Traceback" not in server.printed()


async def test_a_mutation_that_is_under_way_gets_its_answer(server: ProcessServer) -> None:
    """Half of its body arrives before the signal, the rest after it."""
    body = json.dumps({"query": mutation("listProduct"), "variables": {"input": LISTING}}).encode()
    token = server.token("clerk-1", "clerk")
    reader, writer = await _connection(server)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:50])
    await writer.drain()
    await _known(server)
    stopping = asyncio.create_task(server.terminate())
    await _refused(server)
    writer.write(body[50:])
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert b"200 OK" in answer
    accepted: Json = json.loads(answer.partition(b"\r\n\r\n")[2])["data"]["result"]
    assert accepted["__typename"] == "Accepted"
    assert await asyncio.wait_for(stopping, 30) == 0
    async with running_server(server.directory) as again:
        assert (await Shop(again).product("cd") or {})["stock"] == 5


async def _connection(
    server: ProcessServer,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)


async def _known(server: ProcessServer) -> None:
    """Wait until the server has read what was sent before: it answers another connection."""
    for _ in range(2):
        (await server.http.get("/health/live")).raise_for_status()


async def _refused(server: ProcessServer) -> None:
    """Wait until the server takes no more connections."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await _connection(server)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.01)


async def test_every_answer_that_was_given_while_stopping_holds(server: ProcessServer) -> None:
    """Clients send as fast as they can while the server stops; what they were told is true."""
    shop = Shop(server)
    await shop.list("cd", stock=0)
    told: list[int] = []
    results = asyncio.gather(*(_restock_for_ever(server, told) for _ in range(10)))
    await until(partial(_length, told), lambda length: length >= 50)
    assert await server.terminate() == 0
    assert set(await asyncio.wait_for(results, 30)) <= {"UNAVAILABLE", "gone"}
    async with running_server(server.directory) as again:
        stock = (await Shop(again).product("cd") or {})["stock"]
    assert len(told) <= stock <= len(told) + 10, "more was done than was sent"


async def _length(told: list[int]) -> int:
    return len(told)


async def _restock_for_ever(server: ProcessServer, told: list[int]) -> str:
    """Restock until the server is no more; how that showed."""
    token = server.token("warehouse-1", "warehouse")
    query = mutation("restockProduct")
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        while True:
            body = {"query": query, "variables": {"input": {"product": "cd", "quantity": 1}}}
            headers = {"Authorization": f"Bearer {token}"}
            try:
                response = await client.post("/graphql", json=body, headers=headers)
            except httpx.TransportError:
                return "gone"
            answer = response.json()
            if "errors" in answer:
                return str(answer["errors"][0]["extensions"]["code"])
            told.append(answer["data"]["result"]["version"])


async def test_sockets_and_streams_are_closed_at_a_stop(server: ProcessServer) -> None:
    query = "subscription { products { totalCount } }"
    sse = {"Accept": "text/event-stream"}
    async with (
        subscribed(server.socket_url, query) as watching,
        connected(server.socket_url) as idle,
        connect(server.socket_url, subprotocols=[SUBPROTOCOL]) as silent,
        server.http.stream("POST", "/graphql", json={"query": query}, headers=sse) as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: next"
        await watching.next()
        stopping = asyncio.create_task(server.terminate())
        for connection in (watching.connection, idle, silent):
            assert await _close_code(connection) == 1012
        assert "event: complete" not in [line async for line in lines]
        assert await asyncio.wait_for(stopping, 30) == 0


async def _close_code(connection: ClientConnection) -> int:
    async with asyncio.timeout(30):
        await connection.wait_closed()
    assert connection.close_code is not None
    return connection.close_code
