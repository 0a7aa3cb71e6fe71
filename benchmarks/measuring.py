"""How a figure is taken: several rounds, alternating with its limits, and the medians of all."""

import gc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import ClassVar, Protocol, TypeVar

ROUNDS = 5

T = TypeVar("T")


class Row(Protocol):
    """What a benchmark gives: a row of a Markdown table, under the header of its kind."""

    HEADER: ClassVar[str]

    def row(self) -> str:
        """The row."""
        ...


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured, per second, beside the limit of the same run."""

    HEADER: ClassVar[str] = (
        "| figure | ours /s, median (range) | limit | limit /s | ratio | note |\n"
        "|---|---|---|---|---|---|"
    )

    name: str
    ours: Sequence[float]
    limit_name: str
    limit: Sequence[float]
    note: str = ""

    def row(self) -> str:
        """The figure as a row of a Markdown table."""
        ours, limit = median(self.ours), median(self.limit)
        spread = f"{min(self.ours):,.0f} to {max(self.ours):,.0f}"
        return (
            f"| {self.name} | {ours:,.0f} ({spread}) | {self.limit_name} | {limit:,.0f} "
            f"| {ours / limit:.2f} | {self.note} |"
        )


@dataclass(frozen=True, kw_only=True)
class Waits:
    """How long one thing after another took in one round, in ms."""

    p50_ms: float
    p99_ms: float

    @staticmethod
    def of(seconds: Sequence[float]) -> "Waits":
        """The median of so many waits, and what one in a hundred exceeds."""
        ordered = sorted(seconds)
        return Waits(p50_ms=1000 * median(ordered), p99_ms=1000 * ordered[len(ordered) * 99 // 100])


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How long one thing at a time took, beside the limit of the same run."""

    HEADER: ClassVar[str] = (
        "| latency | p50 ms | p99 ms | limit | p50 ms | p99 ms | ratio of p50 | note |\n"
        "|---|---|---|---|---|---|---|---|"
    )

    name: str
    ours: Sequence[Waits]
    limit_name: str
    limit: Sequence[Waits]
    note: str = ""

    def row(self) -> str:
        """The latency as a row of a Markdown table; each number is the median of the rounds."""
        (p50, p99), (limit_p50, limit_p99) = _medians(self.ours), _medians(self.limit)
        return (
            f"| {self.name} | {_ms(p50)} | {_ms(p99)} | {self.limit_name} | {_ms(limit_p50)} "
            f"| {_ms(limit_p99)} | {p50 / limit_p50:.1f} | {self.note} |"
        )


def _ms(value: float) -> str:
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _medians(rounds: Sequence[Waits]) -> tuple[float, float]:
    return median(each.p50_ms for each in rounds), median(each.p99_ms for each in rounds)


@dataclass(frozen=True, kw_only=True)
class Tail:
    """How long answers took in one round, in ms: the median, and what few exceed."""

    p50_ms: float
    p95_ms: float
    p99_ms: float

    @staticmethod
    def of(seconds: Sequence[float]) -> "Tail":
        """That of so many waits."""
        ordered = sorted(seconds)
        p50, p95, p99 = (1000 * ordered[len(ordered) * each // 100] for each in (50, 95, 99))
        return Tail(p50_ms=p50, p95_ms=p95, p99_ms=p99)


@dataclass(frozen=True, kw_only=True)
class HalfLoad:
    """How long answers took at half of the rate that was measured, beside another server's."""

    HEADER: ClassVar[str] = (
        "| at half of full load | asked /s | p50 ms | p95 ms | p99 ms "
        "| beside | asked /s | p50 ms | p95 ms | p99 ms |\n"
        "|---|---|---|---|---|---|---|---|---|---|"
    )

    name: str
    rate: float
    ours: Sequence[Tail]
    limit_name: str
    limit_rate: float
    limit: Sequence[Tail]

    def row(self) -> str:
        """The waits as a row of a Markdown table; each number is the median of the rounds."""
        return (
            f"| {self.name} | {self.rate:,.0f} | {_tail(self.ours)} "
            f"| {self.limit_name} | {self.limit_rate:,.0f} | {_tail(self.limit)} |"
        )


def _tail(rounds: Sequence[Tail]) -> str:
    of_each = zip(*((each.p50_ms, each.p95_ms, each.p99_ms) for each in rounds), strict=True)
    return " | ".join(f"{median(each):.2f}" for each in of_each)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What was measured in a unit of its own, without a limit."""

    HEADER: ClassVar[str] = "| measure | median (range) | unit | note |\n|---|---|---|---|"

    name: str
    values: Sequence[float]
    unit: str
    note: str = ""

    def row(self) -> str:
        """The measure as a row of a Markdown table."""
        spread = f"{min(self.values):,.1f} to {max(self.values):,.1f}"
        return (
            f"| {self.name} | {median(self.values):,.1f} ({spread}) | {self.unit} | {self.note} |"
        )


async def alternate(
    ours: Callable[[], Awaitable[T]], limit: Callable[[], Awaitable[T]], rounds: int = ROUNDS
) -> tuple[list[T], list[T]]:
    """Both measurements, `rounds` times in turn, so that a slow spell hits both alike."""
    limits, found = await in_turn(rounds, limit, ours)
    return found, limits


async def in_turn(rounds: int, *measured: Callable[[], Awaitable[T]]) -> list[list[T]]:
    """What each measurement gave, `rounds` times one after another."""
    found: list[list[T]] = [[] for _ in measured]
    for _ in range(rounds):
        for values, measure in zip(found, measured, strict=True):
            # What the benchmark holds is nobody's to search for garbage, on either side.
            gc.collect()
            gc.freeze()
            values.append(await measure())
    return found
