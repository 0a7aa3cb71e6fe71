"""Reports of cash: of large sums in a business day, and of sums that are suspiciously just not so.

31 CFR 1010.311 asks for a report of each transaction in currency of more than 10,000 dollars, and
31 CFR 1010.313 to take those by or on behalf of one person in one business day for one, cash in and
cash out each by itself. 31 CFR 1010.314 and 31 U.S.C. 5324 forbid to break a sum down in order to
stay below. Only dollars count here: foreign notes would, at a rate that this bank does not keep.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from domain.banking.account_messages import MoneyDeposited, MoneyWithdrawn, PaymentMeans
from domain.banking.currencies import zero
from domain.model import value
from readmodels.banking.business_days import business_day
from readmodels.model import Projection, Role, document, index, replace

CURRENCY = "USD"
REPORTED_ABOVE = Decimal("10000.00")
"""More cash than this, in or out, by or for one person in one business day is reported."""
NEAR_ABOVE = Decimal("8000.00")
"""More than this, and not more than is reported, is near."""
NEAR_DAYS = 3
NEAR_WITHIN = timedelta(days=14)
"""So many near days within two weeks are suspicious."""
DAYS_MAX = 60
"""How many business days with cash are looked at, the latest."""
ACCOUNTS_MAX = 50

CashEvent = MoneyDeposited | MoneyWithdrawn


def persons(event: CashEvent) -> list[str]:
    """By or on behalf of whom cash came or went: the owners, and whoever else brought or took it.

    Nobody where it is no cash, or not dollars.
    """
    if event.means is not PaymentMeans.CASH or event.posting.currency != CURRENCY:
        return []
    conductors = () if event.conductor is None else (event.conductor,)
    return list(dict.fromkeys((*event.posting.owners, *conductors)))


@document(
    read=Role("compliance"),
    indexes=[
        index("is_required", "day"),
        index("person", "day"),
        index("day"),
        index("cash_in"),
        index("cash_out"),
    ],
)
class CurrencyTransactionReport:
    """The cash by or on behalf of a person in a business day; a report is required above 10,000.

    `first_at` and `last_at` are when cash was moved first and last. Of the accounts, 50 are named.
    """

    id: str
    person: str
    day: str
    cash_in: Decimal
    cash_out: Decimal
    transactions: int
    is_cash_in_reported: bool
    is_cash_out_reported: bool
    is_required: bool
    accounts: tuple[str, ...]
    first_at: datetime | None
    last_at: datetime | None


def _report_keys(event: CashEvent) -> list[str]:
    return [f"{each}:{business_day(event.at)}" for each in persons(event)]


def _begin_report(id: str) -> CurrencyTransactionReport:
    person, _, day = id.rpartition(":")
    return CurrencyTransactionReport(
        id=id,
        person=person,
        day=day,
        cash_in=zero(CURRENCY),
        cash_out=zero(CURRENCY),
        transactions=0,
        is_cash_in_reported=False,
        is_cash_out_reported=False,
        is_required=False,
        accounts=(),
        first_at=None,
        last_at=None,
    )


def _report(
    document: CurrencyTransactionReport | None, event: CashEvent
) -> CurrencyTransactionReport | None:
    if document is None:
        return None
    change = event.posting.change
    cash_in = document.cash_in + max(change, zero(CURRENCY))
    cash_out = document.cash_out + max(-change, zero(CURRENCY))
    is_in, is_out = cash_in > REPORTED_ABOVE, cash_out > REPORTED_ABOVE
    return replace(
        document,
        cash_in=cash_in,
        cash_out=cash_out,
        transactions=document.transactions + 1,
        is_cash_in_reported=is_in,
        is_cash_out_reported=is_out,
        is_required=is_in or is_out,
        accounts=tuple(sorted({*document.accounts, event.posting.account})[:ACCOUNTS_MAX]),
        first_at=min(document.first_at or event.at, event.at),
        last_at=max(document.last_at or event.at, event.at),
    )


currency_transaction_reports = Projection(
    document=CurrencyTransactionReport, keys=_report_keys, evolve=_report, begin=_begin_report
)


@value
class CashDay:
    """The cash by or on behalf of a person in one business day."""

    day: str
    cash_in: Decimal
    cash_out: Decimal


@value
class NearDays:
    """Days within two weeks whose cash was just not reported, and its sum."""

    first_day: str
    last_day: str
    days: int
    total: Decimal


@document(read=Role("compliance"), indexes=[index("is_suspected", "last_day"), index("last_day")])
class StructuringSuspicion:
    """Whether a person's cash looks broken down to stay below what is reported.

    It does where three days within two weeks have more than 8,000 dollars in, or out, and none of
    them more than 10,000. Looked at are the latest 60 business days with cash. It is a suspicion
    for somebody to look into: many shops take in as much every day.
    """

    id: str
    is_suspected: bool
    in_just_below: NearDays | None
    out_just_below: NearDays | None
    last_day: str
    days: tuple[CashDay, ...]


def _begin_suspicion(id: str) -> StructuringSuspicion:
    return StructuringSuspicion(
        id=id,
        is_suspected=False,
        in_just_below=None,
        out_just_below=None,
        last_day="",
        days=(),
    )


def _suspect(
    document: StructuringSuspicion | None, event: CashEvent
) -> StructuringSuspicion | None:
    if document is None:
        return None
    days = _counted(document.days, event)
    came = _near_days([(each.day, each.cash_in) for each in days])
    went = _near_days([(each.day, each.cash_out) for each in days])
    return replace(
        document,
        is_suspected=came is not None or went is not None,
        in_just_below=came,
        out_just_below=went,
        last_day=days[-1].day,
        days=days,
    )


def _counted(days: tuple[CashDay, ...], event: CashEvent) -> tuple[CashDay, ...]:
    """The days with the event counted. One that is too early to be kept never comes back."""
    day, change = business_day(event.at).isoformat(), event.posting.change
    nothing = zero(CURRENCY)
    found = {each.day: each for each in days}
    known = found.get(day) or CashDay(day=day, cash_in=nothing, cash_out=nothing)
    found[day] = replace(
        known,
        cash_in=known.cash_in + max(change, nothing),
        cash_out=known.cash_out + max(-change, nothing),
    )
    return tuple(found[each] for each in sorted(found)[-DAYS_MAX:])


def _near_days(sums: list[tuple[str, Decimal]]) -> NearDays | None:
    """The two weeks with the most near days, the latest such; None where they are too few."""
    near = [(day, cash) for day, cash in sums if NEAR_ABOVE < cash <= REPORTED_ABOVE]
    best: NearDays | None = None
    for at, (first, _) in enumerate(near):
        end = date.fromisoformat(first) + NEAR_WITHIN
        within = [each for each in near[at:] if date.fromisoformat(each[0]) < end]
        if len(within) >= max(NEAR_DAYS, best.days if best else 0):
            best = NearDays(
                first_day=first,
                last_day=within[-1][0],
                days=len(within),
                total=sum((cash for _, cash in within), zero(CURRENCY)),
            )
    return best


structuring_suspicions = Projection(
    document=StructuringSuspicion, keys=persons, evolve=_suspect, begin=_begin_suspicion
)
