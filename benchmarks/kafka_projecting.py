"""Events a second from Kafka through the projector into MongoDB, beside the clients alone."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.engines import Engines, folder, store_of
from benchmarks.kafka_bare import bulk_write, consume
from benchmarks.kafka_filling import filled, repricings
from benchmarks.measuring import Figure, Row, in_turn
from eventlog.codec import Codec
from eventlog.kafka import Cluster, KafkaLog
from eventlog.kafka_topics import Topics
from readmodels.commerce.product import Product
from readmodels.composition import Collection, Model, Shown
from readmodels.feed import Feed
from readmodels.fold import ProjectionFold
from readmodels.mongo import AT_ONCE_MAX, connect
from readmodels.mongo_values import Records
from readmodels.projector import BATCH_EVENTS_MAX, Projector

EVENTS_IN_A_ROW = 300_000
"""So many that the start of a build, a quarter of a second, is no part of the figure."""
EVENTS_FAR_APART = 100_000
"""Of as many products as a projector holds."""
EVENTS_A_DOCUMENT = 10
ROUNDS = 5
BUILD_S_MAX = 1800.0


@dataclass(frozen=True, kw_only=True)
class Built:
    """What projectors have done from an empty store to the end of the log."""

    seconds: float
    documents: int
    """How many were written, each as often as it was."""


async def rows(model: Model, engines: Engines) -> Sequence[Row]:
    """Products of ten events each, which come in a row, or far apart."""
    return [
        await _figure(model, engines, True, EVENTS_IN_A_ROW, ROUNDS),
        await _figure(model, engines, False, EVENTS_FAR_APART, ROUNDS),
    ]


async def _figure(
    model: Model, engines: Engines, is_in_a_row: bool, events: int, rounds: int
) -> Figure:
    history = repricings(events, EVENTS_A_DOCUMENT, in_a_row=is_in_a_row)
    prefix = await filled(engines, Codec(model.domain), history)
    written: list[int] = []
    documents: list[dict[str, Any]] = []

    async def ours() -> float:
        async with engines.database() as uri:
            built = await build(model, [model.shown[Product]], engines.cluster, prefix, uri)
            written.append(built.documents)
            if not documents:
                documents.extend(await stored(uri, model.shown[Product].collection))
        return events / built.seconds

    async def reading() -> float:
        return await consume(engines, Topics(prefix).events, events)

    async def writing() -> float:
        a_batch = min(AT_ONCE_MAX, round(BATCH_EVENTS_MAX * written[-1] / events))
        return await bulk_write(engines, documents, written[-1], a_batch) * events / written[-1]

    await ours()
    read, wrote, found = await in_turn(rounds, reading, writing, ours)
    limits = {
        "bare aiokafka getmany of the same topic": read,
        "bare motor bulk_write of the same documents": wrote,
    }
    slower, faster = sorted(limits, key=lambda name: median(limits[name]))
    writes = round(1_000 * median(written) / events)
    return Figure(
        name=f"events from Kafka into MongoDB, {writes:,} documents per 1,000",
        ours=found,
        limit_name=slower,
        limit=limits[slower],
        note=f"{faster}: {median(limits[faster]):,.0f}",
    )


async def stored(uri: str, collection: Collection[Any], limit: int = 0) -> list[dict[str, Any]]:
    """Documents as they are stored: at most so many, 0 for all."""
    client = connect(uri)
    kept = client.get_default_database()[Records(collection).name]
    found = await kept.find(limit=limit).to_list(length=None)
    client.close()
    return found


async def build(
    model: Model, shown: Sequence[Shown[Any]], cluster: Cluster, prefix: str, uri: str
) -> Built:
    """From an empty store until every projection has come to the end of the log."""
    with folder() as directory:
        log = await KafkaLog.open(cluster, prefix, directory, own=())
        try:
            return await _build(model, shown, log, uri)
        finally:
            await log.close()


async def _build(model: Model, shown: Sequence[Shown[Any]], log: KafkaLog, uri: str) -> Built:
    feed, codec = Feed(), Codec(model.domain)
    async with store_of(uri, feed) as store:
        projectors = [Projector(ProjectionFold(each, codec), log, store, feed) for each in shown]
        started = time.perf_counter()
        for projector in projectors:
            await projector.open()
        running = [store.run(), *(projector.run() for projector in projectors)]
        tasks = [asyncio.create_task(each) for each in running]
        async with asyncio.timeout(BUILD_S_MAX):
            for each in shown:
                await feed.until_built(each.collection)
        seconds = time.perf_counter() - started
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    faults = [each.standing.last_error for each in projectors if each.standing.last_error]
    if faults:
        raise RuntimeError(faults[0])
    return Built(seconds=seconds, documents=sum(each.standing.documents for each in projectors))
