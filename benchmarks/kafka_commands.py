"""Accepted commands a second over Kafka, and the time of one: decided here, or by their owner."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from benchmarks.commands import CALLERS, product
from benchmarks.engines import Engines, new_name
from benchmarks.kafka_bare import Producers
from benchmarks.kafka_owner import SERVING, process_of
from benchmarks.measuring import Figure, Latency, Row, Waits, in_turn
from benchmarks.processes import line, process
from domain.commerce.product_messages import ListProduct
from eventlog.dispatcher import CommandDispatcher, Sender
from eventlog.envelope import PARTITIONS, Recorded
from eventlog.kafka_client import Message
from eventlog.kafka_follow import reading
from eventlog.kafka_records import message_of
from eventlog.kafka_topics import Topics
from eventlog.outcome import Accepted
from readmodels.composition import Model

COMMANDS = 10_000
ONE_AT_A_TIME = 300
ROUNDS = 3
_CLERK = Sender(actor="clerk-1", roles=frozenset({"clerk"}))


@dataclass(kw_only=True)
class Shop:
    """One installation, and who is asked to carry commands out in it."""

    name: str
    engines: Engines
    prefix: str
    dispatcher: CommandDispatcher
    messages: list[Message] = field(default_factory=list[Message])
    """What the last round has written."""
    transactions: int = 0
    """In how many transactions it did."""
    _serials: "count[int]" = field(default_factory=count)

    async def rate(self) -> float:
        """Accepted commands/s, each the first of its stream, from many callers."""
        before = await self._ends()
        serial = next(self._serials)
        events: list[Recorded] = []
        started = time.perf_counter()
        await asyncio.gather(*(self._call(serial, each, events) for each in range(CALLERS)))
        elapsed = time.perf_counter() - started
        # Each transaction leaves a marker behind its events.
        self.transactions = await self._ends() - before - len(events)
        self.messages = [message_of(each, f"/{self.prefix}") for each in events]
        return COMMANDS / elapsed

    async def _call(self, serial: int, caller: int, events: list[Recorded]) -> None:
        for n in range(COMMANDS // CALLERS):
            events += await self._list(f"{serial}-{caller}", n)

    async def _list(self, caller: str, n: int) -> Sequence[Recorded]:
        outcome = await self.dispatcher.dispatch(ListProduct, product(caller, n), _CLERK)
        assert isinstance(outcome, Accepted), outcome
        return outcome.events

    async def _ends(self) -> int:
        topic = Topics(self.prefix).events
        async with reading(self.engines.cluster) as reader:
            ends = await reader.ends((topic, each) for each in range(PARTITIONS))
        return sum(ends.values())

    async def waits(self) -> Waits:
        """How long it takes from a command to its outcome, one after another."""
        serial = next(self._serials)
        waits: list[float] = []
        for n in range(ONE_AT_A_TIME):
            started = time.perf_counter()
            await self._list(f"{serial}-alone", n)
            waits.append(time.perf_counter() - started)
        return Waits.of(waits)


async def rows(model: Model, engines: Engines) -> Sequence[Row]:
    """Commands that are decided in this process, and commands that go to another by the topic."""
    here, there = new_name(), new_name()
    cluster, domain = engines.cluster, model.domain
    async with (
        process("benchmarks.kafka_owner", cluster.servers, there) as owner,
        process_of(cluster, here, domain, owns=True) as deciding,
        process_of(cluster, there, domain, owns=False) as sending,
        Producers(engines) as bare,
    ):
        await line(owner, f"({SERVING})")
        shops = [
            Shop(name="decided here", engines=engines, prefix=here, dispatcher=deciding),
            Shop(name="decided elsewhere", engines=engines, prefix=there, dispatcher=sending),
        ]
        return [*await _rates(shops, bare), *await _latencies(shops, bare)]


async def _rates(shops: Sequence[Shop], bare: Producers) -> list[Row]:
    """Beside as many bare transactions, of the same records and the same mean size."""

    def limit(shop: Shop) -> Callable[[], Awaitable[float]]:
        return lambda: bare.rate(shop.messages, shop.transactions)

    for shop in shops:  # so that the broker is warm for whoever is measured first
        await shop.rate()
        await limit(shop)()
    found = await in_turn(ROUNDS, *(f for shop in shops for f in (limit(shop), shop.rate)))
    return [
        Figure(
            name=f"accepted commands {shop.name}, {CALLERS} callers",
            ours=ours,
            limit_name=f"bare transactions by {PARTITIONS} producers",
            limit=limits,
            note=f"{len(shop.messages) / shop.transactions:.1f} records a transaction "
            "on both sides",
        )
        for shop, limits, ours in zip(shops, found[::2], found[1::2], strict=True)
    ]


async def _latencies(shops: Sequence[Shop], bare: Producers) -> list[Row]:
    async def limit() -> Waits:
        return Waits.of(await bare.waits_s(shops[0].messages[:ONE_AT_A_TIME]))

    measured: list[Callable[[], Awaitable[Waits]]] = [limit, *(each.waits for each in shops)]
    limits, *found = await in_turn(ROUNDS, *measured)
    return [
        Latency(
            name=f"one command at a time, {shop.name}",
            ours=waits,
            limit_name="bare transaction of one record",
            limit=limits,
        )
        for shop, waits in zip(shops, found, strict=True)
    ]
