"""One operation on several servers: they agree, then full load on each in turn, then half of it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import httpx

from benchmarks.measuring import Figure, HalfLoad, Row, in_turn
from benchmarks.reads_asking import Seen, asked, load
from benchmarks.reads_operations import Operation
from benchmarks.reads_servers import Server

AGREED_ON = 5
WARM_S_MAX = 1.0

Asking = Callable[[], Operation]
"""The operation of one load: the same at each call, or with ids that were not there before."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long a load is, and how many there are of each."""

    seconds: float
    rounds: int


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
    rates = [median(each.per_second for each in seen) / 2 for seen in full]
    half = await _rounds(
        pace,
        [partial(_load, asking, each, pace, rate) for each, rate in zip(every, rates, strict=True)],
    )
    at_full = [
        Figure(
            name=title,
            ours=[each.per_second for each in full[0]],
            limit_name=peer.name,
            limit=[each.per_second for each in seen],
        )
        for peer, seen in zip(peers, full[1:], strict=True)
    ]
    at_half = [
        HalfLoad(
            name=title,
            rate=rates[0],
            ours=[each.tail for each in half[0]],
            limit_name=peer.name,
            limit_rate=rate,
            limit=[each.tail for each in seen],
        )
        for peer, rate, seen in zip(peers, rates[1:], half[1:], strict=True)
    ]
    return [*at_full, *at_half]


async def _load(asking: Asking, server: Server, pace: Pace, rate: float = 0.0) -> Seen:
    return await load(server.url, asking(), pace.seconds, rate)


async def _rounds(
    pace: Pace, measured: Sequence[Callable[[], Awaitable[Seen]]]
) -> list[list[Seen]]:
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
