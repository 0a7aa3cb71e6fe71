"""What is said about an account: the events of its course, and the commands for them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.journal import Posting
from domain.banking.leg_messages import (
    AccountCredited,
    AccountDebited,
    CreditAccount,
    CreditRefused,
    DebitAccount,
    DebitRefunded,
    DebitRefused,
    DebitSettled,
    RefundDebit,
    SettleDebit,
)
from domain.model import Actor, NewId, Now, Role, Roles, command, event


class PaymentMeans(StrEnum):
    """How money comes to the bank or leaves it: in cash, or cleared with another bank."""

    CASH = "CASH"
    CLEARING = "CLEARING"


@event("banking.AccountOpened")
class AccountOpened:
    """An account begins, with nothing in it; below zero it goes to the overdraft limit."""

    account: str
    owners: tuple[str, ...]
    currency: str
    overdraft_limit: Decimal
    at: datetime
    by: str


@event("banking.OverdraftLimitChanged")
class OverdraftLimitChanged:
    """The account may now go so far below zero."""

    account: str
    owners: tuple[str, ...]
    overdraft_limit: Decimal
    at: datetime
    by: str


@event("banking.MoneyDeposited")
class MoneyDeposited:
    """Money came from outside; `conductor` is whoever brought it, if that is no owner."""

    posting: Posting
    means: PaymentMeans
    conductor: str | None
    at: datetime
    by: str


@event("banking.MoneyWithdrawn")
class MoneyWithdrawn:
    """Money left the bank; `conductor` is whoever took it, if that is no owner."""

    posting: Posting
    means: PaymentMeans
    conductor: str | None
    at: datetime
    by: str


@event("banking.AccountFrozen")
class AccountFrozen:
    """Nothing goes in or out any more, but for what comes back."""

    account: str
    owners: tuple[str, ...]
    reason: str
    at: datetime
    by: str


@event("banking.AccountUnfrozen")
class AccountUnfrozen:
    """The account works again."""

    account: str
    owners: tuple[str, ...]
    at: datetime
    by: str


@event("banking.AccountClosed")
class AccountClosed:
    """The account has ended, empty, for good."""

    account: str
    owners: tuple[str, ...]
    at: datetime
    by: str


PostingEvent = MoneyDeposited | MoneyWithdrawn | AccountDebited | AccountCredited | DebitRefunded
"""The events that move money; each has its balanced entry."""

AccountEvent = (
    AccountOpened
    | OverdraftLimitChanged
    | MoneyDeposited
    | MoneyWithdrawn
    | AccountDebited
    | AccountCredited
    | DebitRefunded
    | DebitSettled
    | DebitRefused
    | CreditRefused
    | AccountFrozen
    | AccountUnfrozen
    | AccountClosed
)


@command(allow=Role("teller"))
class OpenAccount:
    """Open an account for one to ten owners, the subjects of customers, in a currency."""

    account: NewId
    owners: tuple[str, ...]
    currency: str
    overdraft_limit: Decimal = Decimal(0)
    at: Now
    by: Actor


@command(allow=Role("teller"))
class ChangeOverdraftLimit:
    """Let an account go so far below zero; not less far than it is."""

    account: str
    overdraft_limit: Decimal
    at: Now
    by: Actor


@command(allow=Role("teller"))
class DepositMoney:
    """Put money into an account that was brought as cash or cleared with another bank."""

    account: str
    amount: Decimal
    means: PaymentMeans
    conductor: str | None = None
    at: Now
    by: Actor


@command(allow=Role("teller", "customer"))
class WithdrawMoney:
    """Take money out of an account: a customer out of an own one."""

    account: str
    amount: Decimal
    means: PaymentMeans
    conductor: str | None = None
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role("compliance"))
class FreezeAccount:
    """Let nothing in or out of an account any more."""

    account: str
    reason: str
    at: Now
    by: Actor


@command(allow=Role("compliance"))
class UnfreezeAccount:
    """Let a frozen account work again."""

    account: str
    at: Now
    by: Actor


@command(allow=Role("teller"))
class CloseAccount:
    """End an account that is empty, with nothing under way."""

    account: str
    at: Now
    by: Actor


AccountCommand = (
    OpenAccount
    | ChangeOverdraftLimit
    | DepositMoney
    | WithdrawMoney
    | FreezeAccount
    | UnfreezeAccount
    | CloseAccount
    | DebitAccount
    | CreditAccount
    | RefundDebit
    | SettleDebit
)
