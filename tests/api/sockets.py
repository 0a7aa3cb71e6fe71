"""An honest little client of graphql-transport-ws: it sends what it is told and hides nothing."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.api.serving import DEADLINE_S, Served, within

PROTOCOL = Subprotocol("graphql-transport-ws")


class Client:
    """One socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **message: Any) -> None:
        """Sends a message."""
        await self.socket.send(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        async with within():
            message: dict[str, Any] = json.loads(await self.socket.recv())
        return message

    async def closed(self) -> tuple[int, str]:
        """How the server closes the socket, once nothing else comes."""
        async with within():
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        return self.socket.close_code or 0, self.socket.close_reason or ""

    async def subscribe(self, id_: str, query: str, **more: Any) -> None:
        """Asks for an operation."""
        await self.send(id=id_, type="subscribe", payload={"query": query, **more})

    async def results(self, id_: str) -> list[Any]:
        """The payloads of an operation's `next`, to its end; messages of others are dropped."""
        found: list[Any] = []
        while True:
            message = await self.next()
            if message.get("id") != id_:
                continue
            if message["type"] == "complete":
                return found
            if message["type"] == "error":
                return [*found, {"errors": message["payload"]}]
            found.append(message["payload"])


@asynccontextmanager
async def socket(
    served: Served,
    *,
    protocols: tuple[str, ...] = (PROTOCOL,),
    headers: dict[str, str] | None = None,
    max_queue: int | None = 16,
) -> AsyncGenerator[Client, None]:
    """A socket that is open and has sent nothing."""
    async with connect(
        served.socket_url,
        subprotocols=[Subprotocol(each) for each in protocols] or None,
        additional_headers=headers,
        open_timeout=DEADLINE_S,
        close_timeout=DEADLINE_S,
        ping_interval=None,
        proxy=None,
        max_size=None,
        max_queue=max_queue,
    ) as connection:
        yield Client(connection)


@asynccontextmanager
async def connected(
    served: Served, payload: dict[str, Any] | None = None, **options: Any
) -> AsyncGenerator[Client, None]:
    """A socket that is acknowledged."""
    async with socket(served, **options) as client:
        await client.send(type="connection_init", payload=payload)
        assert await client.next() == {"type": "connection_ack"}
        yield client


async def all_before_pong(client: Client) -> list[dict[str, Any]]:
    """What the server sends before it answers a ping that comes after all the rest."""
    await client.send(type="ping", payload={"barrier": True})
    found: list[dict[str, Any]] = []
    while (message := await client.next())["type"] != "pong":
        found.append(message)
    return found
