"""The proportion of days covered, as the Pharmacy Quality Alliance measures adherence.

A drug's measurement period begins with its first fill in the calendar year, the index date, and
ends with the year. A day is covered where a supply is at hand; a fill that comes before the one
before has run out is shifted to the day after that; what lasts beyond the period, or was dispensed
before it, does not count. 80 % is the threshold of adherence. A patient is measured who has two
fills on different days, the first of them at least 91 days before the end of the period (PQA,
Proportion of Days Covered: index prescription start date and treatment period).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from domain.clinical.medication_messages import Fill

THRESHOLD = Decimal("0.80")
PERIOD_DAYS_MIN = 91
FOUR_PLACES = Decimal("0.0001")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class DaysCovered:
    """What the fills of one drug come to in a year; `lasts_until` is the last day with a supply."""

    first_fill_on: date
    fills: int
    days: int
    days_covered: int
    lasts_until: date

    @property
    def proportion(self) -> Decimal:
        """Days covered over days in the period, from 0 to 1, to four places."""
        return (Decimal(self.days_covered) / self.days).quantize(FOUR_PLACES, ROUND_HALF_UP)

    @property
    def is_measured(self) -> bool:
        """Whether the patient belongs to those that the measure is about."""
        return self.fills >= 2 and self.days >= PERIOD_DAYS_MIN

    @property
    def is_adherent(self) -> bool:
        """Whether the threshold is reached, by the exact proportion."""
        return self.days_covered >= THRESHOLD * self.days


def days_covered(fills: Iterable[Fill], year: int) -> DaysCovered | None:
    """The measure of one drug's fills in the calendar year; None where there is none in it.

    Several fills of one day follow each other, as overlapping ones do.
    """
    mine = sorted((each for each in fills if each.on.year == year), key=lambda each: each.on)
    if not mine:
        return None
    end, covered = date(year, 12, 31), 0
    free_from = mine[0].on
    for each in mine:
        start = max(each.on, free_from)
        free_from = start + each.days_supply * DAY
        covered += max(min(free_from, end + DAY) - start, timedelta()).days
    return DaysCovered(
        first_fill_on=mine[0].on,
        fills=len({each.on for each in mine}),
        days=(end - mine[0].on).days + 1,
        days_covered=covered,
        lasts_until=free_from - DAY,
    )
