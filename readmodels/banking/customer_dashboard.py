"""What a customer sees first: the own accounts, what is in them by currency, and the latest lines.

The accounts are streams of their own, heard in no common order. Both lists keep those that come
first in a fixed order, whichever are heard of first: what falls out of a list never comes back.
"""

from datetime import datetime
from decimal import Decimal

from domain.banking.account_messages import (
    AccountClosed,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    PostingEvent,
)
from domain.banking.currencies import zero
from domain.model import value
from readmodels.banking.account import AccountStatus
from readmodels.banking.statement_line import LineKind, line_of
from readmodels.model import Owner, Projection, Role, document, index, replace

ACCOUNTS_MAX = 50
LINES_MAX = 20


@value
class OwnAccount:
    """One of the accounts of a customer."""

    account: str
    currency: str
    status: AccountStatus
    balance: Decimal
    opened_at: datetime


@value
class CurrencyBalance:
    """What is in all accounts of a customer in one currency."""

    currency: str
    balance: Decimal


@value
class LatestLine:
    """A line of one of the accounts' statements."""

    account: str
    number: int
    kind: LineKind
    change: Decimal
    currency: str
    counterparty: str | None
    at: datetime


@document(
    read=Owner("id") | Role("teller", "compliance"),
    indexes=[index("account_count"), index("last_moved_at")],
)
class CustomerDashboard:
    """A customer's accounts, balances by currency and latest 20 lines.

    Of the accounts the 50 that were opened first are listed; the balances are of them all, each
    counted in full for each of its owners.
    """

    id: str
    accounts: tuple[OwnAccount, ...]
    account_count: int
    balances: tuple[CurrencyBalance, ...]
    latest: tuple[LatestLine, ...]
    last_moved_at: datetime | None


DashboardNews = AccountOpened | AccountFrozen | AccountUnfrozen | AccountClosed | PostingEvent


def keys(event: DashboardNews) -> list[str]:
    return list(event.posting.owners if isinstance(event, PostingEvent) else event.owners)


def begin(id: str) -> CustomerDashboard:
    return CustomerDashboard(
        id=id, accounts=(), account_count=0, balances=(), latest=(), last_moved_at=None
    )


def evolve(document: CustomerDashboard | None, event: DashboardNews) -> CustomerDashboard | None:
    if document is None:
        return None
    match event:
        case AccountOpened():
            return _opened(document, event)
        case AccountFrozen(account=account):
            return _with_status(document, account, AccountStatus.FROZEN)
        case AccountUnfrozen(account=account):
            return _with_status(document, account, AccountStatus.ACTIVE)
        case AccountClosed(account=account):
            return _with_status(document, account, AccountStatus.CLOSED)
        case _:
            return _moved(document, event)


def _opened(document: CustomerDashboard, event: AccountOpened) -> CustomerDashboard:
    opened = OwnAccount(
        account=event.account,
        currency=event.currency,
        status=AccountStatus.ACTIVE,
        balance=zero(event.currency),
        opened_at=event.at,
    )
    accounts = sorted((*document.accounts, opened), key=lambda each: (each.opened_at, each.account))
    return replace(
        document,
        accounts=tuple(accounts[:ACCOUNTS_MAX]),
        account_count=document.account_count + 1,
        balances=_summed(document.balances, event.currency, zero(event.currency)),
    )


def _with_status(
    document: CustomerDashboard, account: str, status: AccountStatus
) -> CustomerDashboard:
    accounts = (
        replace(each, status=status) if each.account == account else each
        for each in document.accounts
    )
    return replace(document, accounts=tuple(accounts))


def _moved(document: CustomerDashboard, event: PostingEvent) -> CustomerDashboard:
    posting, line = event.posting, line_of(event)
    accounts = (
        replace(each, balance=posting.balance) if each.account == posting.account else each
        for each in document.accounts
    )
    latest = LatestLine(
        account=line.account,
        number=line.number,
        kind=line.kind,
        change=line.change,
        currency=line.currency,
        counterparty=line.counterparty,
        at=line.at,
    )
    lines = sorted(
        (*document.latest, latest),
        key=lambda each: (each.at, each.account, each.number),
        reverse=True,
    )
    return replace(
        document,
        accounts=tuple(accounts),
        balances=_summed(document.balances, posting.currency, posting.change),
        latest=tuple(lines[:LINES_MAX]),
        last_moved_at=max(document.last_moved_at or event.at, event.at),
    )


def _summed(
    balances: tuple[CurrencyBalance, ...], currency: str, change: Decimal
) -> tuple[CurrencyBalance, ...]:
    found = {each.currency: each.balance for each in balances}
    found[currency] = found.get(currency, zero(currency)) + change
    return tuple(CurrencyBalance(currency=each, balance=found[each]) for each in sorted(found))


customer_dashboards = Projection(document=CustomerDashboard, keys=keys, evolve=evolve, begin=begin)
