"""Events a second through the projector, and a rebuild of 100,000 events."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.bare import json_loop, upserts
from benchmarks.measuring import Figure, alternate
from domain.commerce.order_messages import SaleRecorded
from eventlog.codec import Codec
from eventlog.envelope import Draft, Recorded, partition_of, stream_of
from eventlog.ids import new_id
from eventlog.log import Batch
from eventlog.sqlite import SqliteLog
from readmodels.commerce.customer_history import CustomerHistory
from readmodels.composition import Model, Shown
from readmodels.feed import Feed
from readmodels.fold import ProjectionFold
from readmodels.projector import Projector
from readmodels.query import Query
from readmodels.sqlite import SqliteStore

EVENTS = 100_000
EVENTS_A_DOCUMENT = 10
ROUNDS = 3


async def figures(model: Model) -> list[Figure]:
    """One projection with a document per ten events, and the rebuild of every document."""
    with tempfile.TemporaryDirectory() as directory:
        log = SqliteLog(Path(directory) / "log")
        events = await _fill(log, Codec(model.domain))
        bodies: list[tuple[str, str]] = []

        async def one() -> float:
            return await _project(model, [model.shown[CustomerHistory]], log, bodies)

        async def json() -> float:
            return await asyncio.to_thread(json_loop, events)

        async def everything() -> float:
            return await _project(model, list(model.shown.values()), log, [])

        async def writes() -> float:
            return await asyncio.to_thread(upserts, bodies * EVENTS_A_DOCUMENT, 1_000)

        found, bare = await alternate(one, json, ROUNDS)
        rebuilt, written = await alternate(everything, writes, ROUNDS)
        log.close()
    return [
        Figure(
            name="events through the projector, a document per ten events",
            ours=found,
            limit_name="bare JSON loop: decode and encode each event",
            limit=bare,
        ),
        Figure(
            name=f"rebuild of {EVENTS:,} events into all of commerce's documents",
            ours=rebuilt,
            limit_name="bare SQLite upserts of as many documents, 1,000 a commit",
            limit=written,
            note=f"{len(model.shown)} projections side by side",
        ),
    ]


async def _fill(log: SqliteLog, codec: Codec) -> list[Recorded]:
    recorded: list[Recorded] = []
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for at in range(0, EVENTS, 1_000):
        drafts = [_sale(codec, log, n, start) for n in range(at, at + 1_000)]
        recorded += await log.append(Batch(drafts=drafts))
    return recorded


def _sale(codec: Codec, log: SqliteLog, n: int, start: datetime) -> Draft:
    order = f"sale-{n}"
    stream = stream_of("order", order)
    event = SaleRecorded(
        order=order,
        customer=f"customer-{n % (EVENTS // EVENTS_A_DOCUMENT)}",
        units=1 + n % 5,
        amount=Decimal(n % 10_000) / 100,
        at=start + timedelta(minutes=n),
        by="import",
    )
    spec = codec.spec(event)
    return Draft(
        id=new_id(),
        type=spec.name,
        schema=spec.version,
        stream=stream,
        version=1,
        partition=partition_of(stream, log.partitions),
        at=event.at,
        command_id=order,
        correlation_id=order,
        causation_id=order,
        actor="import",
        trace=None,
        data=codec.encode(event),
    )


async def _project(
    model: Model, shown: list[Shown[Any]], log: SqliteLog, bodies: list[tuple[str, str]]
) -> float:
    """Events/s from an empty store until every projection has come to the end of the log."""
    with tempfile.TemporaryDirectory() as directory:
        feed = Feed()
        store = SqliteStore(Path(directory), tell=feed.tell)
        codec = Codec(model.domain)
        projectors = [Projector(ProjectionFold(each, codec), log, store, feed) for each in shown]
        started = time.perf_counter()
        for projector in projectors:
            await projector.open()
        tasks = [asyncio.create_task(projector.run()) for projector in projectors]
        for each in shown:
            await feed.until_built(each.collection)
        elapsed = time.perf_counter() - started
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not bodies:
            found = await store.find(shown[0].collection, Query(first=EVENTS))
            bodies += [(each.id, msgspec.json.encode(each).decode()) for each in found]
        store.close()
    return EVENTS / elapsed
