"""Events into documents: each once, whatever is delivered twice, lost to another, or down."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from readmodels import projector
from readmodels.fold import ProjectionFold
from readmodels.projector import Projector
from readmodels.store import Write
from tests.readmodels.workshop import (
    EVENTS,
    MODEL,
    MOVED,
    Wrapped,
    in_batches,
    is_right,
    like,
    model_with,
    opened,
    until,
    workshop,
)
from tests.sample import account_documents

pytestmark = pytest.mark.usefixtures("soon")


# Once, and only once


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
@pytest.mark.parametrize("held", [0, 3, 10_000])
async def test_documents_are_the_same_in_every_batch_size_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, held: int
) -> None:
    in_batches(monkeypatch, batch)
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
    in_batches(monkeypatch, batch)
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


@pytest.mark.parametrize("batch", [3, 1000])
async def test_a_store_that_is_down_for_a_while_is_tried_again_and_that_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    in_batches(monkeypatch, batch)
    async with workshop(tmp_path, wrap=Down) as shop:
        await shop.record(*EVENTS)
        await is_right(shop)
        for each in shop.projectors.values():
            assert each.standing.last_error == "OSError: the store is out of reach"


# Two at one document


class Overtaken(Wrapped):
    """Before a commit, somebody else has written the same events into the same documents."""

    calls = 0

    async def commit(self, collection: Any, writes: Sequence[Write[Any]], **others: Any) -> Any:
        self.calls += 1
        # Now and then, also over documents that the projector still has in memory.
        if self.calls % 3 == 0 and writes:
            quiet: Mapping[str, Any] = {"is_built": others["is_built"]}
            assert await self.store.commit(collection, writes[:1], **quiet) == []
        return await self.store.commit(collection, writes, **others)


@pytest.mark.parametrize("at_once", [9, len(EVENTS)])
@pytest.mark.parametrize("batch", [2, 3, 1000])
@pytest.mark.parametrize("held", [0, 3, 10_000])
async def test_a_lost_race_is_loaded_and_folded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, batch: int, held: int
) -> None:
    # Also where what is loaded was loaded while the batch before was still being written.
    in_batches(monkeypatch, batch)
    monkeypatch.setattr(projector, "DOCUMENTS_HELD_MAX", held)
    async with workshop(tmp_path, wrap=Overtaken) as shop:
        for at in range(0, len(EVENTS), at_once):
            await shop.record(*EVENTS[at : at + at_once])
            await shop.shown()
        await is_right(shop)
        assert shop.projectors["Account"].standing.last_error == ""


async def test_two_projectors_of_one_collection_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As when an owner does not know yet that it has lost its partition.
    in_batches(monkeypatch, 4)
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
