"""What a feed of MongoDB tells, turn by turn, and commits written in two steps.

Documents and their checkpoint are written by commits apart, so that what others write comes
exactly in between.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from readmodels import mongo_tail
from readmodels.mongo import MongoStore
from readmodels.store import MISSING, Committed, Write
from tests.contracts.mongo_engine import close, motor
from tests.contracts.stores import Thing, things
from tests.readmodels.cabinet import Place, running, thing
from tests.readmodels.gallery import ACCOUNTS, account
from tests.readmodels.workshop import until

__all__ = ["Room", "Turns", "entered", "patient", "room", "write"]

OTHER = 9
"""A partition that says nothing but that things may be told."""

_entered = count(1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No checkpoint is given up, however slow the machine is."""
    monkeypatch.setattr(mongo_tail, "SILENT_S_MAX", 60.0)


@dataclass
class Turns:
    """What a feed tells, by the turns in which it does: a live set makes one message of each."""

    turns: list[list[Committed]] = field(default_factory=list[list[Committed]])
    is_open: bool = False
    lost: int = 0

    def tell(self, committed: Committed) -> None:
        if not self.is_open:
            self.turns.append([])
            self.is_open = True
            asyncio.get_running_loop().call_soon(self._close)
        self.turns[-1].append(committed)

    def _close(self) -> None:
        self.is_open = False

    def told(self) -> list[tuple[str, dict[int, int]]]:
        """Of each turn the ids of the documents, and the checkpoint."""
        found: list[tuple[str, dict[int, int]]] = []
        for turn in self.turns:
            ids = sorted(change.id for each in turn for change in each.changes)
            checkpoint: dict[int, int] = {}
            for each in turn:
                checkpoint |= each.checkpoint
            if checkpoint.pop(OTHER, None) is None or ids or checkpoint:
                found.append(("".join(ids), checkpoint))
        return found

    async def until(self, *expected: tuple[str, dict[int, int]]) -> None:
        """Wait until so many turns were told, and see that they are these."""
        await until(lambda: len(self.told()) >= len(expected))
        assert self.told() == list(expected)


@dataclass
class Room:
    """A store whose feed is told in turns, with `things`."""

    store: MongoStore
    turns: Turns

    async def write(self, moved: Mapping[int, int], *ids: str, is_deleted: bool = False) -> None:
        """The documents of a commit, without its checkpoint."""
        before = await self.store.load(things, list(ids))
        writes: list[Write[Thing]] = []
        for id in ids:
            known = before.get(id, MISSING)
            document = None if is_deleted else thing(id, known.revision + 1)
            writes.append(Write(id, known, document, {**known.positions, **moved}))
        assert await self.store.commit(things, writes) == []

    async def reach(self, checkpoint: Mapping[int, int]) -> None:
        """Its checkpoint."""
        await self.store.commit(things, [], checkpoint=checkpoint)


@asynccontextmanager
async def entered(place: Place, *, runs: bool = True) -> AsyncGenerator[Room]:
    client, turns = motor(place.uri), Turns()

    def lost() -> None:
        turns.lost += 1

    store = MongoStore(client, place.database, tell=turns.tell, lost=lost)
    try:
        await store.open()
        await store.prepare(things)
        await store.commit(things, [], checkpoint={OTHER: next(_entered)})
        async with running(store, runs=runs):
            yield Room(store, turns)
    finally:
        await close(client)


@pytest.fixture
async def room(place: Place) -> AsyncGenerator[Room]:
    async with entered(place) as room:
        yield room


async def write(store: MongoStore, moved: Mapping[int, int], *ids: str, **others: Any) -> None:
    """New accounts, as a commit with these positions."""
    writes = [Write(id, MISSING, account(id), moved) for id in ids]
    assert await store.commit(ACCOUNTS, writes, **others) == []
