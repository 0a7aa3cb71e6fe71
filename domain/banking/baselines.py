"""What is usual for a stream of numbers, learnt one by one in bounded memory.

Two ways are kept, since which is better is a matter of measurement (`python -m benchmarks fraud`):
the median and the median absolute deviation over a window, and an exponentially weighted mean and
variance. Both give how many standard deviations a number is above what is usual.
"""

from math import sqrt
from statistics import median
from typing import Protocol, Self

from domain.model import value

WINDOW = 64
"""How many numbers the median is of."""
NORMAL_MAD = 1.4826
"""The standard deviation of a normal distribution, over its median absolute deviation."""
FORGETTING = 0.05
"""The weight of the newest number in the mean and variance."""
SPREAD_MIN = 0.25
"""Of logarithms: who always pays the same amount is not alarmed by a quarter more."""


class Baseline(Protocol):
    """What is usual for a stream of numbers."""

    @property
    def count(self) -> int:
        """How many numbers it was learnt from."""
        ...

    def deviation(self, number: float) -> float:
        """How many standard deviations the number is above what is usual."""
        ...

    def plus(self, number: float) -> Self:
        """The same with one more number learnt."""
        ...


@value
class MedianBaseline:
    """The latest numbers: half of them may be wild before the median and its deviation are."""

    latest: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        return len(self.latest)

    def deviation(self, number: float) -> float:
        middle = median(self.latest)
        spread = NORMAL_MAD * median(abs(each - middle) for each in self.latest)
        return (number - middle) / max(spread, SPREAD_MIN)

    def plus(self, number: float) -> "MedianBaseline":
        return MedianBaseline(latest=(*self.latest, number)[-WINDOW:])


@value
class MomentBaseline:
    """An exponentially weighted mean and variance, by West's recurrence (1979)."""

    count: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def deviation(self, number: float) -> float:
        return (number - self.mean) / max(sqrt(self.variance), SPREAD_MIN)

    def plus(self, number: float) -> "MomentBaseline":
        weight = max(FORGETTING, 1 / (self.count + 1))
        difference = number - self.mean
        return MomentBaseline(
            count=self.count + 1,
            mean=self.mean + weight * difference,
            variance=(1 - weight) * (self.variance + weight * difference * difference),
        )
