"""A small honest client of graphql-transport-ws, and the set that messages of changes add up to."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

__all__ = ["Ended", "LiveMap", "Subscription", "connected", "subscribed"]

SUBPROTOCOL = Subprotocol("graphql-transport-ws")
WAIT_S = 30.0
MESSAGE_BYTES_MAX = 64 * 1024 * 1024

Json = dict[str, Any]


class Ended(Exception):
    """The operation is over: `errors` where it failed, none where it completed."""

    def __init__(self, errors: list[Json]) -> None:
        super().__init__(str(errors) if errors else "completed")
        self.errors = errors

    @property
    def code(self) -> str:
        """The code of its first error."""
        return str(self.errors[0]["extensions"]["code"])


class Subscription:
    """One operation on a connection of its own."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def next(self, wait_s: float = WAIT_S) -> Json:
        """The data of the next result.

        Raises Ended, ConnectionClosed where the socket ends, and TimeoutError after `wait_s`.
        """
        while True:
            message = await receive(self.connection, wait_s)
            match message["type"]:
                case "next":
                    payload: Json = message["payload"]
                    if payload.get("errors"):
                        raise Ended(payload["errors"])
                    data: Json = payload["data"]
                    return data
                case "error":
                    raise Ended(message["payload"])
                case "complete":
                    raise Ended([])
                case "ping":
                    await self.connection.send('{"type": "pong"}')
                case other:
                    raise AssertionError(f"unexpected: {other}")

    async def until(self, condition: Callable[[Json], bool], wait_s: float = WAIT_S) -> Json:
        """The first result of which the condition holds."""
        while True:
            data = await self.next(wait_s)
            if condition(data):
                return data


async def receive(connection: ClientConnection, wait_s: float = WAIT_S) -> Json:
    """The next message of the server, whatever it is."""
    async with asyncio.timeout(wait_s):
        message: Json = json.loads(await connection.recv())
    return message


@asynccontextmanager
async def connected(url: str, token: str | None = None) -> AsyncGenerator[ClientConnection]:
    """A socket at `url` that is acknowledged."""
    async with connect(
        url, subprotocols=[SUBPROTOCOL], max_size=MESSAGE_BYTES_MAX, close_timeout=5
    ) as connection:
        payload = {} if token is None else {"Authorization": f"Bearer {token}"}
        await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
        acknowledged = await receive(connection)
        assert acknowledged["type"] == "connection_ack", acknowledged
        yield connection


@asynccontextmanager
async def subscribed(
    url: str,
    query: str,
    variables: Mapping[str, Any] | None = None,
    token: str | None = None,
) -> AsyncGenerator[Subscription]:
    """An operation at `url`, its results as they come."""
    async with connected(url, token) as connection:
        payload = {"query": query, "variables": dict(variables or {})}
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        yield Subscription(connection)


class LiveMap:
    """Documents by id: what the messages of a subscription to changes add up to.

    `oddities` names what needs no such message: an entry of what is there already, a change of
    what is not, and the like.
    """

    def __init__(self) -> None:
        self.documents: dict[str, Json] = {}
        self.cursor: str | None = None
        self.is_whole = False
        self.resets = 0
        self.oddities: list[str] = []

    def copy(self) -> "LiveMap":
        """The same, as a client has it that goes away now."""
        other = LiveMap()
        other.documents, other.cursor = dict(self.documents), self.cursor
        other.is_whole, other.resets = self.is_whole, self.resets
        return other

    def apply(self, message: Json) -> None:
        """Take in one message, in order."""
        if message["reset"]:
            self.documents.clear()
            self.resets += 1
        self._expect("entered", [each["id"] for each in message["entered"]], is_known=False)
        self._expect("changed", [each["id"] for each in message["changed"]], is_known=True)
        self._expect("left", message["left"], is_known=True)
        for document in message["entered"] + message["changed"]:
            if self.documents.get(document["id"]) == document:
                self.oddities.append(f"{document['id']} came again as it was")
            self.documents[document["id"]] = document
        for id in message["left"]:
            self.documents.pop(id, None)
        self.cursor = message["cursor"]
        self.is_whole = not message["more"]

    def _expect(self, what: str, ids: list[str], *, is_known: bool) -> None:
        for id in ids:
            if (id in self.documents) != is_known:
                there = "there" if id in self.documents else "not there"
                self.oddities.append(f"{id} {what}, and was {there}")
