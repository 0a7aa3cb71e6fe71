"""graphql-transport-ws, message by message: what test_websocket.py leaves of its clauses."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.api.serving import Served, serving, until, within
from tests.api.sockets import PROTOCOL, Client, all_before_pong, connected, socket

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO = {"data": {"hello": "Hello, you"}}


# --- communication ---


@pytest.mark.parametrize("protocol", ["Graphql-Transport-WS", "graphql-transport-ws2", "graphql"])
async def test_the_sub_protocol_is_exactly_its_name(served: Served, protocol: str) -> None:
    async with socket(served, protocols=(protocol,)) as client:
        assert client.socket.subprotocol is None
        assert await client.closed() == (4406, "Subprotocol not acceptable")


async def test_of_several_sub_protocols_the_one_that_is_spoken_is_chosen(served: Served) -> None:
    offered = ("graphql-ws", "graphql-sse", PROTOCOL, "json")
    async with socket(served, protocols=offered) as client:
        assert client.socket.subprotocol == PROTOCOL


async def test_messages_have_the_members_that_the_protocol_gives_them(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("a", "{ hello }")
        await client.subscribe("b", "{")
        await client.send(type="ping")
        messages = [await client.next() for _ in range(4)]
    assert {(each["type"], *sorted(each)) for each in messages} == {
        ("next", "id", "payload", "type"),
        ("complete", "id", "type"),
        ("error", "id", "payload", "type"),
        ("pong", "type"),
    }


async def test_members_that_the_protocol_does_not_know_pass(served: Served) -> None:
    async with socket(served) as client:
        await client.send(type="connection_init", payload={"a": 1}, id="no", later=[1])
        assert await client.next() == {"type": "connection_ack"}
        payload: dict[str, Any] = {"query": "{ hello }", "later": {}, "onError": "NULL"}
        await client.send(id="1", type="subscribe", payload=payload, later=1)
        assert await client.results("1") == [HELLO]
        await client.send(id="1", type="complete", payload={}, later=1)
        await client.send(type="ping", id="1", later=None)
        assert await client.next() == {"type": "pong"}


async def test_members_that_may_be_null_may_be_null(served: Served) -> None:
    async with socket(served) as client:
        for type_, answer in (("ping", "pong"), ("connection_init", "connection_ack")):
            await client.send(type=type_, payload=None)
            assert await client.next() == {"type": answer}
        await client.send(type="pong", payload=None)
        nulls = dict.fromkeys(("operationName", "variables", "extensions"))
        await client.subscribe("1", "{ hello }", **nulls)
        assert await client.results("1") == [HELLO]


async def test_a_client_that_closes_normally_is_answered_so(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "subscription { endless }")
        await client.next()
        await client.socket.close(1000, "Normal Closure")
        assert client.socket.close_code == 1000
        await until(lambda: served.toy.sources == 0)


# --- ConnectionInit ---


async def test_two_connection_inits_at_once_are_too_many(served: Served) -> None:
    payload = {"Authorization": served.bearer()}
    async with socket(served) as client:
        for _ in range(2):
            await client.send(type="connection_init", payload=payload)
        assert await client.closed() == (4429, "Too many initialisation requests")


async def test_neither_pings_nor_pongs_prolong_the_wait_for_connection_init() -> None:
    async with within(), serving(connection_init_timeout_s=0.4) as served, socket(served) as client:
        pinging = asyncio.create_task(_ping_on(client))
        assert await client.closed() == (4408, "Connection initialisation timeout")
        pinging.cancel()
        await asyncio.gather(pinging, return_exceptions=True)


async def _ping_on(client: Client) -> None:
    while True:
        await client.send(type="ping")
        await client.send(type="pong")
        await asyncio.sleep(0.02)


# --- Subscribe ---


@pytest.mark.parametrize("query", ["{ hello }", "mutation { add(a: 1) }", "subscription { ticks }"])
async def test_no_operation_of_any_kind_runs_before_the_acknowledgement(
    served: Served, query: str
) -> None:
    async with socket(served) as client:
        await client.subscribe("1", query)
        await client.send(type="connection_init")
        assert await client.closed() == (4401, "Unauthorized")
    assert served.toy.calls == 0


async def test_an_operation_sent_right_behind_connection_init_runs_after_the_acknowledgement(
    served: Served,
) -> None:
    async with socket(served) as client:
        await client.send(type="connection_init")
        await client.subscribe("1", "{ hello }")
        assert await client.next() == {"type": "connection_ack"}
        assert await client.results("1") == [HELLO]


@pytest.mark.parametrize("first", ["{ never }", "subscription { endless }"])
@pytest.mark.parametrize("second", ["{ hello }", "mutation { add(a: 1) }", "{"])
async def test_an_id_in_use_is_refused_whatever_the_operations_are(
    served: Served, first: str, second: str
) -> None:
    async with connected(served) as client:
        await client.subscribe("same", first)
        await until(lambda: served.toy.sources == 1)
        await client.subscribe("same", second)
        assert await client.closed() == (4409, "Subscriber for same already exists")
    assert served.toy.calls == 1


@pytest.mark.parametrize(
    "id_", [" ", "\x00", '"\\\n', "é\u2028\U0001f980", "__proto__", "null", "x" * 256]
)
async def test_an_id_is_any_text_and_comes_back_as_it_was(served: Served, id_: str) -> None:
    async with connected(served) as client:
        await client.subscribe(id_, "{ hello }")
        assert await client.next() == {"id": id_, "type": "next", "payload": HELLO}
        assert await client.next() == {"id": id_, "type": "complete"}
        await client.subscribe(id_, "{")
        message = await client.next()
        assert (message["id"], message["type"]) == (id_, "error")


async def test_an_id_is_of_its_own_socket(served: Served) -> None:
    async with connected(served) as one, connected(served) as other:
        for each in (one, other):
            await each.subscribe("1", "subscription { endless }")
            assert (await each.next())["type"] == "next"
        await one.send(id="1", type="complete")
        assert await all_before_pong(one) == []
        served.toy.released.set()
        assert (await other.next())["payload"] == {"data": {"endless": 1}}


# --- invalid messages ---


async def test_nothing_behind_an_invalid_message_is_executed(served: Served) -> None:
    async with connected(served) as client:
        await client.send(type="nonsense")
        for at in range(5):
            await client.subscribe(str(at), "mutation { add(a: 1) }")
        assert (await client.closed())[0] == 4400
    assert served.toy.calls == 0


@pytest.mark.parametrize("type_", ["connection_ack", "next", "error", "Subscribe", "ka", "stop"])
async def test_a_type_that_no_client_sends_is_invalid(served: Served, type_: str) -> None:
    async with connected(served) as client:
        await client.send(id="1", type=type_, payload=None)
        assert (await client.closed())[0] == 4400


async def test_an_invalid_message_ends_the_other_operations_of_its_socket_only(
    served: Served,
) -> None:
    async with connected(served) as witness, connected(served) as client:
        for each in (witness, client):
            await each.subscribe("1", "subscription { endless }")
            await each.next()
        await client.socket.send("[")
        assert (await client.closed())[0] == 4400
        await until(lambda: served.toy.sources == 1)
        served.toy.released.set()
        assert (await witness.next())["payload"] == {"data": {"endless": 1}}


# --- frames ---


async def test_a_message_may_come_in_fragments_that_split_even_a_character(served: Served) -> None:
    async with connected(served) as client:
        message = {"id": "ü", "type": "subscribe", "payload": {"query": "{ hello }"}}
        text = json.dumps(message, ensure_ascii=False).encode()
        await client.socket.send([bytes([each]) for each in text], text=True)
        assert await client.next() == {"id": "ü", "type": "next", "payload": HELLO}


async def test_control_frames_may_stand_between_fragments(served: Served) -> None:
    async def fragments() -> AsyncGenerator[str]:
        for part in ('{"type":', '"pi', "ng", '"}'):
            yield part
            await (await client.socket.ping())

    async with within(), connected(served) as client:
        await client.socket.send(fragments())
        assert await client.next() == {"type": "pong"}


async def test_fragments_that_are_too_big_together_close_the_socket() -> None:
    async with serving(body_bytes_max=2000) as served, connected(served) as client:
        await client.socket.send(['{"type":"ping","payload":{"x":"', *["x" * 500] * 6, '"}}'])
        assert (await client.closed())[0] == 1009


async def test_a_binary_message_in_fragments_is_invalid(served: Served) -> None:
    async with connected(served) as client:
        await client.socket.send([b'{"type":', b'"ping"}'])
        assert (await client.closed())[0] == 4400


async def test_a_text_that_is_no_utf_8_closes_the_socket_as_websockets_have_it(
    served: Served,
) -> None:
    async with connected(served) as client:
        await client.socket.send(b'{"type":"ping\xff"}', text=True)
        assert (await client.closed())[0] == 1007
