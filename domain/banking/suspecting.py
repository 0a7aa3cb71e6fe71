"""Whether a payment is like the customer who makes it: the score, and the reasons for it.

The score adds up surprises and evidence (see `habits`). Of amounts and of velocity only the larger
counts: both rise with one burst. A payment is scored against what was learnt before it.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from math import log

from domain.banking.baselines import SPREAD_MIN, Baseline
from domain.banking.habits import DAY, HOUR, LEARNT_MIN, CustomerPayment, Habits, excess_surprise
from domain.model import value

REASON_MIN = 1.0
"""What is rarer than one in ten, or ten times likelier of a thief, is a reason."""
ALERT_FROM = 3.7
"""The score from which on a payment raises an alert: by the benchmark, two in a thousand honest
payments do so for nothing."""


class OddityKind(StrEnum):
    """What can be odd about a payment."""

    LARGE_AMOUNT = "LARGE_AMOUNT"
    LARGE_DAY = "LARGE_DAY"
    MANY_IN_AN_HOUR = "MANY_IN_AN_HOUR"
    MANY_IN_A_DAY = "MANY_IN_A_DAY"
    UNUSUAL_HOUR = "UNUSUAL_HOUR"
    NEW_PAYEE = "NEW_PAYEE"


@value
class Oddity:
    """Something odd about a payment; for a weight of 2 it happens once in a hundred, or so."""

    kind: OddityKind
    weight: float


@value
class Assessment:
    """How unlike the customer a payment is, and why, the oddest first."""

    score: float
    reasons: tuple[Oddity, ...]

    @property
    def is_alarming(self) -> bool:
        """Whether somebody has to look at it."""
        return self.score >= ALERT_FROM


def assessed(
    payment: CustomerPayment, habits: Habits, amounts: Mapping[str, Baseline]
) -> Assessment:
    """The assessment by the customer's habits, and by what amounts are usual in each currency."""
    if not habits.are_known(payment.at):
        return Assessment(score=0.0, reasons=())
    found = dict(_oddities(payment, habits, amounts.get(payment.currency)))
    size = max(found[OddityKind.LARGE_AMOUNT], found[OddityKind.LARGE_DAY])
    speed = max(found[OddityKind.MANY_IN_AN_HOUR], found[OddityKind.MANY_IN_A_DAY])
    rest = found[OddityKind.UNUSUAL_HOUR] + found[OddityKind.NEW_PAYEE]
    reasons = [
        Oddity(kind=kind, weight=round(weight, 2))
        for kind, weight in found.items()
        if weight >= REASON_MIN
    ]
    return Assessment(
        score=round(size + speed + rest, 2),
        reasons=tuple(sorted(reasons, key=lambda each: -each.weight)),
    )


def _oddities(
    payment: CustomerPayment, habits: Habits, usual: Baseline | None
) -> Iterator[tuple[OddityKind, float]]:
    yield OddityKind.LARGE_AMOUNT, _amount_surprise(payment, habits, usual)
    yield OddityKind.LARGE_DAY, _day_surprise(payment, habits, usual)
    yield OddityKind.MANY_IN_AN_HOUR, habits.velocity_surprise(payment, HOUR)
    yield OddityKind.MANY_IN_A_DAY, habits.velocity_surprise(payment, DAY)
    yield OddityKind.UNUSUAL_HOUR, habits.hour_evidence(payment.at)
    yield OddityKind.NEW_PAYEE, habits.payee_evidence(payment)


def _amount_surprise(payment: CustomerPayment, habits: Habits, usual: Baseline | None) -> float:
    """How odd the amount is: for the customer, and for the payee, if they are known."""
    odd = _excess(usual, payment.size)
    known = habits.known(payment.payee)
    if known is None:
        return odd
    return min(odd, excess_surprise((payment.size - known.size) / SPREAD_MIN))


def _day_surprise(payment: CustomerPayment, habits: Habits, usual: Baseline | None) -> float:
    """How odd it is to pay so much to fresh payees in a day, as if it were one amount."""
    if not habits.is_fresh(payment):
        return 0.0
    return _excess(usual, log(float(habits.sum_within(payment, DAY))))


def _excess(usual: Baseline | None, number: float) -> float:
    if usual is None or usual.count < LEARNT_MIN:
        return 0.0
    return excess_surprise(usual.deviation(number))
