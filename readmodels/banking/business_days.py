"""Business days of a bank in the United States: no weekends or federal holidays (5 U.S.C. 6103)."""

from datetime import date, datetime, timedelta
from functools import cache

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
_NTH_WEEKDAYS = (
    (1, MONDAY, 3),
    (2, MONDAY, 3),
    (9, MONDAY, 1),
    (10, MONDAY, 2),
    (11, THURSDAY, 4),
)
"""Month, weekday, and which one of the month."""


def business_day(at: datetime) -> date:
    """The business day that cash of this instant counts for: the same or the next one.

    The rule is that of 31 CFR 1010.313(b) for deposits over a weekend or a holiday. Days end at
    midnight UTC.
    """
    day = at.date()
    while day.weekday() >= SATURDAY or day in _holidays(day.year):
        day += timedelta(days=1)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    """The federal holidays of a year; one on a Sunday is kept on the Monday after.

    The Federal Reserve Banks are open on the Friday before a holiday on a Saturday.
    """
    fixed = [date(year, month, day) for month, day in _FIXED]
    kept = [day + timedelta(days=day.weekday() == SUNDAY) for day in fixed]
    nth = [_nth_weekday(year, *each) for each in _NTH_WEEKDAYS]
    last_of_may = date(year, 5, 31)
    memorial = last_of_may - timedelta(days=last_of_may.weekday())
    return frozenset([*kept, *nth, memorial])


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
