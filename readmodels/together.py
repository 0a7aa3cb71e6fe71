"""Reads that are asked for at the same moment, by whichever operations, are one of the store."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from readmodels.store import Select, Store

__all__ = ["Reader"]

SELECTS_AT_ONCE_MAX = 200
"""How much one read takes on; what is asked for beyond comes with the next."""

Rows = list[list[Any]]


class Reader:
    """Asks a store for what its callers want, theirs together where they come together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[tuple[Sequence[Select], asyncio.Future[Rows]]] = deque()
        self._reading: set[asyncio.Task[None]] = set()
        self._running = 0

    async def read(self, selects: Sequence[Select]) -> Rows:
        """The rows of each."""
        if not self._running:
            return await self._read_first(selects)
        given: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        self._waiting.append((selects, given))
        if self._running < self._store.reads_at_once:
            self._begin()
        return await given

    async def _read_first(self, selects: Sequence[Select]) -> Rows:
        """Whoever comes first does not wait for others; they are read together meanwhile."""
        self._running += 1
        try:
            return await self._store.read(selects)
        finally:
            self._running -= 1
            if self._waiting and not self._running:
                self._begin()

    def _begin(self) -> None:
        self._running += 1
        task = asyncio.create_task(self._read_all())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                taken: list[tuple[Sequence[Select], asyncio.Future[Rows]]] = []
                size = 0
                while self._waiting and size < SELECTS_AT_ONCE_MAX:
                    selects, given = self._waiting.popleft()
                    if not given.done():  # whoever asked may have gone
                        taken.append((selects, given))
                        size += len(selects)
                await self._answer(taken)
        finally:
            self._running -= 1

    async def _answer(self, taken: list[tuple[Sequence[Select], asyncio.Future[Rows]]]) -> None:
        try:
            found = await self._store.read([each for selects, _ in taken for each in selects])
        except Exception as fault:
            if len(taken) > 1:  # one may break it for all: each alone, then
                for each in taken:
                    await self._answer([each])
            elif taken and not taken[0][1].done():
                taken[0][1].set_exception(fault)
            return
        at = 0
        for selects, given in taken:
            if not given.done():
                given.set_result(found[at : at + len(selects)])
            at += len(selects)
