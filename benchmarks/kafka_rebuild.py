"""The rebuild of all of commerce's documents over Kafka and MongoDB: its rate and its memory."""

import json
from collections.abc import Sequence

from benchmarks.engines import Engines
from benchmarks.kafka_bare import bulk_write
from benchmarks.kafka_filling import filled, orders
from benchmarks.kafka_projecting import stored
from benchmarks.measuring import Figure, Measure, Row
from benchmarks.processes import process
from eventlog.codec import Codec
from readmodels.commerce.order import Order
from readmodels.composition import Model
from readmodels.mongo import AT_ONCE_MAX

EVENTS = 100_000
ROUNDS = 3
EVENTS_MANY = 500_000
"""From so many on, one round has to do."""
SAMPLE_DOCUMENTS = 10_000


async def rows(model: Model, engines: Engines, events: int = EVENTS) -> Sequence[Row]:
    """A process that builds everything, beside bare writes of as many documents."""
    prefix = await filled(engines, Codec(model.domain), orders(events))
    seconds: list[float] = []
    peaks: list[float] = []
    limits: list[float] = []
    written = 0
    for _ in range(1 if events >= EVENTS_MANY else ROUNDS):
        async with engines.database() as uri:
            built = await _built(engines, prefix, uri)
            sample = await stored(uri, model.shown[Order].collection, SAMPLE_DOCUMENTS)
        seconds.append(built["seconds"])
        peaks.append(built["peak_mib"])
        written = int(built["documents"])
        limit = await bulk_write(engines, sample, written, AT_ONCE_MAX)
        limits.append(limit * events / written)
    about = f"{len(model.shown)} projections side by side"
    return [
        Figure(
            name=f"rebuild of {events:,} events of a shop into all documents that ship",
            ours=[events / each for each in seconds],
            limit_name="bare motor bulk_write of as many orders, 1,000 at once",
            limit=limits,
            note=f"{about}, {written:,} writes",
        ),
        Measure(name=f"time of the rebuild of {events:,} events", values=seconds, unit="s"),
        Measure(name="its process' peak memory", values=peaks, unit="MiB", note=about),
    ]


async def _built(engines: Engines, prefix: str, uri: str) -> dict[str, float]:
    arguments = [engines.kafka.bootstrap, prefix, uri]
    async with process("benchmarks.kafka_rebuilding", *arguments) as rebuilding:
        out, _ = await rebuilding.communicate()
    found: dict[str, float] = json.loads(out)
    return found
