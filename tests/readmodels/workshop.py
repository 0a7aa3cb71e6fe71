"""The read side of the sample bank over one directory: a log to fill, and projectors at work."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.rules import Viewer
from domain.testing import shown as plainly
from eventlog.codec import Codec
from eventlog.envelope import Draft, Position, Recorded, partition_of, stream_of
from eventlog.ids import new_id
from eventlog.log import Batch
from eventlog.sqlite import SqliteLog
from readmodels import folding, projector
from readmodels.composition import Collection, Model
from readmodels.feed import Feed
from readmodels.fold import ProjectionFold
from readmodels.live import LiveDocuments
from readmodels.projector import Projector
from readmodels.query import Query
from readmodels.sqlite import SqliteStore
from readmodels.store import Parked, Store
from tests.sample import Closed, Deposited, Opened, Withdrawn, account_documents, sample, totals

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DEADLINE_S = 20
MODEL = sample()
TELLER = Viewer("tess", frozenset({"teller"}))
ALL = Query(first=10_000)


def opened(account: str, owner: str = "ann") -> Opened:
    return Opened(account=account, owner=owner, at=AT)


def deposited(account: str, amount: int | str = 1) -> Deposited:
    return Deposited(account=account, amount=Decimal(amount), at=AT + timedelta(hours=1))


def withdrawn(account: str, amount: int | str = 1) -> Withdrawn:
    return Withdrawn(account=account, amount=Decimal(amount), to=None, at=AT + timedelta(hours=2))


def closed(account: str) -> Closed:
    return Closed(account=account)


@dataclass
class Workshop:
    """What runs, and what a test asks of it."""

    model: Model
    log: SqliteLog
    store: Store
    feed: Feed
    codec: Codec
    documents: LiveDocuments
    projectors: dict[str, Projector]

    def collection(self, name: str) -> Collection[Any]:
        return self.projectors[name].collection

    async def record(self, *events: Any) -> list[Recorded]:
        """The events, appended as one batch, each to the stream of its account."""
        versions: dict[str, int] = {}
        drafts: list[Draft] = []
        for event in events:
            stream = stream_of("account", event.account)
            if stream not in versions:
                versions[stream] = len(await self.log.history(stream, 0, 10_000))
            versions[stream] += 1
            drafts.append(self.draft(event, versions[stream]))
        return await self.log.append(Batch(drafts=drafts))

    def draft(self, event: Any, version: int, **others: Any) -> Draft:
        stream, spec = stream_of("account", event.account), self.codec.spec(event)
        made: dict[str, Any] = {"type": spec.name, "schema": spec.version}
        made["data"] = self.codec.encode(event)
        return Draft(
            id=new_id(),
            stream=stream,
            version=version,
            partition=partition_of(stream, self.log.partitions),
            at=AT,
            command_id="",
            correlation_id="",
            causation_id="",
            actor=None,
            trace=None,
            **made | others,
        )

    async def shown(self, name: str = "Account") -> dict[str, Any]:
        """The documents, once they stand for all that is in the log."""
        collection = self.collection(name)
        async with asyncio.timeout(DEADLINE_S):
            await self.feed.until_built(collection)
            for partition, end in (await self.log.ends()).items():
                await self.feed.passed(collection, Position(partition, end), DEADLINE_S)
        return {each.id: each for each in await self.store.find(collection, ALL)}

    async def retried(self, name: str = "Account") -> dict[str, Any]:
        """The documents, once what was set aside has been tried again: before any new event."""
        await self.record(opened("latest"))
        documents = await self.shown(name)
        documents.pop("latest", None)
        return documents

    async def record_raw(self, account: str, version: int, **others: Any) -> Recorded:
        """A deposit that stands in the log as the test says, whatever that is."""
        draft = self.draft(closed(account), version, **{"type": "sample.Deposited"} | others)
        return (await self.log.append(Batch(drafts=[draft])))[0]

    async def total(self) -> tuple[Decimal, int]:
        """What the one document shows that every partition feeds."""
        total = (await self.shown("Total"))["all"]
        return total.amount, total.movements

    async def parked(self, name: str = "Account") -> list[Parked]:
        return await self.store.parked(self.collection(name))


@asynccontextmanager
async def workshop(
    directory: Path,
    *,
    model: Model = MODEL,
    wrap: Callable[[Any], Any] = lambda store: store,
    wrap_log: Callable[[Any], Any] = lambda log: log,
    runs: bool = True,
) -> AsyncGenerator[Workshop]:
    """The read side at work; `wrap` stands between the projectors and the store."""
    log = SqliteLog(directory)
    feed = Feed()
    store = SqliteStore(directory, tell=feed.tell)
    codec = Codec(model.domain)
    folds = [ProjectionFold(shown, codec) for shown in model.shown.values()]
    projectors = [Projector(fold, wrap_log(log), wrap(store), feed) for fold in folds]
    documents = LiveDocuments(model.shown, store, feed, wait_s=DEADLINE_S)
    for each in projectors:
        await each.open()
    running = [asyncio.ensure_future(each.run()) for each in projectors if runs]
    try:
        named = {each.name: each for each in projectors}
        yield Workshop(model, log, store, feed, codec, documents, named)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        store.close()
        log.close()


def in_batches(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """Have projectors take so many events at once, and make the next batch ready meanwhile."""
    monkeypatch.setattr(projector, "BATCH_EVENTS_MAX", events)
    monkeypatch.setattr(projector, "LARGE_EVENTS_MIN", events)
    monkeypatch.setattr(projector, "RETRIED_EVENTS_MAX", events)
    monkeypatch.setattr(folding, "STEP_EVENTS_MAX", 2)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of."""
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - there is nothing to wait for
            await asyncio.sleep(0.001)


def like(function: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """The other function in the place of the first, with its annotations."""
    other.__annotations__ = function.__annotations__
    return other


def model_with(name: str = "Account", **changed: Any) -> Model:
    """The sample's model with other functions in the projection of the named document."""
    shown = {
        cls: replace(
            each,
            projection=(projection := replace(each.projection, **changed)),
            collection=replace(each.collection, version=projection.version),
        )
        if cls.__name__ == name
        else each
        for cls, each in MODEL.shown.items()
    }
    return replace(MODEL, shown=shown)


def positions(events: Sequence[Recorded]) -> list[Position]:
    return [each.position for each in events]


ACCOUNTS = [str(number) for number in range(20)]
EVENTS: list[Any] = [
    *(opened(account) for account in ACCOUNTS),
    *(deposited(account, number) for number, account in enumerate(ACCOUNTS, 1)),
    *(withdrawn(account, "0.5") for account in ACCOUNTS[::2]),
    *(closed(account) for account in ACCOUNTS[::5]),
    *(deposited(account, 100) for account in ACCOUNTS[1::5]),
]
MOVED = [each for each in EVENTS if hasattr(each, "amount")]


async def is_right(shop: Workshop) -> None:
    """The documents are those that a plain fold of `EVENTS` gives."""
    assert await shop.shown() == plainly(account_documents, *EVENTS)
    assert await shop.shown("Total") == plainly(totals, *MOVED)


class Wrapped:
    """A store that does as the one inside, but for what a test makes of it."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)
