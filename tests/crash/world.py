"""The servers as clients know them: there, gone, and there again at other addresses."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.serving import Json, ProcessServer

__all__ = ["REQUEST_S", "Client", "World"]

PATIENCE_S = 90.0
REQUEST_S = 15.0
PAUSE_S = 0.02
PASSING = ("UNAVAILABLE", "TIMEOUT")
"""The codes of faults after which one tries again."""


class World:
    """Where servers are now, if anywhere."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random(0)
        self._up = asyncio.Event()
        self.servers: list[ProcessServer] = []
        self.favourite: ProcessServer | None = None
        """The one that all clients ask, if not any of them."""
        self.is_over = False
        """Whether clients are to finish what they are at, and leave."""

    def rises(self, server: ProcessServer) -> None:
        """From now on it is there to be asked."""
        self.servers.append(server)
        self._up.set()

    def falls(self, server: ProcessServer) -> None:
        """From now on nobody asks it anything more."""
        self.servers.remove(server)
        if server is self.favourite:
            self.favourite = None
        if not self.servers:
            self._up.clear()

    async def server(self) -> ProcessServer:
        """One of the servers, once there is one."""
        async with asyncio.timeout(PATIENCE_S):
            await self._up.wait()
        return self.favourite or self._random.choice(self.servers)


@dataclass
class Client:
    """Asks until it is answered, whatever happens to the servers meanwhile."""

    world: World
    http: httpx.AsyncClient
    request_s: float = REQUEST_S
    """How long it waits for one server before it asks another."""
    lost: int = field(default=0, init=False)
    """How many answers never came."""

    async def ask(
        self, query: str, variables: Mapping[str, Any], sub: str | None, *roles: str
    ) -> Json:
        """The data of the operation, which must not fail for good."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await self._try(query, variables, sub, roles)
                if answer is not None and "errors" not in answer:
                    data: Json = answer["data"]
                    return data
                codes = [each["extensions"]["code"] for each in (answer or {}).get("errors", ())]
                assert set(codes) <= set(PASSING), answer
                await asyncio.sleep(PAUSE_S)

    async def _try(
        self, query: str, variables: Mapping[str, Any], sub: str | None, roles: tuple[str, ...]
    ) -> Json | None:
        server = await self.world.server()
        headers = {} if sub is None else {"Authorization": f"Bearer {server.token(sub, *roles)}"}
        body = {"query": query, "variables": dict(variables)}
        try:
            response = await self.http.post(
                f"{server.url}/graphql", json=body, headers=headers, timeout=self.request_s
            )
        except httpx.TransportError:
            self.lost += 1
            return None
        answer: Json = response.json()
        return answer
