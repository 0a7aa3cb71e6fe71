"""Whatever an engine's reads and its feed do to each other, each follower sees what was, in order.

The engine here tells late what its reads show already, one document at a time, several at once,
and now and then loses some of it; followers come, go, fall behind and go on from their cursors.
"""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from readmodels import live_changes, live_page, live_state
from readmodels.documents import NOTHING, Changes, Follow
from readmodels.feed import Feed
from readmodels.live import LiveDocuments
from readmodels.query import By, Compare, Page, Query, Where, predicate, sorted_page
from readmodels.store import Change, Committed, Place, Progress
from tests.readmodels.gallery import ACCOUNTS, MODEL, TELLER, account
from tests.sample import Account

ABOVE: Where = Compare("balance", "gt", Decimal(0))
PAGE = Query(where=ABOVE, order=(By("balance", descending=True),), first=3)
IDS = "abcdefghij"


class Engine:
    """A store whose every past state is known, and whose feed tells when the test says so."""

    is_shared = True
    reads_at_once = 8

    def __init__(self, random: Random, tell: Callable[[Committed], None]) -> None:
        self._random = random
        self._tell = tell
        self.now: dict[str, Account] = {}
        self.states: list[dict[str, Account]] = [{}]
        """The documents as of each mark."""
        self.changes: list[Change[Account]] = []
        """That with mark n stands at n - 1."""
        self.told: int = 0

    def write(self) -> None:
        self.changes.append(self._changed(self._random.choice(IDS)))
        self.states.append(dict(self.now))

    def _changed(self, id: str) -> Change[Account]:
        """Write or remove the document."""
        before, after = self.now.pop(id, None), None
        if before is None or self._random.random() < 0.7:
            after = self.now[id] = account(id, self._random.randrange(-2, 6))
        return Change(id, before, after)

    def tell(self, count: int) -> None:
        """Tell so many changes more, all in one turn."""
        for _ in range(min(count, len(self.changes) - self.told)):
            self.told += 1
            self._tell(Committed(ACCOUNTS, self.told, [self.changes[self.told - 1]], {}))

    def tell_all(self) -> None:
        self.tell(1_000)

    def begin_anew(self) -> None:
        """Tell from now on."""
        self.told = len(self.states) - 1

    async def some_turns(self, at_most: int = 20) -> None:
        for _ in range(self._random.randrange(at_most)):
            await asyncio.sleep(0)

    async def snapshot(self, _collection: Any, where: Where, limit: int) -> tuple[list[Any], int]:
        documents, _, mark = await self.page(_collection, Query(where=where, first=limit))
        return documents, mark

    async def page(
        self, _collection: Any, query: Query, *, with_total: bool = False
    ) -> tuple[list[Any], int | None, int]:
        await self.some_turns()
        mark, documents = len(self.states) - 1, list(self.now.values())
        await self.some_turns()
        total = sum(map(predicate(query.where), documents)) if with_total else None
        return sorted_page(query, documents), total, mark

    def cursor(self, place: int | Place) -> str:
        return str(place if isinstance(place, int) else place.mark)

    async def since(self, _collection: Any, cursor: str) -> tuple[list[Any], int] | None:
        await self.some_turns()
        mark = int(cursor)
        if mark > self.told:
            return [], mark
        if self._random.random() < 0.2:
            return None
        merged: dict[str, Change[Account]] = {}
        for each in self.changes[mark : self.told]:
            before = merged[each.id].before if each.id in merged else each.before
            merged[each.id] = Change(each.id, before, each.after)
        found = list(merged.values()), self.told
        await self.some_turns()
        return found


class Watcher:
    """One follower; what it takes has to have been so, at a mark not before the last."""

    def __init__(self, engine: Engine, random: Random) -> None:
        self.engine, self.random = engine, random
        self.at = 0
        self.is_slow = random.random() < 0.3
        self.woken = asyncio.Event()

    async def run(self, follow: Follow) -> None:
        with follow(wake=self.woken.set) as follower:
            await follower.begin()
            while True:
                self.woken.clear()
                while (taken := follower.take()) is not NOTHING:
                    self.take(taken)
                await self.woken.wait()
                for _ in range(self.random.randrange(40) if self.is_slow else 0):
                    await asyncio.sleep(0)

    def take(self, taken: Any) -> None:
        raise NotImplementedError

    def is_up_to_date(self) -> bool:
        raise NotImplementedError

    def _was(self, shown: Callable[[dict[str, Account]], Any], taken: Any) -> None:
        """Move on to the first mark at which that was so."""
        states = self.engine.states
        while self.at < len(states) and repr(shown(states[self.at])) != repr(taken):
            self.at += 1
        assert self.at < len(states), f"it never was so, or not any more: {taken}"


class OneWatcher(Watcher):
    last: Any = None

    def take(self, taken: Any) -> None:
        self.last = taken
        self._was(lambda state: state.get("a"), taken)

    def is_up_to_date(self) -> bool:
        return repr(self.last) == repr(self.engine.now.get("a"))


def page_of(state: dict[str, Account]) -> tuple[Any, ...]:
    found = sorted_page(Query(where=ABOVE, order=PAGE.order, first=100), list(state.values()))
    return tuple(found[:3]), len(found) > 3, len(found)


class PageWatcher(Watcher):
    last: Any = None

    def take(self, taken: Page[Account]) -> None:
        self.last = (taken.documents, taken.has_next, taken.total)
        self._was(page_of, self.last)

    def is_up_to_date(self) -> bool:
        return repr(self.last) == repr(page_of(self.engine.now))


def set_of(state: dict[str, Account]) -> dict[str, Account]:
    holds = predicate(ABOVE)
    return {id: state[id] for id in sorted(state) if holds(state[id])}


def stands_at(cursor: str) -> Any:
    """The place in a cursor, as the engine has written it."""
    return json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[2]


class ChangesWatcher(Watcher):
    cursor: str | None = None

    def __init__(self, engine: Engine, random: Random) -> None:
        super().__init__(engine, random)
        self.map: dict[str, Account] = {}

    def take(self, taken: Changes[Account]) -> None:
        if taken.reset:
            self.map = {}
        for each in taken.entered:
            assert each.id not in self.map
            self.map[each.id] = each
        for each in taken.changed:
            assert each.id in self.map
            self.map[each.id] = each
        for id in taken.left:
            del self.map[id]
        if not taken.more:
            self.cursor = taken.cursor
            mark = int(stands_at(self.cursor))
            assert mark >= self.at
            self.at = mark
            assert repr(dict(sorted(self.map.items()))) == repr(set_of(self.engine.states[mark]))

    def is_up_to_date(self) -> bool:
        return repr(dict(sorted(self.map.items()))) == repr(set_of(self.engine.now))


class Hall:
    """Everyone who watches, and the tasks that they watch in."""

    kinds: Sequence[type[Watcher]] = (OneWatcher, PageWatcher, ChangesWatcher, ChangesWatcher)

    def __init__(self, random: Random, monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything is kept so small that the bounds are met again and again."""
        monkeypatch.setattr(live_page, "SPARE_DOCUMENTS", 0)
        monkeypatch.setattr(live_changes, "KEPT_CHANGES_MAX", random.choice([4, 1_000]))
        monkeypatch.setattr(live_changes, "SEEN_CHANGES_MAX", 3)
        monkeypatch.setattr(live_changes, "CHUNK_DOCUMENTS_MAX", 2)
        monkeypatch.setattr(live_state, "MISSED_CHANGES_MAX", random.choice([2, 1_000]))
        monkeypatch.setattr(live_state, "WOKEN_AT_ONCE_MAX", 2)
        self.feed = Feed()
        self.feed.open(ACCOUNTS, Progress({}, True))
        self.random = random
        self.engine = self._engine()
        engine: Any = self.engine
        self.documents = LiveDocuments(MODEL.shown, engine, self.feed)
        self.watching: dict[Watcher, asyncio.Task[None]] = {}

    def _engine(self) -> Engine:
        return Engine(self.random, self.feed.tell)

    async def run(self) -> None:
        """Let it all happen, and see that everyone is up to date in the end and leaves nothing."""
        for _ in range(250):
            await self.step()
        self.engine.tell_all()
        for _ in range(300):
            await asyncio.sleep(0)
        for watcher, task in self.watching.items():
            assert not task.done(), task.exception()
            assert watcher.is_up_to_date(), watcher
        for task in self.watching.values():
            task.cancel()
        await asyncio.gather(*self.watching.values(), return_exceptions=True)
        for _ in range(10):
            await asyncio.sleep(0)
        assert self.documents.sets.followers(ACCOUNTS) == (0, 0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def come(self) -> None:
        await self._watch(self.random.choice(self.kinds)(self.engine, self.random))

    async def _watch(self, watcher: Watcher) -> None:
        follow: Coroutine[Any, Any, Follow]
        match watcher:
            case OneWatcher():
                follow = self.documents.live_one(Account, "a", TELLER)
            case ChangesWatcher():
                follow = self.documents.live_changes(Account, ABOVE, TELLER, watcher.cursor)
            case _:
                follow = self.documents.live_page(Account, PAGE, TELLER, with_total=True)
        self.watching[watcher] = asyncio.create_task(watcher.run(await follow))

    async def leave(self, *, comes_again: bool) -> None:
        if not self.watching:
            return
        watcher = self.random.choice(list(self.watching))
        task = self.watching.pop(watcher)
        task.cancel()
        if self.random.random() < 0.5:
            await asyncio.wait([task])
        if comes_again and isinstance(watcher, ChangesWatcher) and not task.done():
            await asyncio.wait([task])
        if comes_again and isinstance(watcher, ChangesWatcher):
            await self._watch(watcher)

    def lose(self) -> None:
        """The feed goes on from now, and says so."""
        self.engine.begin_anew()
        self.feed.lost()

    async def step(self) -> None:
        match self.random.randrange(20):
            case 0 | 1 | 2 | 3:
                await self.come()
            case 4 | 5:
                await self.leave(comes_again=False)
            case 6 | 7:
                await self.leave(comes_again=True)
            case 8:
                self.lose()
            case 9 | 10 | 11 | 12 | 13:
                self.engine.write()
            case _:
                self.engine.tell(self.random.randrange(1, 6))
        await self.engine.some_turns(4)
        for task in self.watching.values():
            if task.done():
                task.result()


@pytest.mark.parametrize("seed", range(40))
async def test_each_follower_sees_what_was_in_order_and_at_last_what_is(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Hall(Random(seed), monkeypatch).run()
