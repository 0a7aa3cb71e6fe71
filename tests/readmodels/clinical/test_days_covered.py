"""The proportion of days covered against a count of days, one by one."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clinical.medication_messages import Fill
from readmodels.clinical.days_covered import days_covered

YEAR = 2026
DAY = timedelta(days=1)

fills_of_some_years = st.lists(
    st.builds(
        Fill,
        on=st.dates(date(YEAR - 1, 12, 1), date(YEAR + 1, 1, 31)),
        days_supply=st.integers(1, 400),
    ),
    max_size=12,
)


def fill(month: int, day: int, days: int, year: int = YEAR) -> Fill:
    return Fill(on=date(year, month, day), days_supply=days)


def counted(fills: list[Fill], year: int) -> tuple[int, int] | None:
    """Days covered and days in the period, by living through the year with a box of pills.

    On each day what was fetched goes into the box; one day's supply is taken out, if there is one.
    """
    fetched = {each.on: 0 for each in fills if each.on.year == year}
    for each in fills:
        if each.on in fetched:
            fetched[each.on] += each.days_supply
    if not fetched:
        return None
    today, box, covered, days = min(fetched), 0, 0, 0
    while today.year == year:
        box += fetched.get(today, 0)
        days += 1
        if box:
            box -= 1
            covered += 1
        today += DAY
    return covered, days


@settings(max_examples=150, deadline=None)
@given(fills_of_some_years)
def test_it_is_what_counting_the_days_gives(fills: list[Fill]) -> None:
    found = days_covered(fills, YEAR)
    expected = counted(fills, YEAR)
    assert (found and (found.days_covered, found.days)) == expected
    if found:
        assert 0 < found.proportion <= 1
        assert found.is_adherent == (found.days_covered * 100 >= found.days * 80)


def test_fills_in_any_order_come_to_the_same() -> None:
    fills = [fill(1, 1, 30), fill(1, 20, 30), fill(6, 1, 90)]
    assert days_covered(fills, YEAR) == days_covered(fills[::-1], YEAR)


def test_a_fill_before_the_last_has_run_out_is_shifted_to_the_day_after() -> None:
    found = days_covered([fill(1, 1, 90), fill(3, 25, 90)], YEAR)
    assert found is not None
    assert (found.days_covered, found.days) == (180, 365)
    assert found.lasts_until == date(YEAR, 6, 29)
    assert found.proportion == Decimal("0.4932")


def test_supply_beyond_the_year_and_fills_of_another_do_not_count() -> None:
    found = days_covered([fill(12, 1, 90, YEAR - 1), fill(10, 3, 90), fill(12, 20, 90)], YEAR)
    assert found is not None
    assert (found.days_covered, found.days) == (90, 90)
    assert not found.is_measured, "the index date is less than 91 days before the end"
    assert days_covered([fill(12, 1, 90, YEAR - 1)], YEAR) is None


def test_eighty_per_cent_is_adherent_and_a_day_less_is_not() -> None:
    full = days_covered([fill(1, 1, 200), fill(7, 1, 92)], YEAR)
    less = days_covered([fill(1, 1, 200), fill(7, 1, 91)], YEAR)
    assert full is not None
    assert less is not None
    assert (full.days_covered, full.is_adherent) == (292, True)
    assert (less.days_covered, less.is_adherent) == (291, False)


def test_two_fills_of_one_day_are_one_date_of_service() -> None:
    twice = days_covered([fill(1, 1, 30), fill(1, 1, 30)], YEAR)
    assert twice is not None
    assert (twice.fills, twice.days_covered, twice.is_measured) == (1, 60, False)
