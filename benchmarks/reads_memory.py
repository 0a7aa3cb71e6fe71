"""Reads of documents in memory: the limit of what can be answered, and what others make of it."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from benchmarks import reads_servers as servers
from benchmarks.engines import folder
from benchmarks.measuring import Measure, Row, in_turn
from benchmarks.reads import reads
from benchmarks.reads_asking import Seen, load
from benchmarks.reads_comparing import Pace
from benchmarks.reads_operations import LIST

PACED_PER_S = 5_000.0
"""Near half of what a bare route answers: the highest rate that the load is paced at."""


async def rows(pace: Pace) -> Sequence[Row]:
    """From memory, beside a bare route, stock Strawberry, and two servers on Node."""
    async with AsyncExitStack() as running:
        directory = running.enter_context(folder())
        file = directory / "catalogue.json"
        servers.write_catalogue(file)
        ready, ours, *peers = [
            await running.enter_async_context(each)
            for each in (
                servers.ready_bytes(),
                servers.headrace_in_memory(directory),
                servers.bare("bare Starlette route over documents in memory", "memory"),
                servers.strawberry(),
                servers.yoga("memory", file),
                servers.mercurius("memory", file),
            )
        ]
        return [*await _of_the_load(ready, pace), *await reads("memory", ours, peers, pace)]


async def _of_the_load(ready: servers.Server, pace: Pace) -> list[Row]:
    """What the load itself can do, which has to be well beyond what it measures."""

    async def full() -> Seen:
        return await load(ready.url, LIST, pace.seconds)

    async def paced() -> Seen:
        return await load(ready.url, LIST, pace.seconds, PACED_PER_S)

    at_full, at_pace = await in_turn(pace.rounds, full, paced)
    return [
        Measure(
            name="the load alone, answers that lie ready",
            values=[each.per_second for each in at_full],
            unit="/s",
        ),
        Measure(
            name=f"the load alone, paced at {PACED_PER_S:,.0f}/s: 99th percentile",
            values=[each.tail.p99_ms for each in at_pace],
            unit="ms",
        ),
    ]
