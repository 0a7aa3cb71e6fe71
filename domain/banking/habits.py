"""A customer's habits: when and how often they pay, and whom; and how unlike them a payment is.

There are two measures, which add up. A surprise is minus the decimal logarithm of how probable
something as odd is by the customer's own habits. Evidence is the decimal logarithm of how much
likelier a thing is of a thief than of the customer, and so may speak for the customer too.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from math import exp, log, log10, pi, sqrt

from domain.model import replace, value

LEARNT_MIN = 15
LEARNT_FOR_MIN = timedelta(days=30)
"""Nobody is suspected before so many payments, and before rent and wages were paid once."""
FRESH_MAX = 100
PAYEES_MAX = 200
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FADING = 0.99
"""What is left of what was learnt of hours and counts when one more payment is learnt."""
HOURS_PRIOR = 0.2
"""The weight that every hour has beforehand."""
COUNTS_MAX = 16
"""Of how many payments in an hour or a day one is told apart."""
COUNTS_RATIO = 0.5
"""How much less probable one more payment in the same time is, beforehand."""
KNOWN_TO_THIEVES = 0.1
"""How many frauds pay somebody whom the customer has paid before."""
SURPRISE_MAX = 4.0


@value
class CustomerPayment:
    """Money that a customer sends or takes: how much, when, and to whom."""

    customer: str
    account: str
    number: int
    amount: Decimal
    currency: str
    payee: str
    at: datetime

    @property
    def size(self) -> float:
        """The logarithm of the amount: people's amounts differ by factors."""
        return log(float(self.amount))


@value
class KnownPayee:
    """Somebody whom the customer has paid: since when, and the logarithm of how much last."""

    payee: str
    since: datetime
    size: float


@value
class FreshPayment:
    """A payment of the last day to somebody who had been paid for less than a day."""

    at: datetime
    currency: str
    amount: Decimal


@value
class Habits:
    """What was learnt of a customer from `count` payments, `first_payments` of them to new payees.

    `hours` has the fading weight of each hour of the day, UTC. `in_hour` and `in_day` have that of
    how many fresh payments the hour or the day before a fresh payment had: thieves pay themselves,
    so they pay whom the customer has not paid before. Known are the 200 payees paid latest, and the
    latest 100 fresh payments of the last day.
    """

    count: int = 0
    since: datetime | None = None
    hours: tuple[float, ...] = (0.0,) * 24
    in_hour: tuple[float, ...] = (0.0,) * COUNTS_MAX
    in_day: tuple[float, ...] = (0.0,) * COUNTS_MAX
    payees: tuple[KnownPayee, ...] = ()
    first_payments: int = 0
    fresh: tuple[FreshPayment, ...] = ()

    def are_known(self, at: datetime) -> bool:
        """Whether there is enough to judge by: some payments, over the time that bills take."""
        if self.since is None or self.count < LEARNT_MIN:
            return False
        return at - self.since >= LEARNT_FOR_MIN

    def known(self, payee: str) -> KnownPayee | None:
        """The payee, if the customer has paid them before."""
        return next((each for each in self.payees if each.payee == payee), None)

    def is_fresh(self, payment: CustomerPayment) -> bool:
        """Whether the payee was not paid before the last day."""
        known = self.known(payment.payee)
        return known is None or known.since > payment.at - DAY

    def plus(self, payment: CustomerPayment) -> "Habits":
        """The habits with one more payment learnt."""
        at, known = payment.at, self.known(payment.payee)
        others = tuple(each for each in self.payees if each is not known)
        payee = KnownPayee(
            payee=payment.payee, since=known.since if known else at, size=payment.size
        )
        learnt = replace(
            self,
            count=self.count + 1,
            since=self.since or at,
            hours=_faded(self.hours, at.hour),
            payees=(*others, payee)[-PAYEES_MAX:],
            first_payments=self.first_payments + (known is None),
        )
        if not self.is_fresh(payment):
            return learnt
        made = FreshPayment(at=at, currency=payment.currency, amount=payment.amount)
        return replace(
            learnt,
            in_hour=_faded(self.in_hour, self.count_within(at, HOUR)),
            in_day=_faded(self.in_day, self.count_within(at, DAY)),
            fresh=(*_within(self.fresh, at, DAY), made)[-FRESH_MAX:],
        )

    def count_within(self, at: datetime, span: timedelta) -> int:
        """How many fresh payments there were in the time before, as far as told apart."""
        return min(len(_within(self.fresh, at, span)), COUNTS_MAX - 1)

    def sum_within(self, payment: CustomerPayment, span: timedelta) -> Decimal:
        """What was freshly paid within the span in the payment's currency, with it."""
        fresh = _within(self.fresh, payment.at, span)
        paid = (each.amount for each in fresh if each.currency == payment.currency)
        return sum(paid, payment.amount)

    def hour_evidence(self, at: datetime) -> float:
        """How much more often a thief, who has no habits, pays in this hour than the customer."""
        hours = self.hours
        smooth = HOURS_PRIOR + hours[at.hour] / 2
        smooth += (hours[at.hour - 1] + hours[(at.hour + 1) % 24]) / 4
        return log10((24 * HOURS_PRIOR + sum(hours)) / (24 * smooth))

    def payee_evidence(self, payment: CustomerPayment) -> float:
        """How much more often a thief pays somebody fresh, or somebody known, than the customer."""
        newness = (self.first_payments + 1) / (self.count + 2)
        if self.is_fresh(payment):
            return log10((1 - KNOWN_TO_THIEVES) / newness)
        return log10(KNOWN_TO_THIEVES / (1 - newness))

    def velocity_surprise(self, payment: CustomerPayment, span: timedelta) -> float:
        """How odd it is to have made so many fresh payments in the hour or the day before one."""
        if not self.is_fresh(payment):
            return 0.0
        counts = self.in_hour if span <= HOUR else self.in_day
        made = self.count_within(payment.at, span)
        beforehand: float = COUNTS_RATIO**made
        return surprise((sum(counts[made:]) + beforehand) / (sum(counts) + 1))


def _faded(weights: tuple[float, ...], learnt: int) -> tuple[float, ...]:
    return tuple(FADING * each + (n == learnt) for n, each in enumerate(weights))


def _within(
    fresh: tuple[FreshPayment, ...], at: datetime, span: timedelta
) -> tuple[FreshPayment, ...]:
    return tuple(each for each in fresh if each.at > at - span)


def surprise(probability: float) -> float:
    """Minus the decimal logarithm, from 0 to 4."""
    return min(max(-log10(max(probability, 1e-12)), 0.0), SURPRISE_MAX)


def excess_surprise(deviation: float) -> float:
    """How odd it is to be so many standard deviations above what is usual.

    Of a logistic distribution: what people pay has heavier tails than a normal one.
    """
    return surprise(1 / (1 + exp(min(pi / sqrt(3) * deviation, 700.0))))
