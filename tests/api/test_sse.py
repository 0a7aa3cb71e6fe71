"""GraphQL over server-sent events in distinct connections, clause by clause, over a real socket."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.api.serving import Served, serving, until, within

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVENTS = "text/event-stream"
HELLO = {"data": {"hello": "Hello, you"}}
Event = tuple[str, Any]


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


@asynccontextmanager
async def stream(
    served: Served, query: str, method: str = "POST", **headers: str
) -> AsyncGenerator[httpx.Response, None]:
    """A response whose events are still to come."""
    body: dict[str, Any] = {"json": {"query": query}} if method == "POST" else {}
    if method == "GET":
        body = {"params": {"query": query}}
    async with (
        within(),
        served.client(accept=EVENTS, **headers) as client,
        client.stream(method, "/graphql", **body) as response,
    ):
        yield response


async def events(response: httpx.Response) -> AsyncIterator[Event]:
    """The events as a browser takes them apart; comments come as ("", text)."""
    name, data = "", ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data += line[6:]
        elif line.startswith(":"):
            yield "", line[1:]
        elif not line and name:
            yield name, json.loads(data) if data else None
            name, data = "", ""


async def all_events(served: Served, query: str, method: str = "POST") -> list[Event]:
    async with stream(served, query, method) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{EVENTS}; charset=utf-8"
        return [each async for each in events(response)]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_subscription_is_next_for_each_event_and_complete(
    served: Served, method: str
) -> None:
    assert await all_events(served, "subscription { ticks }", method) == [
        ("next", {"data": {"ticks": 0}}),
        ("next", {"data": {"ticks": 1}}),
        ("next", {"data": {"ticks": 2}}),
        ("complete", None),
    ]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_query_is_one_next_and_complete(served: Served, method: str) -> None:
    assert await all_events(served, "{ hello }", method) == [("next", HELLO), ("complete", None)]


async def test_a_mutation_is_one_next_and_complete_by_post_and_405_by_get(served: Served) -> None:
    expected = [("next", {"data": {"add": 2}}), ("complete", None)]
    assert await all_events(served, "mutation { add(a: 1) }") == expected
    calls = served.toy.calls
    async with stream(served, "mutation { add(a: 1) }", "GET") as response:
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"
    assert served.toy.calls == calls


@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ items(first: 501) { total } }"])
async def test_what_cannot_be_executed_comes_as_an_event(served: Served, query: str) -> None:
    (name, result), last = await all_events(served, query)
    assert (name, last) == ("next", ("complete", None))
    assert result["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "LIMIT_EXCEEDED")
    assert "data" not in result


async def test_a_source_that_fails_comes_as_an_event_and_shows_nothing_inside(
    served: Served,
) -> None:
    first, (name, result), last = await all_events(served, "subscription { broken }")
    assert first == ("next", {"data": {"broken": 0}})
    assert (name, last) == ("next", ("complete", None))
    assert result["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(result)


async def test_results_come_as_they_happen(served: Served) -> None:
    async with stream(served, "subscription { endless }") as response:
        coming = events(response)
        assert await anext(coming) == ("next", {"data": {"endless": 0}})
        served.toy.released.set()
        assert await anext(coming) == ("next", {"data": {"endless": 1}})
    await until(lambda: served.toy.sources == 0)


@pytest.mark.parametrize(
    "query", ["subscription { endless }", "{ never }", "subscription { flood }"]
)
async def test_a_client_that_leaves_ends_what_it_asked_for(served: Served, query: str) -> None:
    async with stream(served, query):
        await until(lambda: served.toy.sources == 1)
    await until(lambda: served.toy.sources == 0)


async def test_comments_keep_the_stream_alive() -> None:
    async with (
        serving(heartbeat_s=0.02) as served,
        stream(served, "subscription { endless }") as response,
    ):
        coming = events(response)
        assert [await anext(coming) for _ in range(3)][1:] == [("", ""), ("", "")]


async def test_the_stream_ends_with_its_token_and_says_so() -> None:
    async with serving() as served:
        token = served.bearer(ttl_s=3)
        async with stream(served, "subscription { endless }", authorization=token) as response:
            first, (name, result), last = [each async for each in events(response)]
    assert first == ("next", {"data": {"endless": 0}})
    assert (name, last) == ("next", ("complete", None))
    assert result["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_server_that_stops_ends_the_stream_without_complete() -> None:
    async with (
        serving() as served,
        stream(served, "subscription { endless }") as response,
    ):
        coming = events(response)
        await anext(coming)
        served.server.should_exit = True
        assert [each async for each in coming] == []


async def test_a_client_that_stops_reading_is_cut() -> None:
    async with within(), serving(send_timeout_s=0.3) as served:
        body = json.dumps({"query": "subscription { flood }"}).encode()
        _, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        await until(lambda: served.toy.calls > 1)
        await until(lambda: served.toy.sources == 0)
        assert served.toy.calls < 1000
        await until(lambda: not served.server.server_state.connections)
        writer.transport.abort()


async def test_streams_and_sockets_share_the_limit_of_connections() -> None:
    async with serving(connections_max=1) as served:
        async with stream(served, "subscription { endless }") as response:
            await anext(events(response))
            async with stream(served, "{ hello }") as other:
                assert other.status_code == 503
                assert other.headers["retry-after"] == "5"
                await other.aread()
                (error,) = other.json()["errors"]
                assert error["extensions"]["limit"] == "connections_max"
        await until(lambda: len(served.app.state.connections) == 0)
        assert await all_events(served, "{ hello }") == [("next", HELLO), ("complete", None)]
