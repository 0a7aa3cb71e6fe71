"""Events into documents: each once, whatever is delivered twice, lost to another, or down."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.testing import shown
from eventlog.envelope import Position
from readmodels import projector
from readmodels.documents import NotReady
from readmodels.fold import ProjectionFold
from readmodels.projector import Projector
from readmodels.query import Query
from readmodels.store import Write
from tests.readmodels.workshop import (
    ALL,
    MODEL,
    TELLER,
    Workshop,
    closed,
    deposited,
    like,
    model_with,
    opened,
    until,
    withdrawn,
    workshop,
)
from tests.sample import Account, Total, account_documents, account_evolve, totals

ACCOUNTS = [str(number) for number in range(20)]
EVENTS: list[Any] = [
    *(opened(account) for account in ACCOUNTS),
    *(deposited(account, number) for number, account in enumerate(ACCOUNTS, 1)),
    *(withdrawn(account, "0.5") for account in ACCOUNTS[::2]),
    *(closed(account) for account in ACCOUNTS[::5]),
    *(deposited(account, 100) for account in ACCOUNTS[1::5]),
]
MOVED = [each for each in EVENTS if hasattr(each, "amount")]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again at once."""
    monkeypatch.setattr(projector, "BACKOFF_S_MIN", 0.001)


async def is_right(shop: Workshop) -> None:
    assert await shop.shown() == shown(account_documents, *EVENTS)
    assert (await shop.shown("Total")) == shown(totals, *MOVED)


class Wrapped:
    """A store that does as the one inside, but for what a test makes of it."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


# Once, and only once


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
@pytest.mark.parametrize("held", [0, 3, 10_000])
async def test_documents_are_the_same_in_every_batch_size_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, held: int
) -> None:
    monkeypatch.setattr(projector, "BATCH_EVENTS_MAX", batch)
    monkeypatch.setattr(projector, "DOCUMENTS_HELD_MAX", held)
    async with workshop(tmp_path) as shop:
        await shop.record(*EVENTS)
        await is_right(shop)


async def test_documents_follow_events_as_they_come(tmp_path: Path) -> None:
    async with workshop(tmp_path) as shop:
        for event in EVENTS:
            await shop.record(event)
        await is_right(shop)


async def test_a_document_fed_by_every_partition_counts_each_event_once(tmp_path: Path) -> None:
    async with workshop(tmp_path) as shop:
        recorded = await shop.record(*EVENTS)
        assert len({each.partition for each in recorded}) > 6
        assert await shop.total() == (sum(Decimal(n) for n in range(1, 21)) + 395, len(MOVED))


async def test_a_restart_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    for start in range(0, len(EVENTS), 11):
        async with workshop(tmp_path) as shop:
            await shop.record(*EVENTS[start : start + 11])
            if start % 2:
                await shop.shown()
    async with workshop(tmp_path) as shop:
        await is_right(shop)


class Forgetful(Wrapped):
    """Writes documents without the checkpoint that stands for them, and then falls over."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.left = 5

    async def commit(self, collection: Any, writes: Sequence[Write[Any]], **others: Any) -> Any:
        if not self.left or not writes:
            return await self.store.commit(collection, writes, **others)
        self.left -= 1
        await self.store.commit(collection, writes, is_built=others["is_built"])
        raise OSError("the power went after the documents, before the checkpoint")


@pytest.mark.parametrize("batch", [3, 1000])
async def test_events_that_are_delivered_again_are_not_counted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(projector, "BATCH_EVENTS_MAX", batch)
    async with workshop(tmp_path, wrap=Forgetful) as shop:
        await shop.record(*EVENTS)
        await is_right(shop)
        assert "the power went" in shop.projectors["Account"].standing.last_error


class Down(Wrapped):
    """A store that is out of reach for a while."""

    calls = 0

    async def load(self, *given: Any) -> Any:
        self.calls += 1
        if self.calls < 4:
            raise OSError("the store is out of reach")
        return await self.store.load(*given)


async def test_a_store_that_is_down_for_a_while_is_tried_again_and_that_is_seen(
    tmp_path: Path,
) -> None:
    async with workshop(tmp_path, wrap=Down) as shop:
        await shop.record(*EVENTS)
        await is_right(shop)
        for each in shop.projectors.values():
            assert each.standing.last_error == "OSError: the store is out of reach"


# Two at one document


class Overtaken(Wrapped):
    """Before a commit, somebody else has written the same events into the same documents."""

    left = 3

    async def commit(self, collection: Any, writes: Sequence[Write[Any]], **others: Any) -> Any:
        if self.left and writes:
            self.left -= 1
            quiet: Mapping[str, Any] = {"is_built": others["is_built"]}
            assert await self.store.commit(collection, writes[:1], **quiet) == []
        return await self.store.commit(collection, writes, **others)


async def test_a_lost_race_is_loaded_and_folded_again(tmp_path: Path) -> None:
    async with workshop(tmp_path, wrap=Overtaken) as shop:
        for at in range(0, len(EVENTS), 9):
            await shop.record(*EVENTS[at : at + 9])
            await shop.shown()
        await is_right(shop)
        assert shop.projectors["Account"].standing.last_error == ""


async def test_two_projectors_of_one_collection_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As when an owner does not know yet that it has lost its partition.
    monkeypatch.setattr(projector, "BATCH_EVENTS_MAX", 4)
    async with workshop(tmp_path) as shop:
        others = [
            Projector(ProjectionFold(each, shop.codec), shop.log, shop.store, shop.feed)
            for each in MODEL.shown.values()
        ]
        running = [asyncio.ensure_future(each.run()) for each in others]
        for at in range(0, len(EVENTS), 5):
            await shop.record(*EVENTS[at : at + 5])
        await is_right(shop)
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_a_race_that_is_lost_for_ever_is_a_fault_that_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "ATTEMPTS_MAX", 3)

    class Losing(Wrapped):
        async def commit(self, collection: Any, writes: Sequence[Write[Any]], **_: Any) -> Any:
            return [each.id for each in writes]

    async with workshop(tmp_path, wrap=Losing) as shop:
        await shop.record(opened("a"))
        standing = shop.projectors["Account"].standing
        await until(lambda: bool(standing.last_error))
        assert standing.last_error == "RuntimeError: Account a lost its race 3 times"


async def test_an_event_that_names_a_document_twice_is_folded_once(tmp_path: Path) -> None:
    def twice(event: Any) -> list[str]:
        return [event.account, event.account]

    async with workshop(
        tmp_path, model=model_with(keys=like(account_documents.keys, twice))
    ) as shop:
        await shop.record(*EVENTS)
        await is_right(shop)


async def test_events_that_touch_no_document_still_move_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "UNSAVED_EVENTS_MAX", 10)
    async with workshop(tmp_path) as shop:
        recorded = await shop.record(*(opened(str(number)) for number in range(50)))
        assert await shop.shown("Total") == {}
        collection = shop.collection("Total")
        await shop.feed.passed(collection, recorded[-1].position, 1)
        saved = (await shop.store.prepare(collection)).checkpoint
        assert max(saved.values()) >= recorded[-10].offset


# A new version


class Gated:
    """A log whose followers wait until a test lets them in."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.gate = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def follow(self, after: Any, limit: int) -> Any:
        await self.gate.wait()
        async for each in self._log.follow(after, limit):
            yield each


def twofold(document: Account | None, event: Any) -> Account | None:
    """What the account's second version shows: every movement counts twice."""
    after = account_evolve(document, event)
    if document is None or after is None:
        return after
    return account_evolve(after, event)


async def test_a_new_version_is_not_read_until_it_is_built_and_then_is_right(
    tmp_path: Path,
) -> None:
    async with workshop(tmp_path) as shop:
        recorded = await shop.record(opened("a"), deposited("a", 5), opened("b"))
        assert (await shop.shown())["a"].balance == 5
    newer = model_with(evolve=like(account_evolve, twofold), version=2)
    gates: list[Gated] = []

    def gated(log: Any) -> Gated:
        gates.append(Gated(log))
        return gates[-1]

    async with workshop(tmp_path, model=newer, wrap_log=gated) as shop:
        for asked in [
            shop.documents.get(Account, "a", TELLER),
            shop.documents.find(Account, Query(), TELLER),
            shop.documents.count(Account, ALL.where, TELLER),
            shop.documents.get(Account, "a", TELLER, Position(0, 0)),
            anext(shop.documents.watch(Account, "a", TELLER)),
            anext(shop.documents.watch_page(Account, Query(), TELLER)),
            anext(shop.documents.watch_changes(Account, ALL.where, TELLER)),
        ]:
            with pytest.raises(NotReady, match=r"Account is being built \(0 %\)"):
                await asked
        # What did not change is there all the time.
        assert await shop.documents.get(Total, "all", TELLER) is not None
        for each in gates:
            each.gate.set()
        assert (await shop.shown())["a"].balance == 10
        found = await shop.documents.get(Account, "a", TELLER, recorded[-1].position)
        assert found is not None
        assert found.balance == 10
    # The old version was retired: were the code set back, it would be built anew.
    async with workshop(tmp_path) as shop:
        assert (await shop.shown())["a"].balance == 5


async def test_a_build_that_was_interrupted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "BATCH_EVENTS_MAX", 3)
    async with workshop(tmp_path, runs=False) as shop:
        await shop.record(*EVENTS)

    class Stopping(Wrapped):
        left = 4

        async def commit(self, *given: Any, **others: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                await asyncio.Event().wait()
            return await self.store.commit(*given, **others)

    async with workshop(tmp_path, wrap=Stopping) as shop:
        standing = shop.projectors["Account"].standing
        await until(lambda: standing.events >= 12)
        with pytest.raises(NotReady, match="Account is being built"):
            await shop.documents.get(Account, "1", TELLER)
    async with workshop(tmp_path) as shop:
        await is_right(shop)
        assert shop.projectors["Account"].standing.events < len(EVENTS)
