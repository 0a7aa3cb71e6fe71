"""graphql-transport-ws, once an operation runs: how it ends, and what comes in between."""

import asyncio
import random
from typing import Any

import pytest

from tests.api.serving import Served, until
from tests.api.sockets import all_before_pong, connected, socket

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO = {"data": {"hello": "Hello, you"}}
Json = dict[str, Any]


# --- Error ---


@pytest.mark.parametrize(
    "query", ["{", "{ nothing }", "subscription { forbidden }", "subscription { broken }"]
)
async def test_error_is_the_last_of_its_operation(served: Served, query: str) -> None:
    async with connected(served) as client:
        await client.subscribe("1", query)
        while (await client.next())["type"] != "error":
            pass
        await client.send(id="1", type="complete")
        await asyncio.sleep(0.05)
        assert await all_before_pong(client) == []


async def test_error_of_one_operation_leaves_the_others(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("stays", "subscription { endless }")
        await client.next()
        await client.subscribe("fails", "subscription { broken }")
        while (await client.next())["type"] != "error":
            pass
        served.toy.released.set()
        expected = {"id": "stays", "type": "next", "payload": {"data": {"endless": 1}}}
        assert await client.next() == expected


# --- Complete ---


async def test_a_query_that_was_completed_sends_no_result(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "{ held }")
        await until(lambda: served.toy.sources == 1)
        await client.send(id="1", type="complete")
        assert await all_before_pong(client) == []
        served.toy.released.set()
        await asyncio.sleep(0.05)
        assert await all_before_pong(client) == []


async def test_a_subscription_that_was_completed_sends_no_more(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "subscription { endless }")
        await client.next()
        await client.send(id="1", type="complete")
        assert await all_before_pong(client) == []
        served.toy.released.set()
        await asyncio.sleep(0.05)
        assert await all_before_pong(client) == []


@pytest.mark.parametrize("seed", range(3))
async def test_a_complete_that_crosses_the_last_next_harms_nothing_and_frees_the_id(
    served: Served, seed: int
) -> None:
    dice = random.Random(seed)
    async with connected(served) as client:
        for _ in range(60):
            await client.subscribe("1", f"subscription {{ ticks(count: {dice.randrange(6)}) }}")
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)
            await client.send(id="1", type="complete")
            old = await all_before_pong(client)
            assert [each["type"] for each in old].count("complete") <= 1
            assert "complete" not in [each["type"] for each in old[:-1]]
            await client.subscribe("1", "{ hello }")
            assert await client.results("1") == [HELLO]


@pytest.mark.parametrize("seed", range(3))
async def test_an_id_used_again_at_once_gets_nothing_of_the_operation_before(
    served: Served, seed: int
) -> None:
    dice = random.Random(seed)
    async with connected(served) as client:
        for _ in range(60):
            await client.subscribe("1", "subscription { endless }")
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)
            await client.send(id="1", type="complete")
            await client.subscribe("1", "{ hello }")
            payloads = await client.results("1")
            assert payloads[-1] == HELLO
            assert payloads[:-1] in ([], [{"data": {"endless": 0}}])


async def test_complete_before_the_acknowledgement_is_of_an_unknown_id_and_passes(
    served: Served,
) -> None:
    async with socket(served) as client:
        await client.send(id="1", type="complete")
        await client.send(type="connection_init")
        assert await client.next() == {"type": "connection_ack"}


# --- Ping and Pong ---


async def test_pings_are_answered_each_and_in_order_while_results_flow(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "subscription { ticks(count: 200) }")
        for at in range(20):
            await client.send(type="ping", payload={"at": at, "ü": [None, 1.5]})
        pongs: list[Json] = []
        ticks = 0
        while len(pongs) < 20 or ticks < 200:
            message = await client.next()
            if message["type"] == "pong":
                pongs.append(message["payload"])
            ticks += message["type"] == "next"
    assert pongs == [{"at": at, "ü": [None, 1.5]} for at in range(20)]


async def test_a_ping_is_answered_while_an_operation_is_held_up(served: Served) -> None:
    async with connected(served) as client:
        await client.subscribe("1", "{ held }")
        await until(lambda: served.toy.sources == 1)
        assert await all_before_pong(client) == []
        served.toy.released.set()
        assert await client.results("1") == [{"data": {"held": "released"}}]


async def test_unsolicited_pongs_are_heartbeats_before_and_after_the_acknowledgement(
    served: Served,
) -> None:
    async with socket(served) as client:
        await client.send(type="pong", payload={"beat": 1})
        await client.send(type="connection_init")
        assert await client.next() == {"type": "connection_ack"}
        await client.send(type="pong")
        assert await all_before_pong(client) == []
