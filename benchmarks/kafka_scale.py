"""What a second process gives, and what it costs those who ask when one comes, leaves or dies."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from benchmarks.engines import SESSION_S, Engines, new_name
from benchmarks.http import CONNECTIONS
from benchmarks.installation import Installation, installation, until_shared
from benchmarks.kafka_http import token_of
from benchmarks.measuring import Figure, Measure, Row
from benchmarks.processes import load
from benchmarks.steady import PAUSE_S, Steady, steady
from domain.commerce.product_messages import ListProduct
from readmodels.composition import Model
from tests.serving import ProcessServer

REQUESTS = 5_000
ROUNDS = 3
MOVES = 5
SETTLED_S = 1.0
"""How long is watched on after all is shared out."""
_serials = count()


async def rows(model: Model, engines: Engines) -> Sequence[Row]:
    """Both, with a first process that stays and a second that comes and goes."""
    async with installation(engines) as here, here.server() as first:
        await until_shared(first)
        rate = await _rates(here, first)
        gaps = Gaps(here, first, model.domain.owners[ListProduct].name)
        for _ in range(MOVES):
            await gaps.measure()
        return [rate, *gaps.rows()]


async def _rates(here: Installation, first: ProcessServer) -> Row:
    one: list[float] = []
    two: list[float] = []
    await _load(first)
    for _ in range(ROUNDS):
        one.append(await _load(first))
        async with here.server() as second:
            await until_shared(first, second)
            await _load(first, second)
            two.append(await _load(first, second))
        await until_shared(first)
    return Figure(
        name=f"accepted commands through HTTP at two processes, {CONNECTIONS} connections",
        ours=two,
        limit_name="the same load at one process",
        limit=one,
        note="Kafka, MongoDB, servers and load share the machine",
    )


async def _load(*servers: ProcessServer) -> float:
    urls = [each.url for each in servers]
    serial = f"scale-{next(_serials)}"
    found = await load(urls, token_of(servers[0]), serial, CONNECTIONS, REQUESTS)
    return found.per_second


@dataclass
class Gaps:
    """The longest gaps, in ms, that clients of the first process saw while a second one moved."""

    here: Installation
    first: ProcessServer
    aggregate: str
    joining: list[float] = field(default_factory=list[float])
    leaving: list[float] = field(default_factory=list[float])
    killed: list[float] = field(default_factory=list[float])
    still: list[float] = field(default_factory=list[float])
    refused: int = 0

    async def measure(self) -> None:
        """One process that comes and is asked to leave, and one that comes and is killed."""
        token = token_of(self.first)
        async with steady(self.first.url, token, new_name(), self.aggregate) as clients:
            async with _watched(clients, self.still):
                await asyncio.sleep(SETTLED_S)
            await self._second(clients, is_killed=False)
            await self._second(clients, is_killed=True)
        self.refused += clients.refused

    async def _second(self, clients: Steady, *, is_killed: bool) -> None:
        async with AsyncExitStack() as coming:
            async with _watched(clients, self.joining):
                second = await coming.enter_async_context(self.here.server())
                await until_shared(self.first, second)
            async with _watched(clients, self.killed if is_killed else self.leaving):
                await (second.kill() if is_killed else second.terminate())
                await until_shared(self.first)

    def rows(self) -> Sequence[Row]:
        """Each kind of move."""
        kinds = {
            "while nothing moves": (self.still, f"clients pause {1000 * PAUSE_S:.0f} ms"),
            "while a process joins": (self.joining, "it starts meanwhile, on the same machine"),
            "while a process leaves (SIGTERM)": (
                self.leaving,
                f"{self.refused} answers in all moves said to send again",
            ),
            "while a process is killed": (self.killed, f"{SESSION_S:g} s of silence tell of it"),
        }
        return [
            Measure(
                name=f"longest gap between two answers {name}",
                values=values,
                unit="ms",
                note=f"{len(values)} times; {note}",
            )
            for name, (values, note) in kinds.items()
        ]


@asynccontextmanager
async def _watched(clients: Steady, into: list[float]) -> AsyncGenerator[None]:
    """Notes the longest gap from now until all is settled after the context."""
    start = time.monotonic()
    yield
    await asyncio.sleep(SETTLED_S)
    into.append(1000 * clients.longest_gap_s(start, time.monotonic()))
