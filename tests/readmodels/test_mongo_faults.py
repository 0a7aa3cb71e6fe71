"""What MongoDB's store goes through: killed servers, cut connections, crashes amid its writes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from eventlog.sqlite import SqliteLog
from readmodels.documents import NotReady
from readmodels.mongo import Unreachable
from readmodels.mongo_writes import Commits
from readmodels.query import EVERYTHING, Query
from readmodels.store import Stored, Write
from tests.contracts.stores import things
from tests.readmodels.cabinet import (
    QUICK,
    Place,
    kept,
    mongo_workshop,
    opened,
    own_server,
    place,
    put,
    thing,
)
from tests.readmodels.gallery import TELLER, Follower
from tests.readmodels.workshop import (
    EVENTS,
    MODEL,
    Workshop,
    deposited,
    is_right,
    like,
    model_with,
    until,
)
from tests.readmodels.workshop import opened as account_opened
from tests.sample import Account
from tests.servers.mongo import MongoServer

__all__ = ["place"]


@pytest.fixture
def server() -> Iterator[MongoServer]:
    with own_server("--setParameter", "enableTestCommands=1") as server:
        yield server


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path)
    yield log
    log.close()


# Servers that go


@pytest.mark.usefixtures("soon")
async def test_a_killed_server_is_waited_for_and_nothing_is_missed(
    server: MongoServer, tmp_path: Path
) -> None:
    place = Place(server.uri + QUICK, "killed")
    async with mongo_workshop(tmp_path, place) as shop:
        following = shop.documents.watch_changes(Account, EVERYTHING, TELLER)
        await shop.feed.until_built(shop.collection("Account"))
        async with aclosing(following) as messages:
            follower = Follower(messages)
            await follower.next()
            for at in range(0, len(EVENTS), 20):
                await shop.record(*EVENTS[at : at + 20])
                server.kill()
                # Commands go on meanwhile, and whoever reads is told so in good time.
                with pytest.raises(NotReady, match="out of reach"):
                    await shop.store.find(shop.collection("Account"), Query())
                server.start()
            await is_right(shop)
            expected = await shop.shown()
            await follower.until(lambda seen: seen == expected)
            assert [message.reset for message in follower.received].count(True) == 1


async def test_a_server_that_hangs_is_a_fault_in_time_and_loses_nothing(
    server: MongoServer,
) -> None:
    async with opened(Place(server.uri + QUICK, "hung")) as one:
        await put(one.store, thing("a", 1))
        before = await kept(one.store, "a")
        server.freeze()
        try:
            async with asyncio.timeout(20):
                with pytest.raises(Unreachable):
                    await one.store.commit(things, [Write("a", before, thing("a", 2), {0: 2})])
        finally:
            server.thaw()
        # Whether it was written is not known; written again it is either done, or lost its race.
        again = await one.store.commit(things, [Write("a", before, thing("a", 2), {0: 2})])
        assert again in ([], ["a"])
        assert await kept(one.store, "a") == Stored(thing("a", 2), 2, {0: 2})
        await one.until_told(changes=2)


@contextmanager
def failing(server: MongoServer, *commands: str, times: int, **how: Any) -> Generator[None]:
    """The server fails these commands a number of times."""
    with server.direct() as client:
        data = {"failCommands": list(commands), **how}
        client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=data)
        yield
        client.admin.command("configureFailPoint", "failCommand", mode="off")


@pytest.mark.parametrize(
    "how",
    [
        {"closeConnection": True},
        {"errorCode": 91, "errorLabels": ["RetryableWriteError"]},  # it is shutting down
        {"errorCode": 10107, "errorLabels": ["RetryableWriteError"]},  # it is no primary any more
    ],
    ids=["connection cut", "shutting down", "not primary"],
)
@pytest.mark.parametrize("times", [1, 6])
@pytest.mark.usefixtures("soon")
async def test_commands_that_fail_leave_right_documents(
    server: MongoServer, tmp_path: Path, times: int, how: dict[str, Any]
) -> None:
    async with mongo_workshop(tmp_path, Place(server.uri + QUICK, "failing")) as shop:
        written = ("insert", "update", "find", "findAndModify", "getMore", "aggregate")
        for at in range(0, len(EVENTS), 10):
            with failing(server, *written, times=times, **how):
                await shop.record(*EVENTS[at : at + 10])
                await asyncio.sleep(0.05)
        await is_right(shop)


async def test_a_feed_whose_cursor_the_server_kills_goes_on(server: MongoServer) -> None:
    async with opened(Place(server.uri, "cut")) as one:
        for number in range(10):
            with failing(server, "getMore", times=1, errorCode=43):  # CursorNotFound
                await put(one.store, thing("a", number))
                await one.until_told(changes=number + 1)
        assert [each.after.count for each in one.changes if each.after] == list(range(10))
        assert one.lost == 0


async def test_an_answer_that_the_server_forgets_midway_is_out_of_reach(
    server: MongoServer,
) -> None:
    async with opened(Place(server.uri, "midway")) as one:
        many = [thing(f"{number:03}", number) for number in range(150)]
        await put(one.store, *many, checkpoint={0: 1})
        await one.until_told(changes=150)
        with failing(server, "getMore", times=1, errorCode=43), pytest.raises(Unreachable):
            await one.store.find(things, Query(first=150))
        assert await one.store.find(things, Query(first=150)) == many


async def test_a_resume_token_that_is_gone_begins_anew(server: MongoServer) -> None:
    async with opened(Place(server.uri, "lost")) as one:
        await put(one.store, thing("a", 1), checkpoint={0: 1})
        await one.until_told(changes=1)
        with failing(server, "getMore", times=1, errorCode=286):  # ChangeStreamHistoryLost
            await until(lambda: one.lost == 1)
        await put(one.store, thing("a", 2), checkpoint={0: 2})
        await one.until_told(changes=2)
        assert one.lost == 1


async def test_whoever_was_cancelled_before_and_went_on_can_use_the_store(place: Place) -> None:
    """As a failed task group of Python 3.11 leaves its task: a process was sent for no more."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    assert task.cancelling()
    async with opened(place) as one:
        await put(one.store, thing("a", 1))
        assert await one.store.find(things, Query()) == [thing("a", 1)]
        await one.until_told(changes=1)
    task.uncancel()


# Crashes between two writes


class Crash(Exception):
    """The process ends here."""


Step = Callable[..., Coroutine[Any, Any, Any]]
STEPS = ["documents", "set_aside", "advance"]


def crashing(monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool, times: int) -> None:
    """Let the first `times` of these writes crash the projector, right before or right after."""
    original: Step = getattr(Commits, step)
    left = times

    async def crash(self: Commits, *given: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left >= 0 and not after:
            raise Crash
        done = await original(self, *given, **named)
        if left >= 0:
            raise Crash
        return done

    monkeypatch.setattr(Commits, step, crash)


def half_written(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let only some of the first few batches of documents be written, and then crash."""
    original: Step = Commits.documents
    left = times

    async def crash(self: Commits, writes: list[Write[Any]], *session: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            return await original(self, writes, *session)
        await original(self, writes[: len(writes) // 2], *session)
        raise Crash

    monkeypatch.setattr(Commits, "documents", crash)


async def replayed(shop: Workshop) -> None:
    for at in range(0, len(EVENTS), 7):
        await shop.record(*EVENTS[at : at + 7])
    await is_right(shop)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.usefixtures("soon")
async def test_a_crash_at_any_write_leaves_right_documents(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    crashing(monkeypatch, step, after=after, times=5)
    async with mongo_workshop(tmp_path, place) as shop:
        await replayed(shop)


@pytest.mark.usefixtures("soon")
async def test_a_batch_that_is_half_written_leaves_right_documents(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_written(monkeypatch, times=6)
    async with mongo_workshop(tmp_path, place) as shop:
        await replayed(shop)


async def test_two_projectors_of_one_log_fold_each_event_once(
    place: Place, tmp_path: Path, log: SqliteLog
) -> None:
    async with (
        mongo_workshop(tmp_path, place, log=log) as one,
        mongo_workshop(tmp_path, place, log=log) as two,
    ):
        await replayed(one)
        await is_right(two)


evolve = MODEL.shown[Account].projection.evolve


def poisoned(document: Any, event: Any) -> Any:
    """Account 3 cannot be folded from its deposit on."""
    if event.account == "3" and hasattr(event, "amount"):
        raise ValueError("poison")
    return evolve(document, event)


POISONED = model_with(evolve=like(evolve, poisoned))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [*STEPS, "_unpark"])
@pytest.mark.usefixtures("soon")
async def test_a_crash_while_parked_events_come_back_folds_each_once(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    events = [account_opened("3"), *(deposited("3", number) for number in range(1, 6))]
    async with mongo_workshop(tmp_path, place, model=POISONED) as shop:
        await shop.record(*events, account_opened("4"))
        await shop.shown()
        assert len(await shop.parked()) == 5
    with monkeypatch.context() as patch:
        crashing(patch, step, after=after, times=4)
        async with mongo_workshop(tmp_path, place) as shop:
            documents = await shop.retried()
            assert await shop.parked() == []
    assert documents["3"].balance == 15
    assert documents["3"].movements == 5
