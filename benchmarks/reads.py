"""Reads over HTTP from each place that documents are in, beside servers that read the same."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count

from benchmarks import reads_servers as servers
from benchmarks.engines import Engines, folder
from benchmarks.installation import installation, until_shared
from benchmarks.measuring import Figure, Row
from benchmarks.reads_comparing import Asking, Pace, compared
from benchmarks.reads_operations import READS, Operation, addition
from benchmarks.reads_servers import DOCUMENTS, MODEL, Server

ADDITIONS_PER_S_MAX = 12_000
"""More than Headrace takes in, and than half of what the bare route does."""


async def embedded_rows(pace: Pace) -> Sequence[Row]:
    """From the embedded store, beside servers that run the same finds over the same file."""
    async with AsyncExitStack() as running:
        directory = running.enter_context(folder())
        file = directory / DOCUMENTS
        ours = await running.enter_async_context(servers.headrace(directory))
        peers = [
            await running.enter_async_context(each)
            for each in (
                servers.bare("bare Starlette route, the same SQLite find", "sqlite", str(file)),
                servers.yoga("sqlite", file),
                servers.mercurius("sqlite", file),
            )
        ]
        echo = await running.enter_async_context(
            servers.bare("bare Starlette route, JSON in and out", "memory")
        )
        rows = await reads("embedded", ours, peers, pace)
        asking = _additions(pace)
        rows += await compared(f"embedded: {asking().title}", asking, ours, [echo], pace)
        return by_kind(rows)


async def mongo_rows(engines: Engines, pace: Pace) -> Sequence[Row]:
    """From MongoDB, beside a bare route that runs the same finds by the same driver."""
    async with AsyncExitStack() as running:
        whole = await running.enter_async_context(installation(engines))
        process = await running.enter_async_context(whole.server(MODEL=MODEL))
        await until_shared(process)
        await servers.fill(process.url)
        bare = await running.enter_async_context(
            servers.bare("bare Starlette route, the same find", "mongo", whole.settings["MONGO"])
        )
        return await reads(
            "MongoDB", Server("Headrace", process.url, process.process.pid), [bare], pace
        )


async def reads(place: str, ours: Server, peers: Sequence[Server], pace: Pace) -> list[Row]:
    """Every read on each of these servers."""
    rows: list[Row] = []
    for each in READS:
        rows += await compared(f"{place}: {each.title}", _always(each), ours, peers, pace)
    return by_kind(rows)


def by_kind(rows: Sequence[Row]) -> list[Row]:
    """What belongs under one header together."""
    return sorted(rows, key=lambda each: not isinstance(each, Figure))


def _always(operation: Operation) -> Asking:
    return lambda: operation


def _additions(pace: Pace) -> Asking:
    """A mutation with ids that were not there before, at each call."""
    serials = count()
    many = round(ADDITIONS_PER_S_MAX * pace.seconds)

    def fresh() -> Operation:
        serial = next(serials)
        return addition(f"new-{serial}-{each}" for each in range(many))

    return fresh
