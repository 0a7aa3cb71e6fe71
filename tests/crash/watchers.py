"""Subscribers that go on with their cursor whenever the server comes back."""

from collections.abc import Mapping
from copy import copy
from random import Random
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.crash.world import World
from tests.serving import Json, ProcessServer
from tests.subscribing import Ended, LiveMap, subscribed

__all__ = ["Watcher"]

CHANGES = """subscription($where: {kind}Filter, $since: Cursor) {{
  changes: {field}Changes(where: $where, since: $since) {{
    cursor reset more entered {{ {selection} }} changed {{ {selection} }} left }} }}"""
LEAVING = 0.1
LEAVE_MAX = 15

PAGE = """query($where: {kind}Filter, $after: Cursor) {{
  page: {field}s(where: $where, first: 500, after: $after) {{
    nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""


class Watcher:
    """One live set, as one subscriber holds it."""

    def __init__(
        self, field: str, selection: str, where: Mapping[str, Any], sub: str, *roles: str
    ) -> None:
        names = {"field": field, "kind": field[0].upper() + field[1:], "selection": selection}
        self.name = f"{field} {where} as {sub}"
        self._changes = CHANGES.format(**names)
        self._page = PAGE.format(**names)
        self._where = dict(where)
        self._sub = sub
        self._roles = roles
        self._random = Random(self.name)
        self.map = LiveMap()
        self.resumed = 0
        self.left: list[LiveMap] = []
        """What subscribers had that went away at some message, and come back at the end."""

    async def watch(self, world: World) -> None:
        """Apply every message, for ever."""
        while True:
            server = await world.server()
            try:
                await self._follow(server)
            except (ConnectionClosed, InvalidHandshake, InvalidMessage, EOFError, OSError):
                self.resumed += 1
            except Ended as ended:
                if not ended.errors or ended.code != "UNAVAILABLE":
                    raise

    async def _follow(self, server: ProcessServer) -> None:
        variables = {"where": self._where, "since": self.map.cursor}
        token = server.token(self._sub, *self._roles)
        async with subscribed(server.socket_url, self._changes, variables, token) as changes:
            while True:
                self.map.apply((await changes.next(wait_s=600))["changes"])
                if len(self.left) < LEAVE_MAX and self._random.random() < LEAVING:
                    self.left.append(self.map.copy())

    def copy(self) -> "Watcher":
        """A subscriber to the same that has what this one has now."""
        other = copy(self)
        other.map, other.left = self.map.copy(), []
        return other

    def returning(self) -> "list[Watcher]":
        """Those who went away, about to come back."""
        found: list[Watcher] = []
        for each in self.left:
            other = self.copy()
            other.map = each
            found.append(other)
        return found

    async def asked(self, server: ProcessServer) -> dict[str, Json]:
        """What a query for the same set gives, by id."""
        found: dict[str, Json] = {}
        token = server.token(self._sub, *self._roles)
        after: str | None = None
        while True:
            variables = {"where": self._where, "after": after}
            page = (await server.data(self._page, variables, token))["page"]
            found |= {each["id"]: each for each in page["nodes"]}
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
