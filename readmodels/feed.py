"""The change feed of this process: commits to those who watch, checkpoints to those who wait."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from eventlog.envelope import Position
from readmodels.composition import Collection
from readmodels.documents import NotReady, TooLate
from readmodels.store import Change, Committed, Progress

MAILBOX_CHANGES_MAX = 5_000

Wants = Callable[[Change[Any]], bool]


def summed(commits: Iterable[Sequence[Change[Any]]]) -> list[Change[Any]]:
    """What several commits change together: each document as it was first and is last."""
    sum_: dict[str, Change[Any]] = {}
    for changes in commits:
        for change in changes:
            first = sum_.get(change.id)
            before = first.before if first else change.before
            sum_[change.id] = Change(change.id, before, change.after)
    return list(sum_.values())


class Mailbox:
    """What one watcher has not taken yet: at most one change a document, and a bounded number.

    Where more wait than `MAILBOX_CHANGES_MAX`, all are dropped and `take` says so, once.
    """

    def __init__(self, wants: Wants) -> None:
        self._wants = wants
        self._commits: list[tuple[int, Sequence[Change[Any]]]] = []
        self._waiting = 0
        self._floor: int | None = None
        self._has_overflowed = False
        self._filled = asyncio.Event()

    def put(self, committed: Committed) -> None:
        """Take in what the watcher wants of a commit."""
        if self._has_overflowed:
            return
        try:
            wanted = [change for change in committed.changes if self._wants(change)]
        except Exception:  # this watcher's condition breaks; the commit and the others go on
            self.drop()
            return
        if not wanted:
            return
        self._commits.append((committed.mark, wanted))
        self._waiting += len(wanted)
        self._filled.set()
        if self._waiting > MAILBOX_CHANGES_MAX:
            self._shrink()

    def _shrink(self) -> None:
        """One change a document; before the floor is known that could mix what it parts."""
        if self._floor is not None:
            mark, changes = self._merged(self._floor)
            if len(changes) <= MAILBOX_CHANGES_MAX // 2:
                self._commits, self._waiting = [(mark, changes)], len(changes)
                return
        self.drop()

    def drop(self) -> None:
        """Give up what waits: the watcher has to read everything anew."""
        self._commits, self._waiting, self._has_overflowed = [], 0, True
        self._filled.set()

    def start_above(self, mark: int) -> None:
        """The watcher has seen everything up to this mark; what it has missed since stays."""
        self._floor = mark

    async def take(self) -> tuple[int, Sequence[Change[Any]]] | None:
        """The highest mark of the commits taken in, and their changes; waits for one.

        None where too many waited: the watcher then has to read everything anew.
        """
        while True:
            await self._filled.wait()
            self._filled.clear()
            if self._has_overflowed:
                self._has_overflowed = False
                self._floor = None
                return None
            self._floor = -1 if self._floor is None else self._floor
            mark, changes = self._merged(self._floor)
            self._commits, self._waiting = [], 0
            if changes:
                return mark, changes

    def _merged(self, floor: int) -> tuple[int, Sequence[Change[Any]]]:
        newer = [(mark, changes) for mark, changes in self._commits if mark > floor]
        if len(newer) == 1:
            return newer[0]
        mark = max((mark for mark, _ in newer), default=floor)
        return mark, summed(changes for _, changes in newer)


class Bell:
    """Rings with every commit that changes something the watcher wants."""

    def __init__(self, wants: Wants, ring: Callable[[], None]) -> None:
        self._wants = wants
        self._ring = ring

    def put(self, committed: Committed) -> None:
        """Ring where the commit is of interest, or where that cannot be told."""
        try:
            is_wanted = any(self._wants(change) for change in committed.changes)
        except Exception:  # this watcher's condition breaks: it reads anew and sees
            is_wanted = True
        if is_wanted:
            self._ring()

    def drop(self) -> None:
        """Something may have been missed."""
        self._ring()


class Listener(Protocol):
    """One who is told of every commit of a collection, as it comes."""

    def put(self, committed: Committed) -> None:
        """Take in a commit; nothing may be awaited."""
        ...

    def drop(self) -> None:
        """Something may have been missed."""
        ...


class _Watched:
    """What the feed knows of one collection."""

    def __init__(self) -> None:
        self.checkpoint: dict[int, int] = {}
        self.built = asyncio.Event()
        self.building = "(0 %)"
        self.mailboxes: dict[Listener, None] = {}
        self.waiting: list[tuple[Position, asyncio.Future[None]]] = []

    def has_passed(self, position: Position) -> bool:
        return self.checkpoint.get(position.partition, -1) >= position.offset


class Feed:
    """Tells watchers what was committed, in the order of the commits."""

    def __init__(self) -> None:
        self._watched: dict[Collection[Any], _Watched] = {}

    def open(self, collection: Collection[Any], progress: Progress) -> None:
        """Begin with the collection as far as it is."""
        watched = self._watched[collection] = _Watched()
        if progress.is_built:
            watched.built.set()
        watched.checkpoint.update(progress.checkpoint)

    def built(self, collection: Collection[Any]) -> None:
        """The collection shows everything that it is to show; it may be read from now on."""
        self._watched[collection].built.set()

    async def until_built(self, collection: Collection[Any]) -> None:
        """Wait until the collection may be read, however long that takes."""
        await self._watched[collection].built.wait()

    def building(self, collection: Collection[Any], how_far: str) -> None:
        """Say how far the collection's first build is."""
        self._watched[collection].building = how_far

    def tell(self, committed: Committed) -> None:
        """Pass a commit on; documents first, then the checkpoint that stands for them."""
        watched = self._watched[committed.collection]
        watched.built.set()  # nobody is told of one that is being built
        for mailbox in list(watched.mailboxes):
            mailbox.put(committed)
        if committed.checkpoint:
            self.advance(committed.collection, committed.checkpoint)

    def lost(self) -> None:
        """What was committed cannot all be told: whoever watches has to read everything anew."""
        for watched in self._watched.values():
            for mailbox in list(watched.mailboxes):
                mailbox.drop()

    def advance(self, collection: Collection[Any], checkpoint: Mapping[int, int]) -> None:
        """The collection shows everything up to the checkpoint; whoever waits for it goes on."""
        watched = self._watched[collection]
        for partition, offset in checkpoint.items():
            if offset > watched.checkpoint.get(partition, -1):
                watched.checkpoint[partition] = offset
        still: list[tuple[Position, asyncio.Future[None]]] = []
        for position, passed in watched.waiting:
            if not watched.has_passed(position):
                still.append((position, passed))
            elif not passed.done():
                passed.set_result(None)
        watched.waiting = still

    @contextmanager
    def watch(self, collection: Collection[Any], wants: Wants) -> Generator[Mailbox]:
        """A mailbox that fills from now on, until the context is left."""
        mailbox = Mailbox(wants)
        with self.listen(collection, mailbox):
            yield mailbox

    def follow(
        self, collection: Collection[Any], wants: Wants, ring: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Calls `ring` with every commit that changes something wanted, until it is left."""
        return self.listen(collection, Bell(wants, ring))

    @contextmanager
    def listen(self, collection: Collection[Any], one: Listener) -> Generator[None]:
        """Tell this one of every commit, until the context is left."""
        mailboxes = self._watched[collection].mailboxes
        mailboxes[one] = None
        try:
            yield
        finally:
            del mailboxes[one]

    def watchers(self, collection: Collection[Any]) -> int:
        """How many mailboxes are open."""
        return len(self._watched[collection].mailboxes)

    def progress(self, collection: Collection[Any]) -> Progress:
        """How far the collection is."""
        watched = self._watched[collection]
        return Progress(dict(watched.checkpoint), watched.built.is_set())

    def require_built(self, collection: Collection[Any]) -> None:
        """Raises NotReady while the collection's first build goes on."""
        watched = self._watched[collection]
        if not watched.built.is_set():
            raise NotReady(f"{collection.name} is being built {watched.building}: ask again soon")

    async def all_passed(
        self, collections: Set[Collection[Any]], positions: Sequence[Position], wait_s: float
    ) -> None:
        """As `passed` of each collection and position, within `wait_s` seconds in all."""
        deadline = time.monotonic() + wait_s
        for collection in collections:
            self.require_built(collection)
            for position in positions:
                await self.passed(collection, position, max(deadline - time.monotonic(), 0))

    async def passed(
        self, collection: Collection[Any], position: Position | None, wait_s: float
    ) -> None:
        """Wait until the collection's checkpoint has passed the position.

        Raises TooLate after `wait_s` seconds, NotReady while the collection is being built.
        """
        self.require_built(collection)
        watched = self._watched[collection]
        if position is None or watched.has_passed(position):
            return
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (position, passed)
        watched.waiting.append(entry)
        try:
            async with asyncio.timeout(wait_s):
                await passed
        except TimeoutError:
            raise TooLate(
                f"{collection.name} has not come to {position} within {wait_s:.3g} s: ask again",
                collection.document,
            ) from None
        finally:
            if entry in watched.waiting:
                watched.waiting.remove(entry)
