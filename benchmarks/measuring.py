"""How a figure is taken: several rounds, alternating with its limit, and the medians of both."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured, per second, beside the limit of the same run."""

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


HEADER = (
    "| figure | ours /s, median (range) | limit | limit /s | ratio | note |\n"
    "|---|---|---|---|---|---|"
)


async def alternate(
    ours: Callable[[], Awaitable[float]],
    limit: Callable[[], Awaitable[float]],
    rounds: int = ROUNDS,
) -> tuple[list[float], list[float]]:
    """Both measurements, `rounds` times in turn, so that a slow spell hits both alike."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        found[1].append(await limit())
        found[0].append(await ours())
    return found
