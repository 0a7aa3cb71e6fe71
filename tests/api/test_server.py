"""The server beneath the protocols: nobody may keep it waiting."""

import asyncio
import base64
import json
import os
from contextlib import suppress
from typing import Any

import pytest

from api.protocols import Stall
from tests.api.serving import DEADLINE_S, Served, serving, until, within
from tests.api.sockets import connected

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"
    b"Sec-WebSocket-Key: %s\r\n\r\n"
)


async def opened(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", served.port)


async def is_cut(reader: asyncio.StreamReader) -> None:
    """Returns once the server has ended the connection, kindly or not."""
    async with within():
        with suppress(ConnectionError):
            while await reader.read(65536):
                pass


def post(query: str) -> bytes:
    body = json.dumps({"query": query}).encode()
    return (
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


def frame(opcode: int, payload: bytes) -> bytes:
    """A masked frame of at most 125 bytes, as a client sends it."""
    mask = os.urandom(4)
    masked = bytes(each ^ mask[at % 4] for at, each in enumerate(payload))
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked


async def upgraded(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket that answers nothing by itself."""
    reader, writer = await opened(served)
    writer.write(HANDSHAKE % base64.b64encode(os.urandom(16)))
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(frame(1, b'{"type":"connection_init"}'))
    assert b"connection_ack" in await reader.readuntil(b"}")
    return reader, writer


@pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
async def test_a_client_that_never_ends_its_header_is_cut(start: bytes) -> None:
    async with serving(receive_timeout_s=0.05) as served:
        reader, writer = await opened(served)
        writer.write(start)
        await is_cut(reader)
        writer.close()


async def test_a_client_between_two_requests_is_cut_if_it_starts_one_and_stops() -> None:
    async with serving(receive_timeout_s=0.5) as served:
        reader, writer = await opened(served)
        writer.write(post("{ hello }"))
        assert b" 200 " in await reader.readline()
        writer.write(b"POST /gra")
        await is_cut(reader)
        writer.close()


async def answers(reader: asyncio.StreamReader, count: int) -> list[tuple[bytes, bytes]]:
    """The header and the body of so many answers, which say how long they are."""
    found: list[tuple[bytes, bytes]] = []
    for _ in range(count):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found.append((head, await reader.readexactly(length)))
    return found


async def test_requests_that_come_before_the_answer_are_answered_in_their_order() -> None:
    async with within(), serving() as served:
        reader, writer = await opened(served)
        writer.write(b"".join(post(f"{{ x{at}: hello }}") for at in range(5)))
        expected = [b'{"data":{"x%d":"Hello, you"}}' % at for at in range(5)]
        assert [body for _, body in await answers(reader, 5)] == expected
        writer.close()


async def test_an_answer_has_its_date_and_is_kept_by_nobody() -> None:
    async with within(), serving() as served:
        reader, writer = await opened(served)
        for _ in range(2):
            writer.write(post("{ hello }"))
            [(head, _)] = await answers(reader, 1)
            assert b"\r\ndate: " in head
            assert b"\r\ncache-control: no-store\r\n" in head
            assert b"\r\nx-content-type-options: nosniff\r\n" in head
        writer.close()


@pytest.mark.parametrize("wish", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nConnection: close\r\n"])
async def test_a_client_that_wants_one_answer_gets_it_and_the_end(wish: bytes) -> None:
    async with within(), serving() as served:
        reader, writer = await opened(served)
        writer.write(post("{ hello }").replace(b"HTTP/1.1\r\n", wish))
        [(head, body)] = await answers(reader, 1)
        assert head.startswith(b"http/1.1 200 ")
        assert b"connection: close" in head
        assert body == b'{"data":{"hello":"Hello, you"}}'
        assert await reader.read() == b""
        writer.close()


async def test_a_client_that_asks_whether_to_send_its_body_is_told_to() -> None:
    async with within(), serving() as served:
        reader, writer = await opened(served)
        head, _, body = post("{ hello }").partition(b"\r\n\r\n")
        writer.write(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(body)
        assert [found for _, found in await answers(reader, 1)] == [
            b'{"data":{"hello":"Hello, you"}}'
        ]
        writer.close()


async def test_a_body_that_comes_whole_and_is_too_long_is_413() -> None:
    async with within(), serving(body_bytes_max=2000) as served:
        reader, writer = await opened(served)
        head, _, _ = post("").partition(b"Content-Length")
        writer.write(
            head + b"Transfer-Encoding: chunked\r\n\r\nbb8\r\n%s\r\n0\r\n\r\n" % (b" " * 3000)
        )
        [(head, body)] = await answers(reader, 1)
        assert head.startswith(b"http/1.1 413 ")
        assert b"body_bytes_max" in body
        writer.close()


async def test_a_client_that_never_takes_its_answer_is_cut() -> None:
    async with within(), serving(send_timeout_s=0.1) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        for _ in range(4):
            writer.write(post("{ big(size: 8000000) }"))
        await until(lambda: not served.server.server_state.connections)
        await until(lambda: not served.server.server_state.tasks)
        writer.transport.abort()
        await is_cut(reader)


class Transport:
    """A transport whose client takes so much at a time."""

    def __init__(self, *left: int) -> None:
        self.left = list(left)
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]

    def abort(self) -> None:
        self.aborted = True


async def test_a_client_that_takes_a_little_each_time_is_not_cut() -> None:
    transport: Any = Transport(1000, 900, 899, 500, 0)
    stall = Stall(transport, 0.001)
    stall.begin()
    await until(lambda: transport.left == [0])
    await asyncio.sleep(0.01)
    assert not transport.aborted


async def test_a_client_that_takes_no_more_is_cut() -> None:
    transport: Any = Transport(1000, 900, 900)
    stall = Stall(transport, 0.001)
    stall.begin()
    await until(lambda: transport.aborted)


async def test_a_client_that_has_caught_up_is_not_watched() -> None:
    transport: Any = Transport(1000, 1000)
    stall = Stall(transport, 0.001)
    stall.begin()
    stall.end()
    await asyncio.sleep(0.01)
    assert not transport.aborted


async def test_a_peer_that_answers_no_ping_is_cut() -> None:
    async with within(), serving(ping_interval_s=0.05) as served:
        reader, writer = await upgraded(served)
        writer.write(frame(1, b'{"type":"subscribe","id":"1","payload":{"query":"{ never }"}}'))
        await is_cut(reader)
        await until(lambda: served.toy.sources == 0)
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        frame(3, b"an opcode that is none"),
        b"\x81\x05hello",
        frame(1, b"\xff\xfe"),
        b"\xff" * 200,
        frame(8, b"\x00"),
        b"\x81\xff" + b"\xff" * 8,
    ],
    ids=["opcode", "unmasked", "utf-8", "reserved", "close", "length"],
)
async def test_a_broken_frame_ends_the_socket_and_nothing_is_logged_as_ours(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with within(), serving() as served:
        reader, writer = await upgraded(served)
        query = b'{"type":"subscribe","id":"1","payload":{"query":"subscription{flood}"}}'
        writer.write(frame(1, query))
        await until(lambda: served.toy.calls > 3)
        writer.write(data)
        await is_cut(reader)
        await until(lambda: served.toy.sources == 0)
        writer.close()
    assert "A socket failed" not in caplog.text
    assert "Exception in ASGI" not in caplog.text
    assert "Unexpected error" not in caplog.text


async def test_connections_beyond_the_limit_are_told_so_and_those_before_go_on() -> None:
    async with serving(connections_max=1, requests_max=3) as served, connected(served) as client:
        idle = [await opened(served) for _ in range(5)]
        for reader, writer in idle[:1]:
            writer.write(post("{ hello }"))
            async with within():
                assert b" 503 " in await reader.readline()
        await client.subscribe("1", "{ hello }")
        assert await client.results("1")
        for _, writer in idle:
            writer.close()
        await until(lambda: len(served.server.server_state.connections) == 1)
        async with served.client() as http:
            response = await http.post("/graphql", json={"query": "{ hello }"})
            assert response.status_code == 200


async def test_a_stop_waits_no_longer_than_it_may() -> None:
    async with within(DEADLINE_S), serving(drain_s_max=1.0) as served:
        reader, writer = await opened(served)
        writer.write(post("{ never }"))
        await until(lambda: served.toy.sources == 1)
        served.server.should_exit = True
        await is_cut(reader)
        writer.close()
