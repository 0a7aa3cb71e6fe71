"""A quantile sketch of durations that can be merged, with a relative error of at most 1 %.

DDSketch, after Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
Relative-Error Guarantees", PVLDB 12(12), 2019. A duration x falls into the bin i = ceil(log_g(x))
with g = (1 + a) / (1 - a) and a the accuracy; bin i stands for 2 g^i / (g + 1), which is within a
of everything in it. Sketches of disjoint data are merged by adding the counts of their bins, so the
order of what is added makes no difference. Durations below a millisecond count as none, those
above a century as a century, so at most BINS_MAX bins are used, and none needs to be collapsed.
"""

from bisect import bisect_left
from math import ceil, floor, log

from domain.model import value
from readmodels.model import replace

ACCURACY = 0.01
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
SECONDS_MIN = 0.001
SECONDS_MAX = 100 * 365.25 * 86_400
BINS_MAX = ceil(log(SECONDS_MAX, GAMMA)) - ceil(log(SECONDS_MIN, GAMMA)) + 1


@value
class SketchBin:
    """How many durations fell into a bin."""

    index: int
    count: int


@value
class Sketch:
    """The distribution of durations: bins by rising index, and how many were as good as none."""

    zeros: int
    bins: tuple[SketchBin, ...]


EMPTY = Sketch(zeros=0, bins=())


def added(sketch: Sketch, seconds: float) -> Sketch:
    """The sketch with one duration more; a negative one counts as none."""
    if seconds < SECONDS_MIN:
        return replace(sketch, zeros=sketch.zeros + 1)
    index = ceil(log(min(seconds, SECONDS_MAX), GAMMA))
    bins = sketch.bins
    at = bisect_left(bins, index, key=lambda each: each.index)
    if at < len(bins) and bins[at].index == index:
        more = replace(bins[at], count=bins[at].count + 1)
        return replace(sketch, bins=(*bins[:at], more, *bins[at + 1 :]))
    return replace(sketch, bins=(*bins[:at], SketchBin(index=index, count=1), *bins[at:]))


def merged(*sketches: Sketch) -> Sketch:
    """The sketch of all that the sketches are of."""
    counts: dict[int, int] = {}
    for each in sketches:
        for one in each.bins:
            counts[one.index] = counts.get(one.index, 0) + one.count
    return Sketch(
        zeros=sum(each.zeros for each in sketches),
        bins=tuple(SketchBin(index=index, count=counts[index]) for index in sorted(counts)),
    )


def count_of(sketch: Sketch) -> int:
    """How many durations the sketch is of."""
    return sketch.zeros + sum(each.count for each in sketch.bins)


def quantile(sketch: Sketch, q: float) -> float:
    """The q-quantile in seconds, 0 <= q <= 1; 0.0 where the sketch is empty.

    It is the lower quantile of the paper: of n sorted values that with the index floor(q (n - 1)).
    """
    rank = floor(q * (count_of(sketch) - 1))
    passed = sketch.zeros
    if rank < passed:
        return 0.0
    for each in sketch.bins:
        passed += each.count
        if rank < passed:
            return float(2 * GAMMA**each.index / (GAMMA + 1))
    return 0.0
