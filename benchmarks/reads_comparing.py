"""One operation on several servers: they agree, then full load on each in turn, then half of it."""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import httpx

from benchmarks.measuring import Figure, HalfLoad, Row, in_turn
from benchmarks.reads_asking import Seen, asked, load
from benchmarks.reads_operations import Operation
from benchmarks.reads_servers import Server
from benchmarks.usage import cpu_s

AGREED_ON = 5
WARM_S_MAX = 1.0

Asking = Callable[[], Operation]
"""The operation of one load: the same at each call, or with ids that were not there before."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long a load is, and how many there are of each."""

    seconds: float
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one load has seen of a server, and the processor time that an answer took there."""

    seen: Seen
    cpu_us: float


async def compared(
    title: str, asking: Asking, ours: Server, peers: Sequence[Server], pace: Pace
) -> list[Row]:
    """What each server answers a second, and how long that takes at half of its own maximum.

    Raises RuntimeError where one of them answers otherwise than ours.
    """
    every = [ours, *peers]
    await _agree(asking(), every)
    for each in every:
        await load(each.url, asking(), min(WARM_S_MAX, pace.seconds))
    full = await _rounds(pace, [partial(_load, asking, each, pace) for each in every])
    rates = [median(each.seen.per_second for each in of_one) / 2 for of_one in full]
    half = await _rounds(
        pace,
        [partial(_load, asking, each, pace, rate) for each, rate in zip(every, rates, strict=True)],
    )
    return [*_at_full(title, every, full), *_at_half(title, every, rates, half)]


def _at_full(
    title: str, every: Sequence[Server], rounds: Sequence[Sequence[Round]]
) -> Iterator[Row]:
    rates = [[each.seen.per_second for each in of_one] for of_one in rounds]
    cpu_us = [median(each.cpu_us for each in of_one) for of_one in rounds]
    for peer, limit, theirs_us in zip(every[1:], rates[1:], cpu_us[1:], strict=True):
        yield Figure(
            name=title,
            ours=rates[0],
            limit_name=peer.name,
            limit=limit,
            note=f"processor time an answer: {cpu_us[0]:,.0f} µs, theirs {theirs_us:,.0f} µs",
        )


def _at_half(
    title: str,
    every: Sequence[Server],
    rates: Sequence[float],
    rounds: Sequence[Sequence[Round]],
) -> Iterator[Row]:
    tails = [[each.seen.tail for each in of_one] for of_one in rounds]
    for peer, rate, limit in zip(every[1:], rates[1:], tails[1:], strict=True):
        yield HalfLoad(
            name=title,
            rate=rates[0],
            ours=tails[0],
            limit_name=peer.name,
            limit_rate=rate,
            limit=limit,
        )


async def _load(asking: Asking, server: Server, pace: Pace, rate: float = 0.0) -> Round:
    before_s = cpu_s(server.pid)
    seen = await load(server.url, asking(), pace.seconds, rate)
    return Round(seen=seen, cpu_us=1_000_000 * (cpu_s(server.pid) - before_s) / seen.answers)


async def _rounds(
    pace: Pace, measured: Sequence[Callable[[], Awaitable[Round]]]
) -> list[list[Round]]:
    return await in_turn(pace.rounds, *measured)


async def _agree(operation: Operation, every: Sequence[Server]) -> None:
    async with httpx.AsyncClient() as http:
        for variables in operation.variables[:AGREED_ON]:
            body = operation.request(variables)
            given = [(each, _plain(await asked(http, each.url, body))) for each in every]
            for server, data in given[1:]:
                if data != given[0][1]:
                    raise RuntimeError(f"{server.name} answers {data}, ours {given[0][1]}")


def _plain(data: object) -> object:
    """The data with UTC as Headrace writes it: `Z`, where others write an offset."""
    return json.loads(json.dumps(data).replace("+00:00", "Z"))
