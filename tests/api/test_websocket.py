"""graphql-transport-ws, clause by clause, over a real socket."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.serving import Served, serving, until, within
from tests.api.sockets import PROTOCOL, connected, socket

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO = {"data": {"hello": "Hello, you"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncGenerator[Served, None]:
    async with serving() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def served(running: Served) -> AsyncGenerator[Served, None]:
    """The server; after each test it has no source open, no operation and no connection."""
    running.toy.forget()
    yield running
    await until(lambda: running.toy.sources == 0)
    await until(lambda: len(running.app.state.connections) == 0)
    assert running.count("headrace_operations_active") == 0
    assert running.count("headrace_connections", kind="websocket") == 0


# --- the handshake ---


@pytest.mark.parametrize("protocols", [(PROTOCOL,), ("graphql-ws", PROTOCOL)])
async def test_the_subprotocol_is_chosen(served: Served, protocols: tuple[str, ...]) -> None:
    async with socket(served, protocols=protocols) as client:
        assert client.socket.subprotocol == PROTOCOL


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_another_subprotocol_is_not_acceptable(
    served: Served, protocols: tuple[str, ...]
) -> None:
    async with socket(served, protocols=protocols) as client:
        assert await client.closed() == (4406, "Subprotocol not acceptable")


async def test_connection_init_is_acknowledged(served: Served) -> None:
    async with socket(served) as client:
        await client.send(type="connection_init")
        assert await client.next() == {"type": "connection_ack"}


async def test_without_connection_init_in_time_the_socket_is_closed() -> None:
    async with serving(connection_init_timeout_s=0.05) as served, socket(served) as client:
        assert await client.closed() == (4408, "Connection initialisation timeout")


async def test_once_acknowledged_that_time_is_over() -> None:
    async with serving(connection_init_timeout_s=1.0) as served, connected(served) as client:
        await asyncio.sleep(1.2)
        await client.subscribe("1", "{ hello }")
        assert await client.results("1") == [HELLO]


async def test_a_second_connection_init_is_too_many(served: Served) -> None:
    async with connected(served) as client:
        await client.send(type="connection_init")
        assert await client.closed() == (4429, "Too many initialisation requests")


async def test_subscribe_before_the_acknowledgement_is_unauthorized(served: Served) -> None:
    async with socket(served) as client:
        await client.subscribe("1", "{ hello }")
        assert await client.closed() == (4401, "Unauthorized")
    assert served.toy.calls == 0


# --- who asks ---


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
async def test_a_token_in_connection_init_says_who_asks(served: Served, name: str) -> None:
    async with connected(served, {name: served.bearer(sub="grace")}) as client:
        await client.subscribe("1", "{ who }")
        assert await client.results("1") == [{"data": {"who": "grace"}}]


async def test_a_token_in_the_handshake_does_too_and_connection_init_wins(served: Served) -> None:
    header = served.bearer(sub="header")
    async with connected(served, headers={"authorization": header}) as client:
        await client.subscribe("1", "{ who }")
        assert await client.results("1") == [{"data": {"who": "header"}}]
    payload = {"Authorization": served.bearer(sub="payload")}
    async with connected(served, payload, headers={"authorization": header}) as client:
        await client.subscribe("1", "{ who }")
        assert await client.results("1") == [{"data": {"who": "payload"}}]


@pytest.mark.parametrize("payload", [None, {}, {"Authorization": None}, {"other": 1}])
async def test_without_a_token_nobody_asks(served: Served, payload: dict[str, Any] | None) -> None:
    async with connected(served, payload) as client:
        await client.subscribe("1", "{ who }")
        assert await client.results("1") == [{"data": {"who": None}}]


@pytest.mark.parametrize("token", ["", "Bearer x", "Basic YTpi", 7, ["Bearer"], {"a": 1}])
async def test_a_bad_token_is_forbidden_and_never_anonymous(served: Served, token: object) -> None:
    async with socket(served) as client:
        await client.send(type="connection_init", payload={"Authorization": token})
        code, reason = await client.closed()
    assert code == 4403
    assert reason.startswith("Forbidden: ")


async def test_a_bad_token_in_the_handshake_is_forbidden(served: Served) -> None:
    async with socket(served, headers={"authorization": "Bearer x"}) as client:
        await client.send(type="connection_init")
        assert (await client.closed())[0] == 4403


# --- operations ---


async def test_a_query_gives_next_and_complete(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "query ($n: String) { hello(name: $n) }", variables={"n": "A"})
        expected = {"data": {"hello": "Hello, A"}}
        assert await client.next() == {"id": "1", "type": "next", "payload": expected}
        assert await client.next() == {"id": "1", "type": "complete"}


async def test_a_mutation_gives_next_and_complete(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "mutation { add(a: 1) }")
        assert await client.results("1") == [{"data": {"add": 2}}]


async def test_the_named_operation_runs(served: Served) -> None:
    async with connected(served) as client:
        query = "query a { hello } subscription b { ticks(count: 1) }"
        await client.subscribe("1", query, operationName="b")
        assert await client.results("1") == [{"data": {"ticks": 0}}]


async def test_a_subscription_gives_next_for_each_event_and_complete(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "subscription { ticks }")
        assert await client.results("1") == [{"data": {"ticks": tick}} for tick in range(3)]


async def test_operations_interleave(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("endless", "subscription { endless }")
        assert (await client.next())["id"] == "endless"
        await client.subscribe("query", "{ hello }")
        assert await client.results("query") == [HELLO]
        served.toy.released.set()
        assert (await client.next())["payload"] == {"data": {"endless": 1}}


@pytest.mark.parametrize(
    "payload",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query ($a: Int!) { big(size: $a) }"},
        {"query": "subscription ($a: Int!) { ticks(count: $a) }"},
        {"query": "{ hello }", "operationName": "other"},
    ],
)
async def test_what_cannot_be_executed_gives_error_and_no_complete(
    served: Served, payload: dict[str, Any]
) -> None:
    async with connected(served) as client:
        await client.send(id="1", type="subscribe", payload=payload)
        message = await client.next()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        await client.subscribe("2", "{ hello }")
        assert (await client.next())["id"] == "2"


async def test_a_field_error_comes_with_the_data(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "{ hello forbidden }")
        (result,) = await client.results("1")
    assert result["data"] == {"hello": "Hello, you", "forbidden": None}
    assert result["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_source_that_fails_ends_with_error_and_shows_nothing_inside(
    served: Served,
) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "subscription { broken }")
        assert (await client.next())["payload"] == {"data": {"broken": 0}}
        message = await client.next()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in json.dumps(message)
        await client.subscribe("1", "subscription { forbidden }")
        message = await client.next()
        assert message["payload"] == [
            {"message": "Not for you", "extensions": {"code": "FORBIDDEN"}}
        ]


async def test_the_trace_context_comes_with_the_operation(served: Served) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    async with connected(served) as client:
        await client.subscribe("1", "{ hello }", extensions={"traceparent": trace})
        await client.results("1")
    assert served.toy.traceparents == [trace]


async def test_an_id_in_use_closes_the_socket(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "subscription { endless }")
        await client.subscribe("1", "{ hello }")
        assert await client.closed() == (4409, "Subscriber for 1 already exists")


async def test_an_id_is_free_again_after_complete_and_after_error(served: Served) -> None:
    async with connected(served) as client:
        for query in ("{ hello }", "{", "subscription { ticks }", "{ hello }"):
            await client.subscribe("1", query)
            assert await client.results("1")


async def test_complete_from_the_client_ends_the_source_and_frees_the_id(served: Served) -> None:
    async with connected(served) as client:
        for _ in range(20):
            await client.subscribe("1", "subscription { endless }")
            assert (await client.next())["type"] == "next"
            await client.send(id="1", type="complete")
        await client.subscribe("2", "{ hello }")
        assert await client.results("2") == [HELLO]
        await until(lambda: served.toy.sources == 0)


async def test_complete_ends_a_query_that_runs(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "{ never }")
        await until(lambda: served.toy.sources == 1)
        await client.send(id="1", type="complete")
        await until(lambda: served.toy.sources == 0)


async def test_complete_of_an_unknown_operation_passes(served: Served) -> None:
    async with connected(served) as client:
        await client.send(id="nothing", type="complete")
        await client.subscribe("1", "{ hello }")
        assert await client.results("1") == [HELLO]


# --- ping and pong ---


async def test_a_ping_is_answered_with_its_payload_even_before_the_acknowledgement(
    served: Served,
) -> None:
    async with socket(served) as client:
        await client.send(type="ping")
        assert await client.next() == {"type": "pong"}
        await client.send(type="ping", payload={"at": 1})
        assert await client.next() == {"type": "pong", "payload": {"at": 1}}


async def test_a_pong_that_nobody_asked_for_passes(served: Served) -> None:
    async with connected(served) as client:
        await client.send(type="pong", payload={})
        await client.subscribe("1", "{ hello }")
        assert await client.results("1") == [HELLO]


async def test_the_server_pings_too() -> None:
    async with serving(ping_interval_s=0.02) as served, connected(served) as client:
        for _ in range(3):
            assert await client.next() == {"type": "ping"}
            await client.send(type="pong")


# --- invalid messages ---


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "{",
        "null",
        "[]",
        "{}",
        '{"type":null}',
        '{"type":"start"}',
        '{"type":"connection_ack"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":"1"}',
        '{"type":"subscribe","id":"1","payload":{}}',
        '{"type":"subscribe","id":"1","payload":{"query":7}}',
        '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}',
        '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":{"x":NaN}}}',
        '{"type":"subscribe","id":"' + "x" * 257 + '","payload":{"query":"{ hello }"}}',
        '{"type":"complete"}',
        '{"type":"ping","payload":7}',
        '{"type":"connection_init","payload":"x"}',
        '{"type":"ping","payload":' + '{"x":' * 5000 + "1" + "}" * 5001,
    ],
)
async def test_an_invalid_message_closes_the_socket_with_what_is_wrong(
    served: Served, text: str
) -> None:
    async with connected(served) as client:
        await client.socket.send(text)
        code, reason = await client.closed()
    assert code == 4400
    assert reason.startswith("Invalid message: ")


async def test_a_binary_message_is_invalid(served: Served) -> None:
    async with connected(served) as client:
        await client.socket.send(b'{"type":"ping"}')
        assert await client.closed() == (4400, "Messages must be text frames")


async def test_a_reason_is_cut_to_what_a_frame_carries(served: Served) -> None:
    async with connected(served) as client:
        name = "ü" * 200
        await client.subscribe(name, "subscription { endless }")
        await client.subscribe(name, "subscription { endless }")
        code, reason = await client.closed()
    assert code == 4409
    assert reason.startswith("Subscriber for üü")
    assert len(reason.encode()) <= 123


# --- limits ---


async def test_a_message_that_is_too_big_closes_the_socket() -> None:
    async with serving(body_bytes_max=2000) as served, connected(served) as client:
        await client.send(type="ping", payload={"x": "x" * 3000})
        assert (await client.closed())[0] == 1009


async def test_more_operations_than_allowed_fail_and_the_socket_stays() -> None:
    async with (
        serving(subscriptions_per_connection_max=2) as served,
        connected(served) as client,
    ):
        for each in ("1", "2"):
            await client.subscribe(each, "subscription { endless }")
            assert (await client.next())["id"] == each
        await client.subscribe("3", "{ hello }")
        message = await client.next()
        assert (message["id"], message["type"]) == ("3", "error")
        (error,) = message["payload"]
        assert error["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "subscriptions_per_connection_max",
            "max": 2,
        }
        await client.send(id="1", type="complete")
        await client.subscribe("3", "{ hello }")
        assert await client.results("3") == [HELLO]


async def test_operations_that_are_completed_before_they_begin_take_no_place() -> None:
    async with serving(subscriptions_per_connection_max=2) as served, connected(served) as client:
        for _ in range(10):
            ask = {"id": "1", "type": "subscribe", "payload": {"query": "{ hello }"}}
            for message in (ask, {"id": "1", "type": "complete"}):
                client.socket.protocol.send_text(json.dumps(message).encode())
            client.socket.transport.write(b"".join(client.socket.protocol.data_to_send()))
        await client.subscribe("2", "{ hello }")
        assert await client.results("2") == [{"data": {"hello": "Hello, you"}}]


async def test_more_connections_than_allowed_are_told_to_try_again_later() -> None:
    async with serving(connections_max=2) as served:
        async with connected(served), connected(served):
            async with socket(served) as third:
                code, reason = await third.closed()
            assert code == 1013
            assert "connections_max" in reason
        await until(lambda: len(served.app.state.connections) == 0)
        async with connected(served):
            pass


# --- development ---


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}],
)
async def test_in_development_only_this_machine_may_connect(headers: dict[str, str]) -> None:
    async with serving(jwt_secret=None) as served:
        with pytest.raises(InvalidStatus) as raised:
            async with socket(served, headers=headers):
                pass
        assert raised.value.response.status_code == 403
        async with connected(served, headers={"origin": "http://localhost:5173"}):
            pass


# --- garbage ---


def garbage(dice: random.Random) -> str:
    """A message with something wrong, or right by chance."""
    good: dict[str, Any] = {
        "id": dice.choice(["1", "2", "", 7, None, "x" * 300]),
        "type": dice.choice(["subscribe", "complete", "ping", "pong", "connection_init", "x", 1]),
        "payload": dice.choice(
            [
                None, 7, [], {}, {"query": "{ hello }"}, {"query": "subscription { ticks }"},
                {"query": "subscription { endless }"}, {"query": "{ broken }"}, {"query": None},
                {"query": "{" * 500}, {"query": "{ hello }", "variables": {"a": [[[[1]]]]}},
            ]
        ),
    }  # fmt: skip
    for name in dice.sample(sorted(good), dice.randrange(0, 2)):
        del good[name]
    text = json.dumps(good)
    for _ in range(dice.choice([0, 0, 0, 1, 3])):
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(['"', "{", "}", "\\", "\x00", "é", ""]) + text[at + 1 :]
    return text


@pytest.mark.parametrize("seed", range(4))
async def test_garbage_is_answered_or_closed_and_harms_nobody(served: Served, seed: int) -> None:
    dice = random.Random(seed)
    async with connected(served) as witness:
        for _ in range(60):
            async with within(), connected(served) as client:
                with suppress(ConnectionClosed):
                    for _ in range(dice.randrange(1, 8)):
                        await client.socket.send(garbage(dice))
                await client.socket.close()
                assert client.socket.close_code in (1000, 4400, 4409, 4429)
        await witness.subscribe("1", "{ hello }")
        assert await witness.results("1") == [HELLO]
