"""The same subscriptions on several servers: they agree, then each is measured in turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks.live_asking import Crowd, Took
from benchmarks.live_operations import Watching
from benchmarks.live_orders import Flood, InTurn, Order, Paced
from benchmarks.measuring import Figure, Latency, Measure, Row, Waits, in_turn
from benchmarks.reads_comparing import Pace

MODEST_MESSAGES_PER_S = 10_000
MODEST_CHANGES_PER_S_MAX = 50
PACED_TIMES = 3
"""How much longer a round at a modest rate is, which has few changes a second."""
WARM_S_MAX = 1.0


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What one server did, round by round."""

    name: str
    in_turn: Sequence[Took]
    flooded: Sequence[Took]
    paced: Sequence[Took]


async def compared(
    watching: Watching, ours: Crowd, peers: Sequence[Crowd], pace: Pace, writers: int
) -> list[Row]:
    """What each pushes at its most, and how late it is at a modest rate. All watch already."""
    every = [ours, *peers]
    rate = min(MODEST_MESSAGES_PER_S / watching.per_change, MODEST_CHANGES_PER_S_MAX)
    for each in every:
        await each.do(InTurn(seconds=min(WARM_S_MAX, pace.seconds)))
    orders: tuple[Order, ...] = (
        InTurn(seconds=pace.seconds),
        Flood(writers=writers, seconds=pace.seconds),
        Paced(rate=rate, seconds=PACED_TIMES * pace.seconds),
    )
    phases = [
        await in_turn(pace.rounds, *(partial(each.do, order) for each in every)) for order in orders
    ]
    found = [
        Pushed(name=each.server.name, in_turn=at_most, flooded=flooded, paced=paced)
        for each, at_most, flooded, paced in zip(every, *phases, strict=True)
    ]
    return [
        *_in_turn(watching.title, found),
        *_flooded(f"{watching.title}, {writers} writers at once", found),
        *_paced(f"{watching.title}, {rate:g} changes a second", found),
        _of_the_crowd(watching.title, found),
    ]


def _in_turn(title: str, found: Sequence[Pushed]) -> Iterator[Row]:
    ours, *peers = found
    for peer in peers:
        yield Figure(
            name=f"{title}: messages, one change after another",
            ours=[each.per_second for each in ours.in_turn],
            limit_name=peer.name,
            limit=[each.per_second for each in peer.in_turn],
            note=(
                f"everybody has it after {_after_sending(ours.in_turn)}, theirs "
                f"{_after_sending(peer.in_turn)}; {_cpu(ours.in_turn, peer.in_turn)}"
            ),
        )


def _flooded(title: str, found: Sequence[Pushed]) -> Iterator[Row]:
    ours, *peers = found
    for peer in peers:
        yield Figure(
            name=f"{title}: messages",
            ours=[each.per_second for each in ours.flooded],
            limit_name=peer.name,
            limit=[each.per_second for each in peer.flooded],
            note=(
                f"of {_changes(ours.flooded)} changes a second, theirs of "
                f"{_changes(peer.flooded)}; {_cpu(ours.flooded, peer.flooded)}"
            ),
        )


def _paced(title: str, found: Sequence[Pushed]) -> Iterator[Row]:
    ours, *peers = found
    for peer in peers:
        yield Latency(
            name=f"{title}: until everybody has it",
            ours=[Waits.of(each.seen.from_sending_s) for each in ours.paced],
            limit_name=peer.name,
            limit=[Waits.of(each.seen.from_sending_s) for each in peer.paced],
            note=(
                f"after its answer {_after_answer(ours.paced)}, theirs "
                f"{_after_answer(peer.paced)}; {_cpu(ours.paced, peer.paced)}"
            ),
        )


def _of_the_crowd(title: str, found: Sequence[Pushed]) -> Row:
    """How busy clients were where they had most to do: near 100 a figure would be theirs."""
    shares = {
        each.name: [100 * took.crowd_s / took.seen.seconds for took in each.in_turn]
        for each in found
    }
    busiest = max(shares, key=lambda name: median(shares[name]))
    return Measure(
        name=f"{title}: the busiest clients, those of {busiest}",
        values=shares[busiest],
        unit="% of a core",
    )


def _cpu(ours: Sequence[Took], theirs: Sequence[Took]) -> str:
    mine_us, theirs_us = (median(each.cpu_us for each in some) for some in (ours, theirs))
    return f"processor time a message: {mine_us:,.1f} µs, theirs {theirs_us:,.1f} µs"


def _changes(rounds: Sequence[Took]) -> str:
    return f"{median(each.seen.changes / each.seen.seconds for each in rounds):,.0f}"


def _after_sending(rounds: Sequence[Took]) -> str:
    return _shown([Waits.of(each.seen.from_sending_s) for each in rounds])


def _after_answer(rounds: Sequence[Took]) -> str:
    return _shown([Waits.of(each.seen.from_answer_s) for each in rounds])


def _shown(rounds: Sequence[Waits]) -> str:
    """The 50th and the 99th percentile, each the median of the rounds."""
    p50_ms, p99_ms = median(each.p50_ms for each in rounds), median(each.p99_ms for each in rounds)
    return f"{p50_ms:.1f} and {p99_ms:.1f} ms"
