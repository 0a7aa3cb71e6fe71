"""The change feed of a process: nothing is lost between a snapshot and what comes after it."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.envelope import Position
from readmodels import feed as feeding
from readmodels.documents import NotReady, TooLate
from readmodels.feed import Feed, Mailbox
from readmodels.store import Change, Committed, Progress
from tests.contracts.stores import Thing, things

NOTHING = object()


def thing(id: str, count: int) -> Thing:
    return Thing(id=id, count=count)


def change(id: str, before: int | None, after: int | None) -> Change[Thing]:
    return Change(
        id,
        None if before is None else thing(id, before),
        None if after is None else thing(id, after),
    )


def commit(mark: int, *changes: Change[Thing], **checkpoint: int) -> Committed:
    reached = {int(name.removeprefix("p")): offset for name, offset in checkpoint.items()}
    return Committed(things, mark, changes, reached)


async def take(mailbox: Mailbox) -> Any:
    """What `take` gives at once; NOTHING where it would wait."""
    taking = asyncio.ensure_future(mailbox.take())
    await asyncio.sleep(0)
    if taking.done():
        return taking.result()
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    return NOTHING


def everything(change: Change[Any]) -> bool:
    return True


def is_positive(change: Change[Any]) -> bool:
    return any(each is not None and each.count > 0 for each in (change.before, change.after))


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    feed.open(things, Progress({}, True))
    return feed


# Mailboxes


async def test_changes_are_taken_with_the_mark_they_go_up_to() -> None:
    mailbox = Mailbox(everything)
    assert await take(mailbox) is NOTHING
    mailbox.put(commit(1, change("a", None, 1), change("b", None, 1)))
    assert await take(mailbox) == (1, [change("a", None, 1), change("b", None, 1)])
    assert await take(mailbox) is NOTHING


async def test_what_waits_is_one_change_a_document_from_the_first_state_to_the_last() -> None:
    mailbox = Mailbox(everything)
    mailbox.put(commit(1, change("a", 1, 2), change("b", None, 1)))
    mailbox.put(commit(2, change("a", 2, None)))
    mailbox.put(commit(5, change("a", None, 9), change("c", 1, 2)))
    assert await take(mailbox) == (5, [change("a", 1, 9), change("b", None, 1), change("c", 1, 2)])


async def test_what_a_snapshot_shows_already_is_not_taken_again() -> None:
    mailbox = Mailbox(everything)
    mailbox.put(commit(1, change("a", None, 1)))
    mailbox.put(commit(2, change("a", 1, 2)))
    mailbox.start_above(2)
    mailbox.put(commit(2, change("a", 1, 2)))  # told after it was read
    assert await take(mailbox) is NOTHING
    mailbox.put(commit(3, change("a", 2, 3)))
    assert await take(mailbox) == (3, [change("a", 2, 3)])


async def test_only_what_is_wanted_is_kept() -> None:
    mailbox = Mailbox(is_positive)
    mailbox.put(commit(1, change("a", None, 0), change("b", -1, -2)))
    assert await take(mailbox) is NOTHING
    mailbox.put(commit(2, change("a", 0, 1), change("b", -2, -3), change("c", 1, None)))
    assert await take(mailbox) == (2, [change("a", 0, 1), change("c", 1, None)])


async def test_too_much_is_dropped_and_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeding, "MAILBOX_CHANGES_MAX", 4)
    mailbox = Mailbox(everything)
    mailbox.start_above(0)
    for mark in range(1, 100):
        mailbox.put(commit(mark, change(str(mark), None, 1)))
    assert await take(mailbox) is None
    mailbox.start_above(99)
    assert await take(mailbox) is NOTHING
    mailbox.put(commit(100, change("a", None, 1)))
    assert await take(mailbox) == (100, [change("a", None, 1)])


async def test_one_document_that_changes_all_the_time_is_never_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeding, "MAILBOX_CHANGES_MAX", 4)
    mailbox = Mailbox(everything)
    mailbox.start_above(0)
    for mark in range(1, 1000):
        mailbox.put(commit(mark, change("a", mark - 1, mark)))
        assert mailbox._waiting <= 5  # pyright: ignore[reportPrivateUsage]  # memory is inside
    assert await take(mailbox) == (999, [change("a", 0, 999)])


async def test_a_condition_that_breaks_resets_its_own_watcher_alone(
    feed: Feed,
) -> None:
    def breaking(change: Change[Any]) -> bool:
        raise TypeError("a naive and an aware time")

    with feed.watch(things, breaking) as broken, feed.watch(things, everything) as whole:
        feed.tell(commit(1, change("a", None, 1), p0=7))
        assert await take(broken) is None
        assert await take(whole) == (1, [change("a", None, 1)])
        assert feed.progress(things).checkpoint == {0: 7}


# Nothing is lost between


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[tuple[str, int | None]]], list[str]]:
    """Commits, and an order in which they are made, told and looked at."""
    written = st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 3))
    commits = draw(st.lists(st.lists(written, max_size=2, unique_by=lambda each: each[0])))
    steps = draw(st.lists(st.sampled_from(["commit", "tell", "register", "look", "take"])))
    return commits, steps


@given(histories())
def test_no_change_is_lost_or_applied_twice_however_it_interleaves(
    history: tuple[list[list[tuple[str, int | None]]], list[str]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeding, "MAILBOX_CHANGES_MAX", 3)
        asyncio.run(_Interleaved(*history).play())


class _Interleaved:
    """A store whose commits are told later than they can be read, and one watcher."""

    def __init__(self, commits: list[list[tuple[str, int | None]]], steps: list[str]) -> None:
        self.pending = list(commits)
        self.steps = steps
        self.state: dict[str, int] = {}
        self.committed: list[Committed] = []
        self.told = 0
        self.mailbox: Mailbox | None = None
        self.map: dict[str, int] | None = None

    async def play(self) -> None:
        for step in [*self.steps, *["commit"] * len(self.pending), "register", "look"]:
            if step == "take":
                await self.take()
            else:
                getattr(self, step)()
        while self.told < len(self.committed):
            self.tell()
        while await self.take():
            pass
        assert self.map == self.state

    def commit(self) -> None:
        if self.pending:
            changes = [self.changed(*each) for each in self.pending.pop(0)]
            self.committed.append(commit(len(self.committed) + 1, *changes))

    def changed(self, id: str, after: int | None) -> Change[Thing]:
        made = change(id, self.state.get(id), after)
        if after is None:
            self.state.pop(id, None)
        else:
            self.state[id] = after
        return made

    def tell(self) -> None:
        if self.told < len(self.committed):
            if self.mailbox:
                self.mailbox.put(self.committed[self.told])
            self.told += 1

    def register(self) -> None:
        self.mailbox = self.mailbox or Mailbox(everything)

    def look(self) -> None:
        """The snapshot: it shows what is committed, told or not."""
        if self.mailbox and self.map is None:
            self.map = dict(self.state)
            self.mailbox.start_above(len(self.committed))

    async def take(self) -> bool:
        if self.mailbox is None or self.map is None:
            return False
        taken = await take(self.mailbox)
        if taken is None:
            self.map = None
            self.look()
        elif taken is not NOTHING:
            for each in taken[1]:
                assert self.map.get(each.id) == (each.before and each.before.count)
                self.map.pop(each.id, None)
                if each.after is not None:
                    self.map[each.id] = each.after.count
        return taken is not NOTHING


# Waiting for a position


async def test_whoever_waits_for_a_position_goes_on_when_it_is_passed(feed: Feed) -> None:
    waiting = [asyncio.ensure_future(feed.passed(things, Position(0, n), 20)) for n in (5, 6)]
    await asyncio.sleep(0)
    feed.tell(commit(1, p0=5, p1=100))
    await waiting[0]
    assert not waiting[1].done()
    feed.advance(things, {0: 7})
    await waiting[1]
    await feed.passed(things, Position(0, 7), 0)
    await feed.passed(things, None, 0)


async def test_a_checkpoint_never_goes_back(feed: Feed) -> None:
    feed.advance(things, {0: 7})
    feed.advance(things, {0: 5, 1: 1})
    assert feed.progress(things) == Progress({0: 7, 1: 1}, True)


async def test_documents_are_told_before_the_checkpoint_that_stands_for_them(feed: Feed) -> None:
    with feed.watch(things, everything) as mailbox:
        waiting = asyncio.ensure_future(feed.passed(things, Position(0, 5), 20))
        await asyncio.sleep(0)
        feed.tell(commit(1, change("a", None, 1), p0=5))
        await waiting
        assert await take(mailbox) == (1, [change("a", None, 1)])


async def test_a_wait_that_is_too_long_says_so_and_leaves_nothing_behind(feed: Feed) -> None:
    with pytest.raises(TooLate, match="Thing has not come to 3:9 within 0 s: ask again"):
        await feed.passed(things, Position(3, 9), 0)
    cut = asyncio.ensure_future(feed.passed(things, Position(3, 9), 20))
    await asyncio.sleep(0)
    cut.cancel()
    await asyncio.gather(cut, return_exceptions=True)
    assert feed._watched[things].waiting == []  # pyright: ignore[reportPrivateUsage]  # inside
    feed.advance(things, {3: 9})


async def test_a_collection_in_the_making_is_not_ready_and_says_how_far_it_is() -> None:
    feed = Feed()
    feed.open(things, Progress({}, False))
    feed.building(things, "(40 %)")
    with pytest.raises(NotReady, match=r"Thing is being built \(40 %\)"):
        await feed.passed(things, None, 0)
    waiting = asyncio.ensure_future(feed.until_built(things))
    await asyncio.sleep(0)
    feed.built(things)
    await waiting
    feed.require_built(things)


async def test_a_watcher_that_left_is_told_no_more(feed: Feed) -> None:
    with feed.watch(things, everything) as mailbox:
        assert feed.watchers(things) == 1
    assert feed.watchers(things) == 0
    feed.tell(commit(1, change("a", None, 1)))
    assert await take(mailbox) is NOTHING
