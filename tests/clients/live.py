"""npm's graphql-ws, Apollo's client or urql's, as one that stays and is told what to do."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from tests.clients.harness import Json, Messages, given, node

__all__ = ["LiveClient", "live_client"]


class LiveClient:
    """A client that runs many operations over one socket, each under a name."""

    def __init__(self, process: asyncio.subprocess.Process, messages: Messages) -> None:
        assert process.stdin is not None
        self.pid = process.pid
        self.sockets: list[Json] = []
        """How its sockets came and went, in order."""
        self._stdin = process.stdin
        self._messages = messages
        self._waiting: list[Json] = []

    def start(self, name: str, query: str, **variables: Any) -> None:
        """Starts an operation."""
        self._tell({"start": name, "query": query, "variables": variables})

    def stop(self, name: str) -> None:
        """Wants no more of an operation."""
        self._tell({"stop": name})

    async def next(self, name: str, timeout_s: float = 30.0) -> Json:
        """What happens next to an operation: `next`, `error` or `complete`."""
        async with asyncio.timeout(timeout_s):
            while True:
                for each in self._waiting:
                    if each["of"] == name:
                        self._waiting.remove(each)
                        return each
                message = await self._messages.next(timeout_s)
                (self.sockets if "socket" in message else self._waiting).append(message)

    async def data(self, name: str) -> Json:
        """The data of the next result of an operation."""
        said = await self.next(name)
        assert said.get("next", {}).get("codes") == [], said
        data: Json = said["next"]["data"]
        return data

    async def ask(self, name: str, query: str, **variables: Any) -> Json:
        """The data of an operation that is over when it has answered."""
        self.start(name, query, **variables)
        data = await self.data(name)
        assert await self.next(name) == {"of": name, "complete": True}
        return data

    def _tell(self, told: Json) -> None:
        self._stdin.write(json.dumps(told).encode() + b"\n")


@asynccontextmanager
async def live_client(
    client: str, socket_url: str, *, token: str | None = None
) -> AsyncGenerator[LiveClient]:
    """A "graphql-ws", "apollo" or "urql" that stays and connects again; leaving ends it."""
    job = {"client": client, "socketUrl": socket_url, "token": token}
    async with node("live_client.mjs", json.dumps(given(job))) as process:
        assert process.stdout is not None
        yield LiveClient(process, Messages(process.stdout))
