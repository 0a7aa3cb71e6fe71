"""Made-up payments of made-up customers, with fraud planted in them: the same for the same seed.

Honest life has its oddities too: rent, wages paid all at once, holidays, a car. Of the kinds of
fraud, `siphon` is made to be hard: sums as the customer's own, at the customer's hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from domain.banking.habits import CustomerPayment

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 240
QUIET_DAYS = 60
"""No fraud before: whoever has no history cannot be watched."""
FRAUD_SHARE = 0.3
"""How many of the customers are defrauded, once each."""


@dataclass(frozen=True)
class Kind:
    """How customers of a kind live: payments a day, the middle and spread of amounts and hours."""

    name: str
    per_day: float
    middle: float
    spread: float
    hour: float
    hour_spread: float
    payees: int
    newness: float
    monthly: float = 0.0
    wages: int = 0


KINDS = (
    Kind("salaried", 0.8, 35, 0.8, 17, 3.5, 12, 0.10, monthly=1200),
    Kind("student", 1.2, 12, 0.7, 21, 3.5, 8, 0.15, monthly=420),
    Kind("retired", 0.3, 60, 0.6, 10.5, 1.5, 5, 0.03, monthly=700),
    Kind("shop", 5.0, 250, 1.1, 13, 2.5, 40, 0.05, monthly=3500, wages=8),
    Kind("traveller", 1.0, 80, 1.2, 14, 6, 6, 0.40, monthly=900),
)
FRAUDS = ("drain", "burst", "night", "probe", "siphon")


@dataclass(frozen=True)
class Labelled:
    """A payment and what it is: the kind of fraud, or None."""

    payment: CustomerPayment
    fraud: str | None


@dataclass(frozen=True)
class History:
    """The payments of one customer in order, and the fraud in them, if any."""

    kind: str
    fraud: str | None
    payments: tuple[Labelled, ...]


@dataclass(frozen=True)
class _Draft:
    at: datetime
    amount: float
    payee: str
    fraud: str | None = None


def histories(customers: int, seed: int) -> list[History]:
    """So many customers, of all kinds in turn."""
    return [_history(n, Random(f"{seed} {n}")) for n in range(customers)]


def _history(number: int, random: Random) -> History:
    kind = KINDS[number % len(KINDS)]
    fraud = random.choice(FRAUDS) if random.random() < FRAUD_SHARE else None
    drafts = [*_honest(kind, random)]
    if fraud is not None:
        drafts += _planted(fraud, kind, random)
    drafts.sort(key=lambda each: each.at)
    return History(
        kind=kind.name,
        fraud=fraud,
        payments=tuple(_labelled(number, n, each) for n, each in enumerate(drafts, 1)),
    )


def _labelled(customer: int, number: int, draft: _Draft) -> Labelled:
    payment = CustomerPayment(
        customer=f"customer-{customer}",
        account=f"account-{customer}",
        number=number,
        amount=Decimal(f"{max(draft.amount, 0.01):.2f}"),
        currency="USD",
        payee=draft.payee,
        at=draft.at,
    )
    return Labelled(payment, draft.fraud)


def _honest(kind: Kind, random: Random) -> Iterator[_Draft]:
    holiday = random.randrange(QUIET_DAYS, DAYS - 10)
    cars = {random.randrange(20, DAYS) for _ in range(random.choice((0, 1, 1, 2)))}
    known = [f"payee-{n}" for n in range(kind.payees)]
    for day in range(DAYS):
        is_holiday = holiday <= day < holiday + 7 and not kind.wages
        rate = kind.per_day * (2.5 if is_holiday else 1.0)
        for _ in range(_poisson(rate, random)):
            is_new = random.random() < (0.6 if is_holiday else kind.newness)
            payee = f"new-{day}-{random.randrange(10**6)}" if is_new else random.choice(known)
            amount = random.lognormvariate(0, kind.spread) * kind.middle
            yield _Draft(_hour_of(kind, day, random), amount, payee)
            if is_new and random.random() < 0.3:
                known[random.randrange(len(known))] = payee
        if day % 30 == 0 and kind.monthly:
            yield _Draft(_at(day, 9, random), kind.monthly, "landlord")
        if day % 30 == 25:
            for each in range(kind.wages):
                yield _Draft(_at(day, 10, random), kind.middle * 6, f"wage-{each}")
        if day in cars:
            price = kind.middle * random.uniform(10, 50)
            yield _Draft(_at(day, random.randrange(10, 18), random), price, f"dealer-{day}")


def _planted(fraud: str, kind: Kind, random: Random) -> Iterator[_Draft]:
    day, thief = random.randrange(QUIET_DAYS, DAYS - 35), f"thief-{random.randrange(10**6)}"
    usual, at = kind.middle, _at(day, random.randrange(24), random)
    match fraud:
        case "drain":
            yield _Draft(at, usual * random.uniform(20, 60), thief, fraud)
        case "burst":
            for n in range(random.randint(6, 10)):
                later = at + timedelta(minutes=4 * n)
                yield _Draft(later, usual * random.uniform(2, 5), f"{thief}-{n}", fraud)
        case "night":
            deep = _at(day, int(kind.hour + 12) % 24, random)
            for n in range(random.randint(1, 3)):
                later = deep + timedelta(minutes=9 * n)
                yield _Draft(later, usual * random.uniform(3, 8), thief, fraud)
        case "probe":
            for n in range(2):
                yield _Draft(at + timedelta(minutes=n), 0.01 * usual, thief, fraud)
            yield _Draft(at + timedelta(minutes=11), usual * random.uniform(15, 30), thief, fraud)
        case _:
            for n in range(6):
                later = _hour_of(kind, day + 5 * n, random)
                yield _Draft(later, usual * random.uniform(1, 1.5), thief, fraud)


def _hour_of(kind: Kind, day: int, random: Random) -> datetime:
    return _at(day, int(random.gauss(kind.hour, kind.hour_spread)) % 24, random)


def _at(day: int, hour: int, random: Random) -> datetime:
    return START + timedelta(days=day, hours=hour, seconds=random.randrange(3600))


def _poisson(rate: float, random: Random) -> int:
    count, waited = 0, random.expovariate(rate)
    while waited < 1:
        count, waited = count + 1, waited + random.expovariate(rate)
    return count
