"""How sockets end: cut, stalled, expired or drained, and nothing of them is left."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.api.serving import Served, serving, until, within
from tests.api.sockets import Client, connected, socket

HELLO = {"data": {"hello": "Hello, you"}}


def alive() -> int:
    """How many sockets the process still holds."""
    gc.collect()
    return sum(1 for each in gc.get_objects() if type(each).__name__ == "_Socket")


def is_quiet(served: Served) -> Callable[[], bool]:
    return lambda: served.toy.sources == 0 and len(served.app.state.connections) == 0


async def cut(client: Client) -> None:
    """Cuts the connection without a close frame."""
    client.socket.transport.abort()


@pytest.mark.parametrize(
    "query",
    ["subscription { endless }", "subscription { flood }", "{ never }", "mutation { add(a: 1) }"],
)
async def test_a_cut_socket_ends_what_it_asked_for(query: str) -> None:
    async with within(), serving() as served:
        async with connected(served) as client:
            for at in range(10):
                await client.subscribe(str(at), query)
            await until(lambda: served.toy.calls >= 10)
            await cut(client)
            await until(is_quiet(served))
        assert served.count("headrace_operations_active") == 0


async def test_sockets_cut_at_any_moment_leave_no_task_and_no_memory() -> None:
    async with within(60), serving() as served, connected(served) as witness:
        await until(lambda: alive() == 1)
        before = len(asyncio.all_tasks())
        for at in range(100):
            async with socket(served) as client:
                if at % 3 > 0:
                    await client.send(type="connection_init")
                if at % 3 > 1:
                    for each in range(at % 7):
                        await client.subscribe(str(each), "subscription { endless }")
                if at % 2:
                    await asyncio.sleep(0)
                await cut(client)
        await until(lambda: served.toy.sources == 0 and len(served.app.state.connections) == 1)
        await until(lambda: len(asyncio.all_tasks()) <= before)
        await until(lambda: alive() == 1)
        await witness.subscribe("1", "{ hello }")
        assert await witness.results("1") == [HELLO]


async def test_a_close_from_the_client_ends_what_it_asked_for() -> None:
    async with within(), serving() as served, connected(served) as client:
        await client.subscribe("1", "subscription { endless }")
        await client.next()
        await client.socket.close()
        await until(is_quiet(served))


async def test_a_client_that_stops_reading_holds_no_more_than_buffers_and_is_cut() -> None:
    async with within(), serving(send_timeout_s=0.3) as served:
        async with connected(served, max_queue=1) as client:
            await client.subscribe("1", "subscription { flood }")
            await until(lambda: served.toy.calls > 1)
            await until(is_quiet(served))
            assert served.toy.calls < 1000
            with suppress(ConnectionClosed):
                while True:
                    await client.socket.recv()
            assert client.socket.close_code == 1006
        await until(lambda: not served.server.server_state.connections)


async def test_many_operations_of_a_client_that_stops_reading_are_cut_together() -> None:
    async with within(), serving(send_timeout_s=0.3) as served:
        async with connected(served, max_queue=1) as client:
            for at in range(20):
                await client.subscribe(str(at), "subscription { flood }")
            with suppress(ConnectionClosed):
                for at in range(20, 2000):
                    await client.subscribe(str(at), "{")
            await until(is_quiet(served))
            await cut(client)
        await until(lambda: not served.server.server_state.connections)


async def test_a_slow_client_that_reads_gets_everything_in_order() -> None:
    async with within(), serving() as served, connected(served, max_queue=1) as client:
        await client.subscribe("1", "subscription { ticks(count: 300) }")
        for tick in range(300):
            if tick % 50 == 0:
                await asyncio.sleep(0.01)
            assert (await client.next())["payload"] == {"data": {"ticks": tick}}
        assert (await client.next())["type"] == "complete"


async def test_a_client_that_does_not_read_holds_up_nobody_else() -> None:
    async with (
        within(),
        serving() as served,
        connected(served, max_queue=1) as slow,
        connected(served) as other,
    ):
        await slow.subscribe("1", "subscription { flood }")
        await until(lambda: served.toy.calls > 1)
        for at in range(20):
            await other.subscribe(str(at), "subscription { ticks(count: 10) }")
            assert len(await other.results(str(at))) == 10
        await cut(slow)


async def test_a_socket_ends_when_its_token_does() -> None:
    async with within(), serving() as served:
        async with AsyncExitStack() as stack:
            token = {"Authorization": served.bearer(ttl_s=3)}
            clients = [await stack.enter_async_context(connected(served, token)) for _ in range(3)]
            await clients[0].subscribe("1", "subscription { endless }")
            await clients[1].subscribe("1", "{ never }")
            for each in clients:
                assert await each.closed() == (4403, "Forbidden: token expired")
        await until(is_quiet(served))
        assert served.count("headrace_websocket_closes_total", code="4403") == 3


async def test_a_server_that_stops_tells_its_clients_to_come_again() -> None:
    async with within(), serving() as served, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(served)) for _ in range(5)]
        for each in clients:
            await each.subscribe("1", "subscription { endless }")
            await each.next()
        clients.append(await stack.enter_async_context(socket(served)))
        served.server.should_exit = True
        for each in clients:
            assert await each.closed() == (1012, "The server is stopping")
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the moment has it
            async with connected(served):
                pass


async def test_a_server_stops_though_a_client_never_reads() -> None:
    async with (
        within(),
        serving(drain_s_max=1.0) as served,
        connected(served, max_queue=1) as client,
    ):
        await client.subscribe("1", "subscription { flood }")
        await until(lambda: served.toy.calls > 1)
        served.server.should_exit = True
        await until(lambda: len(served.app.state.connections) == 0)
        await cut(client)


async def test_an_error_of_the_server_itself_closes_with_4500(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Any) -> str:
        raise RuntimeError("secret")

    monkeypatch.setattr("api.messages.pong", broken)
    async with within(), serving() as served, connected(served) as client:
        await client.send(type="ping")
        assert await client.closed() == (4500, "Internal server error")
    assert "A socket failed" in caplog.text
