"""What lets a test hold the reads of a gallery's store, and tell its feed what it likes."""

import asyncio
from typing import Any

import pytest

from readmodels.store import Change, Committed
from tests.readmodels.gallery import ACCOUNTS, Gallery, account
from tests.sample import Account

__all__ = ["FAR", "Gate", "some_turns", "told"]

FAR = 1_000_000
"""A mark above everything that the store has written."""


class Gate:
    """Holds the next read of the store until it is opened; counts all of them."""

    def __init__(self, rooms: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = 0
        self.opened = asyncio.Event()
        self._rooms = rooms
        for name in ("page", "snapshot"):
            monkeypatch.setattr(rooms.store, name, self._counting(getattr(rooms.store, name)))

    def close(self) -> None:
        self._rooms.meanwhile.before = self._held

    async def _held(self) -> None:
        await self.opened.wait()

    def _counting(self, read: Any) -> Any:
        async def counted(*given: Any, **more: Any) -> Any:
            self.reads += 1
            return await read(*given, **more)

        return counted


async def some_turns() -> None:
    """Lets everything run that does not wait for the gate or the store."""
    for _ in range(5):
        await asyncio.sleep(0)


def told(rooms: Gallery, mark: int, before: Account | None, after: Account | None) -> None:
    """One change as an engine tells it that tells of each document by itself."""
    id = (before or after or account("")).id
    rooms.feed.tell(Committed(ACCOUNTS, mark, [Change(id, before, after)], {}))
