"""Accepted commands through HTTP over Kafka and MongoDB: how many a second, and the time of one."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from itertools import count

from benchmarks.engines import Engines
from benchmarks.http import CONNECTIONS
from benchmarks.installation import installation, until_shared
from benchmarks.kafka_bare import Producers
from benchmarks.kafka_filling import messages, repricings
from benchmarks.measuring import Figure, Latency, Row, Waits, in_turn
from benchmarks.processes import Load, bare, load
from eventlog.codec import Codec
from readmodels.composition import Model
from tests.serving import ProcessServer

REQUESTS = 5_000
ONE_AT_A_TIME = 300
ROUNDS = 3


async def rows(model: Model, engines: Engines) -> Sequence[Row]:
    """Mutations at a process that does everything, and at one that only asks others."""
    async with AsyncExitStack() as running:
        whole = await running.enter_async_context(installation(engines))
        all_in_one = await running.enter_async_context(whole.server())
        bare_url = await running.enter_async_context(bare())
        await until_shared(all_in_one)
        rate = await _rate(all_in_one, bare_url)
        apart = await running.enter_async_context(installation(engines))
        deciding = await running.enter_async_context(apart.server("writer,projector"))
        asking = await running.enter_async_context(apart.server("api"))
        await until_shared(deciding)
        producers = await running.enter_async_context(Producers(engines))
        listed = repricings(ONE_AT_A_TIME, 1, in_a_row=True)
        bare_waits = partial(producers.waits_s, messages(Codec(model.domain), listed))
        return [rate, *await _latencies(all_in_one, asking, bare_waits)]


def token_of(server: ProcessServer) -> str:
    """A token for whoever lists products."""
    return server.token("clerk-1", "clerk")


async def _rate(server: ProcessServer, bare_url: str) -> Row:
    serials = count()

    async def measured(url: str) -> Load:
        serial = str(next(serials))
        return await load([url], token_of(server), serial, CONNECTIONS, REQUESTS)

    async def ours() -> float:
        return (await measured(server.url)).per_second

    async def limit() -> float:
        return (await measured(bare_url)).per_second

    await ours()  # warm: the operation is planned, the caches are filled
    limits, found = await in_turn(ROUNDS, limit, ours)
    return Figure(
        name=f"accepted commands through HTTP, {CONNECTIONS} connections, one process",
        ours=found,
        limit_name="bare Starlette route, JSON in and out",
        limit=limits,
        note="Kafka, MongoDB, server, projectors and load share the machine",
    )


async def _latencies(
    all_in_one: ProcessServer,
    asking: ProcessServer,
    bare_waits: Callable[[], Awaitable[list[float]]],
) -> Sequence[Row]:
    serials = count()

    async def waits(url: str) -> Waits:
        token, serial = token_of(all_in_one), f"alone-{next(serials)}"
        found = await load([url], token, serial, 1, ONE_AT_A_TIME)
        return Waits(p50_ms=found.p50_ms, p99_ms=found.p99_ms)

    async def limit() -> Waits:
        return Waits.of(await bare_waits())

    await waits(all_in_one.url)
    await waits(asking.url)
    limits, direct, by_topic = await in_turn(
        ROUNDS, limit, lambda: waits(all_in_one.url), lambda: waits(asking.url)
    )
    return [
        Latency(
            name=f"one mutation at a time, {where}",
            ours=found,
            limit_name="bare transaction of one record",
            limit=limits,
        )
        for where, found in (
            ("decided in the process that is asked", direct),
            ("decided in another process", by_topic),
        )
    ]
