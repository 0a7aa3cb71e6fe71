"""The sketch of durations: as exact as promised, and the same however it is put together."""

from functools import reduce
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readmodels.commerce.sketch import (
    ACCURACY,
    BINS_MAX,
    EMPTY,
    SECONDS_MAX,
    SECONDS_MIN,
    Sketch,
    added,
    count_of,
    merged,
    quantile,
)

ROUNDING = 1e-9
"""What floating point adds to the relative error."""
durations = (
    st.floats(SECONDS_MIN, SECONDS_MAX)
    | st.floats(0.5, 100_000)
    | st.sampled_from([1.0, 60.0, 3600.0])
)
lists = st.lists(durations, max_size=40)


def sketch_of(values: list[float]) -> Sketch:
    return reduce(added, values, EMPTY)


def exact(values: list[float], q: float) -> float:
    return sorted(values)[floor(q * (len(values) - 1))]


@settings(max_examples=200, deadline=None)
@given(st.lists(durations, min_size=1, max_size=60), st.floats(0, 1))
def test_every_quantile_is_within_one_percent_of_the_exact_one(
    values: list[float], q: float
) -> None:
    true = exact(values, q)
    assert abs(quantile(sketch_of(values), q) - true) <= (ACCURACY + ROUNDING) * true


@settings(max_examples=100, deadline=None)
@given(st.lists(durations | st.just(0.0), max_size=40), lists)
def test_a_merged_sketch_is_that_of_all_the_values(one: list[float], other: list[float]) -> None:
    assert merged(sketch_of(one), sketch_of(other)) == sketch_of(one + other)
    assert merged(sketch_of(other), sketch_of(one)) == sketch_of(one + other)


@settings(max_examples=100, deadline=None)
@given(lists.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_of_the_values_makes_no_difference(
    both: tuple[list[float], list[float]],
) -> None:
    values, shuffled = both
    assert sketch_of(values) == sketch_of(shuffled)


def test_an_empty_sketch_has_no_time() -> None:
    assert quantile(EMPTY, 0.5) == 0.0
    assert count_of(EMPTY) == 0


def test_times_as_good_as_none_count_as_none() -> None:
    sketch = sketch_of([0.0, 0.0005, -3.0, 10.0])
    assert count_of(sketch) == 4
    assert quantile(sketch, 0.5) == 0.0
    assert quantile(sketch, 1.0) == pytest.approx(10.0, rel=ACCURACY)


def test_a_sketch_stays_small_whatever_it_is_of() -> None:
    decades = [SECONDS_MIN * 1.005**power for power in range(5_800)]
    sketch = sketch_of([*decades, SECONDS_MAX, SECONDS_MAX * 10, float("inf")])
    assert len(sketch.bins) <= BINS_MAX
    assert quantile(sketch, 1.0) == pytest.approx(SECONDS_MAX, rel=ACCURACY)
