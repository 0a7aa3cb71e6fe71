"""Commits told in another order than they were written in: nothing is missed, nothing comes twice.

Several writers write the same documents side by side; the engine holds their changes back until
their checkpoints come, as MongoDB's does, and followers come, go, and go on from their cursors.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from readmodels.documents import Changes
from readmodels.mongo_held import Held
from readmodels.mongo_shelf import Merged, merge
from readmodels.mongo_stream import Seen, place_in, place_text
from readmodels.store import Committed, Place
from tests.readmodels import test_live_disorder as disorder
from tests.readmodels.gallery import ACCOUNTS
from tests.readmodels.test_live_disorder import IDS, OneWatcher, set_of, stands_at
from tests.sample import Account

WRITERS = 3


class Engine(disorder.Engine):
    """A store with several writers, whose feed holds back what has no checkpoint yet."""

    def __init__(self, random: Random, tell: Callable[[Committed], None]) -> None:
        super().__init__(random, tell)
        self.written: list[Seen | Mapping[int, int]] = []
        """A change or a checkpoint; that with mark n stands at n - 1."""
        self.offsets = dict.fromkeys(range(WRITERS), -1)
        self.positions: dict[str, dict[int, int]] = {}
        self.held = Held({})

    def write(self) -> None:
        id, writer = self._random.choice(IDS), self._random.randrange(WRITERS)
        change = self._changed(id)
        self.offsets[writer] += 1
        moved = {writer: self.offsets[writer]}
        positions = self.positions[id] = self.positions.get(id, {}) | moved
        self._append(Seen(len(self.written) + 1, change, positions, moved))

    def checkpoint(self) -> None:
        writer = self._random.randrange(WRITERS)
        self._append({writer: self.offsets[writer]})

    def _append(self, written: Seen | Mapping[int, int]) -> None:
        self.written.append(written)
        self.states.append(dict(self.now))

    @property
    def seen(self) -> list[Seen]:
        return [each for each in self.written if isinstance(each, Seen)]

    def tell(self, count: int) -> None:
        for each in self.written[self.told : self.told + count]:
            self.told += 1
            if isinstance(each, Seen):
                self.held.take(each, self.told)
            else:
                self.held.reach(each)
                self.release()
        self.release()

    def release(self) -> None:
        changes, checkpoint = self.held.told()
        place = self.held.place(self.told)
        for each in changes:
            self._tell(Committed(ACCOUNTS, each.mark, [each.change], {}, place))
        if checkpoint:
            self._tell(Committed(ACCOUNTS, self.told, [], checkpoint, place))

    def give_up(self) -> None:
        self.held.give_up(self.told - self._random.randrange(6))
        self.release()

    def tell_all(self) -> None:
        super().tell_all()
        self.held.give_up(1_000_000)
        self.release()

    def begin_anew(self) -> None:
        super().begin_anew()
        self.held = Held({})

    def cursor(self, place: int | Place) -> str:
        return place_text(place)

    async def since(self, _collection: Any, cursor: str) -> tuple[list[Any], int] | None:
        await self.some_turns()
        place = place_in(cursor)
        assert place is not None
        if self._random.random() < 0.2:
            return None
        end = max(place.mark, self.told)
        merged: Merged = {}
        merge(merged, place, [each for each in self.seen if each.mark <= end])
        return list(merged.values()), end


class ChangesWatcher(disorder.ChangesWatcher):
    """What it adds up to is what was told at its cursor, whatever was held back there."""

    def take(self, taken: Changes[Account]) -> None:
        ids = [each.id for each in taken.entered], [each.id for each in taken.changed]
        self.map = {} if taken.reset else self.map
        assert not self.map.keys() & ids[0]
        assert self.map.keys() >= {*ids[1], *taken.left}
        self.map |= {each.id: each for each in (*taken.entered, *taken.changed)}
        for id in taken.left:
            del self.map[id]
        if taken.more:
            return
        self.cursor = taken.cursor
        place = place_in(stands_at(self.cursor))
        assert place is not None
        assert place.mark >= self.at
        self.at = place.mark
        engine: Any = self.engine
        told: dict[str, Account] = {}
        for each in engine.seen:
            if each.is_told(place):
                told.pop(each.change.id, None)
                if each.change.after is not None:
                    told[each.change.id] = each.change.after
        assert repr(dict(sorted(self.map.items()))) == repr(set_of(told))


class PageWatcher(disorder.PageWatcher):
    """Documents of several commits may be shown as they never were together, for a moment."""

    def take(self, taken: Any) -> None:
        self.last = (taken.documents, taken.has_next, taken.total)


class Hall(disorder.Hall):
    """Everyone who watches an engine with several writers."""

    kinds = (OneWatcher, PageWatcher, ChangesWatcher, ChangesWatcher)

    def _engine(self) -> Engine:
        self.several = Engine(self.random, self.feed.tell)
        return self.several

    async def step(self) -> None:
        match self.random.randrange(16):
            case 0 | 1 | 2:
                self.several.write()
            case 3 | 4:
                self.several.checkpoint()
            case 5:
                self.several.give_up()
            case _:
                pass
        await super().step()


@pytest.mark.parametrize("seed", range(60))
async def test_each_change_comes_once_whatever_is_held_back(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Hall(Random(seed), monkeypatch).run()
