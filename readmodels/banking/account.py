"""An account as its owners and the bank see it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.account_messages import (
    AccountClosed,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    OverdraftLimitChanged,
    PostingEvent,
)
from domain.banking.currencies import zero
from readmodels.model import Owner, Projection, Role, document, index, many, one, replace


class AccountStatus(StrEnum):
    """Whether an account works."""

    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    CLOSED = "CLOSED"


@document(
    read=Owner("owners") | Role("teller", "compliance"),
    indexes=[
        index("status", "balance"),
        index("currency", "balance"),
        index("balance"),
        index("opened_at"),
        index("last_moved_at"),
    ],
    links=[
        many("lines", to="StatementLine", by="account"),
        many("outgoing", to="Transfer", by="source"),
        many("incoming", to="Transfer", by="target"),
        many("trades", to="Trade", by="account"),
        one("portfolio", to="Portfolio", by="id"),
    ],
)
class Account:
    """An account with its balance; `available` is what can still leave it.

    Why it is frozen is not for its owners to read; staff find the reason in its history.
    """

    id: str
    owners: tuple[str, ...]
    currency: str
    status: AccountStatus
    balance: Decimal
    overdraft_limit: Decimal
    available: Decimal
    line_count: int
    opened_at: datetime
    last_moved_at: datetime | None


AccountNews = (
    AccountOpened
    | OverdraftLimitChanged
    | PostingEvent
    | AccountFrozen
    | AccountUnfrozen
    | AccountClosed
)


def keys(event: AccountNews) -> list[str]:
    return [event.posting.account if isinstance(event, PostingEvent) else event.account]


def evolve(document: Account | None, event: AccountNews) -> Account | None:
    match event:
        case AccountOpened():
            return _opened(event)
        case OverdraftLimitChanged(overdraft_limit=limit):
            return document and replace(
                document, overdraft_limit=limit, available=document.balance + limit
            )
        case AccountFrozen():
            return document and replace(document, status=AccountStatus.FROZEN)
        case AccountUnfrozen():
            return document and replace(document, status=AccountStatus.ACTIVE)
        case AccountClosed():
            return document and replace(document, status=AccountStatus.CLOSED)
        case _:
            balance, number = event.posting.balance, event.posting.number
            return document and replace(
                document,
                balance=balance,
                available=balance + document.overdraft_limit,
                line_count=number,
                last_moved_at=event.at,
            )


def _opened(event: AccountOpened) -> Account:
    return Account(
        id=event.account,
        owners=event.owners,
        currency=event.currency,
        status=AccountStatus.ACTIVE,
        balance=zero(event.currency),
        overdraft_limit=event.overdraft_limit,
        available=event.overdraft_limit,
        line_count=0,
        opened_at=event.at,
        last_moved_at=None,
    )


accounts = Projection(document=Account, keys=keys, evolve=evolve)
