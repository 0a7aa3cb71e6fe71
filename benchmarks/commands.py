"""Accepted commands a second in process: 100 callers against the real writer, log and disk."""

import asyncio
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from benchmarks.bare import inserts
from benchmarks.measuring import Figure, alternate
from domain.commerce.product_messages import ListProduct
from eventlog.codec import Codec
from eventlog.dispatcher import CommandDispatcher, Sender
from eventlog.envelope import Recorded
from eventlog.outcome import Accepted
from eventlog.sqlite import SqliteLog
from eventlog.writer import Writer
from readmodels.composition import Model

CALLERS = 100
COMMANDS = 20_000


async def figures(model: Model) -> list[Figure]:
    """Commands on new streams, one event each, beside bare inserts of the very same rows."""
    events: list[Recorded] = []

    async def ours() -> float:
        events.clear()
        return await _round(model, events)

    async def limit() -> float:
        return await asyncio.to_thread(inserts, events, CALLERS)

    await ours()
    found, bare = await alternate(ours, limit)
    return [
        Figure(
            name=f"accepted commands in process, {CALLERS} callers",
            ours=found,
            limit_name=f"bare SQLite inserts, {CALLERS} a commit",
            limit=bare,
            note="writer and log alone, full durability",
        )
    ]


async def _round(model: Model, events: list[Recorded]) -> float:
    with tempfile.TemporaryDirectory() as directory:
        log = SqliteLog(Path(directory))
        writer = Writer(log, model.domain, Codec(model.domain))
        dispatcher = CommandDispatcher(log, writer, model.domain)
        running = asyncio.create_task(writer.run())
        sender = Sender(actor="clerk-1", roles=frozenset({"clerk", "warehouse"}))

        async def call(caller: int) -> None:
            for n in range(COMMANDS // CALLERS):
                outcome = await dispatcher.dispatch(ListProduct, product(caller, n), sender)
                assert isinstance(outcome, Accepted)
                events.extend(outcome.events)

        started = time.perf_counter()
        await asyncio.gather(*(call(caller) for caller in range(CALLERS)))
        elapsed = time.perf_counter() - started
        await writer.drain()
        await running
        log.close()
    return COMMANDS / elapsed


def product(caller: object, n: int) -> dict[str, object]:
    """The fields of a product that nobody else lists."""
    return {
        "product": f"cd-{caller}-{n}",
        "name": "A CD",
        "category": "music",
        "price": Decimal("14.99"),
        "stock": 10,
        "low_stock_at": 2,
    }
