"""Bad input gets a clear error and harms nothing: nothing of it stays, in memory or as a task."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from random import Random
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.endtoend.nasty import BODIES, VALUES, Case, inputs, mangled, valid_bodies
from tests.serving import Json, ProcessServer, running_server
from tests.shop import Shop
from tests.subscribing import SUBPROTOCOL, connected, receive

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODES = {
    "BAD_USER_INPUT", "UNAUTHENTICATED", "FORBIDDEN", "TIMEOUT", "UNAVAILABLE", "LIMIT_EXCEEDED"
}  # fmt: skip
MANGLED = 250
GROWTH_BYTES_MAX = 24 * 1024 * 1024
"""How much the memory may have grown after another round of everything."""
SETTINGS = {
    "WAIT_S_MAX": "0.2",
    "CONNECTION_INIT_TIMEOUT_S": "0.5",
    "RECEIVE_TIMEOUT_S": "1",
    "PING_INTERVAL_S": "1",
}
WATCH = "subscription { products { totalCount nodes { id } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ProcessServer]:
    """A server with short waits, for all that is bad."""
    directory = tmp_path_factory.mktemp("nasty") / "data"
    async with running_server(directory, **SETTINGS) as running:
        await Shop(running).list("cd")
        yield running
        printed = running.printed()
        assert "Traceback" not in printed, printed
        assert "Unexpected error" not in printed, printed


def everything(server: ProcessServer) -> str:
    return server.token("root", "clerk", "customer", "analyst", "warehouse", "provider")


def refusal(answer: Json) -> str:
    """The one code in an answer: of its errors, or of the domain's no; empty where it is fine."""
    if "errors" in answer:
        codes: set[str] = {each["extensions"]["code"] for each in answer["errors"]}
        assert codes <= CODES, answer
        assert all(0 < len(each["message"]) < 2_000 for each in answer["errors"]), answer
        return min(codes)
    data: Json = answer["data"] or {}
    result: Json = data.get("result") or {}
    return str(result.get("code", ""))


async def give_wrong_values(server: ProcessServer) -> None:
    token = everything(server)
    cases = [*inputs(), *(Case(query, {}, code) for query, code in VALUES)]
    other: list[str] = []
    for case in cases:
        answer = await server.graphql(case.query, case.variables, token)
        found = refusal(answer)
        if found != case.code and not (found and case.code == "*"):
            said = f"{case.query[:100]} {json.dumps(case.variables)[:200]}"
            other.append(f"{said}\n  {case.code} was expected: {json.dumps(answer)[:300]}")
    assert not other, "\n".join(other)


async def give_wrong_bodies(server: ProcessServer) -> None:
    headers = {"Content-Type": "application/json"}
    for body, status in BODIES:
        response = await server.http.post("/graphql", content=body, headers=headers)
        assert response.status_code == status, (body[:80], response.text)
        assert refusal(response.json()) in {"BAD_USER_INPUT", "LIMIT_EXCEEDED"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        response = await server.http.post(
            "/graphql", content=b'{"query": "{ __typename }"}', headers={"Content-Type": kind}
        )
        assert response.status_code in {400, 415}, kind
        assert refusal(response.json()) == "BAD_USER_INPUT"


async def give_wrong_tokens(server: ProcessServer) -> None:
    good = everything(server)
    head, body, signature = good.split(".")
    wrong = [
        "Bearer", "Basic dTpw", good, f"Bearer {good}x", f"Bearer {head}.{body}.",
        f"Bearer eyJhbGciOiJub25lIn0.{body}.", f"Bearer {body}.{head}.{signature}",
        "Bearer a.b.c", "Bearer " + "x" * 10_000, f"Bearer {good}, Bearer {good}",
    ]  # fmt: skip
    for authorization in wrong:
        response = await server.http.post(
            "/graphql",
            json={"query": "{ payments { totalCount } }"},
            headers={"Authorization": authorization},
        )
        assert response.status_code == 401, authorization
        assert refusal(response.json()) == "UNAUTHENTICATED"


async def give_mangled_requests(server: ProcessServer, random: Random) -> None:
    token, bodies = everything(server), valid_bodies()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    for _ in range(MANGLED):
        body = mangled(random.choice(bodies), random)
        response = await server.http.post("/graphql", content=body, headers=headers)
        assert response.status_code in {200, 400, 413}, (body, response.text)
        refusal(response.json())


async def break_the_protocol(server: ProcessServer) -> None:
    """What no client should send over a socket, each on one of its own, and how that ends."""
    first = json.dumps({"type": "connection_init"})
    subscribe = {"id": "1", "type": "subscribe", "payload": {"query": WATCH}}
    wrong_token = {"type": "connection_init", "payload": {"Authorization": "Bearer no"}}
    conversations: list[tuple[list[str | bytes], int]] = [
        (["{"], 4400), (["[]"], 4400), (["null"], 4400), (["\x00"], 4400),
        ([b"\x00\xff"], 4400), (['{"type": "nothing"}'], 4400), (['{"type": 1}'], 4400),
        ([first, first], 4429), ([json.dumps(subscribe)], 4401), ([json.dumps(wrong_token)], 4403),
        ([first, json.dumps(subscribe), json.dumps(subscribe)], 4409), ([], 4408),
        ([first, '{"id": "1", "type": "subscribe", "payload": {}}'], 4400),
        ([first, '{"id": 1, "type": "subscribe", "payload": {"query": ""}}'], 4400),
        (["x" * 1_100_000], 1009), (["[" * 100_000], 4400),
    ]  # fmt: skip
    for said, code in conversations:
        async with connect(server.socket_url, subprotocols=[SUBPROTOCOL]) as connection:
            with contextlib.suppress(ConnectionClosed):
                for each in said:
                    await connection.send(each)
            async with asyncio.timeout(30):
                await connection.wait_closed()
            assert connection.close_code == code, said
    async with connected(server.socket_url) as connection:
        for number, (query, _) in enumerate(VALUES):
            payload = {"query": query}
            message = {"id": str(number), "type": "subscribe", "payload": payload}
            if len(query) < 500_000:
                await connection.send(json.dumps(message))
                await _ended(connection, str(number))


async def _ended(connection: object, id: str) -> None:
    while True:
        message = await receive(connection)  # type: ignore[arg-type]
        if message.get("id") == id and message["type"] in {"error", "complete", "next"}:
            return


async def leave_sockets_half_open(server: ProcessServer) -> None:
    """Connections that stop in the middle of what they say, some cut, some just let go."""
    port = urlsplit(server.url).port
    subscribe = {"id": "1", "type": "subscribe", "payload": {"query": WATCH}}
    for _ in range(20):
        connection = await connect(server.socket_url, subprotocols=[SUBPROTOCOL])
        await connection.send(json.dumps({"type": "connection_init"}))
        await connection.send(json.dumps(subscribe))
        await connection.recv()
        await connection.recv()
        connection.transport.abort()
        with contextlib.suppress(WebSocketException):
            await connection.wait_closed()
    beginnings = [
        b"", b"P", b"POST /graphql HTTP/1.1\r\nHost: 127", b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{",
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /graphql HTTP/9.9\r\n\r\n", b"\x00" * 10_000, b"GET / HTTP/1.1\r\n" + b"a" * 100_000,
    ]  # fmt: skip
    held: list[asyncio.StreamWriter] = []
    for number, beginning in enumerate(beginnings * 3):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        held.append(writer)
        with contextlib.suppress(OSError):
            writer.write(beginning)
            await writer.drain()
            if number % 3 == 0:
                writer.transport.abort()
            elif number % 3 == 1:
                writer.write_eof()
    body = {"query": WATCH}
    for _ in range(10):
        headers = {"Accept": "text/event-stream"}
        async with server.http.stream("POST", "/graphql", json=body, headers=headers) as stream:
            await anext(stream.aiter_lines())
    for writer in held:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def everything_bad(server: ProcessServer, random: Random) -> None:
    await give_wrong_values(server)
    await give_wrong_bodies(server)
    await give_wrong_tokens(server)
    await give_mangled_requests(server, random)
    await break_the_protocol(server)
    await leave_sockets_half_open(server)


async def test_wrong_values_get_a_clear_error(server: ProcessServer) -> None:
    await give_wrong_values(server)


async def test_wrong_bodies_get_a_clear_error(server: ProcessServer) -> None:
    await give_wrong_bodies(server)


async def test_wrong_tokens_are_refused(server: ProcessServer) -> None:
    await give_wrong_tokens(server)


async def test_a_broken_protocol_closes_the_socket_with_its_code(server: ProcessServer) -> None:
    await break_the_protocol(server)


async def test_nothing_bad_stays_in_memory_or_as_a_task(server: ProcessServer, seed: int) -> None:
    """After another round of everything the server is as it was after the first."""
    random = Random(seed)
    await everything_bad(server, random)
    tasks, memory = await _at_rest(server, 0)
    await everything_bad(server, random)
    _, after = await _at_rest(server, tasks)
    print(f"{tasks:g} tasks; {memory:,.0f} bytes, then {after:,.0f}")
    assert after - memory < GROWTH_BYTES_MAX
    assert (await Shop(server).product("cd") or {})["stock"] == 100


async def _at_rest(server: ProcessServer, tasks: float) -> tuple[float, float]:
    """The number of tasks, and the memory, once all connections are gone."""
    quiet, now = 0, tasks
    async with asyncio.timeout(60):
        while quiet < 5:
            now = await server.metric("headrace_event_loop_tasks")
            open = await server.metric('headrace_connections{kind="websocket"}')
            active = await server.metric("headrace_operations_active")
            is_quiet = open == active == 0 and now <= (tasks or now)
            quiet = quiet + 1 if is_quiet else 0
            await asyncio.sleep(0.1)
    return now, await server.metric("process_resident_memory_bytes")
