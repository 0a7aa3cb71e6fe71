"""Client processes that are killed or frozen: the server holds nothing for them any more."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.clients.live import LiveClient, live_client
from tests.leftovers import Held, comes_to
from tests.serving import ProcessServer, running_server
from tests.shop import Shop

WATCH = 'subscription { product(id: "disc") { stock } }'
PAGE = "subscription { products(first: 5) { totalCount nodes { stock } } }"
CHANGES = "subscription { productChanges { cursor reset entered { id } changed { id } left } }"
ALL = {"one": WATCH, "page": PAGE, "changes": CHANGES}


@asynccontextmanager
async def watching(server: ProcessServer) -> AsyncGenerator[LiveClient]:
    """A client process with one subscription of each kind, each with its first result."""
    async with live_client("graphql-ws", server.socket_url) as live:
        for name, query in ALL.items():
            live.start(name, query)
            await live.data(name)
        yield live


async def restocked(server: ProcessServer) -> None:
    await Shop(server).do("restockProduct", {"product": "disc", "quantity": 1})


async def test_a_client_that_is_killed_leaves_nothing_and_another_notices_nothing(
    server: ProcessServer,
) -> None:
    await Shop(server).list("disc")
    async with watching(server) as stays:
        async with watching(server) as dies:
            await comes_to(server, Held(connections=2, operations=6, sets=3, watchers=6))
            os.kill(dies.pid, signal.SIGKILL)
            await comes_to(server, Held(connections=1, operations=3, sets=3, watchers=3))
        await restocked(server)
        assert (await stays.data("one"))["product"]["stock"] == 101
        assert (await stays.data("changes"))["productChanges"]["changed"] == [{"id": "disc"}]
        assert stays.sockets == [{"socket": "connected"}]
    await comes_to(server, Held())


async def test_a_client_that_freezes_is_let_go_and_goes_on_when_it_thaws(
    tmp_path: Path,
) -> None:
    async with running_server(tmp_path / "data", PING_INTERVAL_S="1") as server:
        await Shop(server).list("disc")
        async with watching(server) as freezes, watching(server) as stays:
            os.kill(freezes.pid, signal.SIGSTOP)
            await comes_to(server, Held(connections=1, operations=3, sets=3, watchers=3))
            await restocked(server)
            assert (await stays.data("one"))["product"]["stock"] == 101
            os.kill(freezes.pid, signal.SIGCONT)
            assert (await freezes.data("one"))["product"]["stock"] == 101
            await comes_to(server, Held(connections=2, operations=6, sets=3, watchers=6))
            assert [each["socket"] for each in freezes.sockets][:2] == ["connected", "closed"]
            assert stays.sockets == [{"socket": "connected"}]
