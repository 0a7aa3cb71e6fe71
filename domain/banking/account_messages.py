"""What is said about an account: the events of its course, and the commands for them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.terms import JournalEntry, Reference
from domain.model import Actor, NewId, Now, Role, Roles, command, event, value


class PaymentMeans(StrEnum):
    """How money comes to the bank or leaves it: in cash, or cleared with another bank."""

    CASH = "CASH"
    CLEARING = "CLEARING"


class LegPurpose(StrEnum):
    """What a leg of a process is part of."""

    TRANSFER = "TRANSFER"
    TRADE = "TRADE"


class LegRefusal(StrEnum):
    """Why an account does not take a leg of a transfer or a trade."""

    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    ACCOUNT_FROZEN = "ACCOUNT_FROZEN"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    NOT_YOUR_ACCOUNT = "NOT_YOUR_ACCOUNT"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    BALANCE_TOO_LARGE = "BALANCE_TOO_LARGE"
    TOO_MANY_UNDER_WAY = "TOO_MANY_UNDER_WAY"
    TOO_LATE = "TOO_LATE"


@value
class Posting:
    """What a movement of money does to an account; `change` is negative where money leaves it.

    `number` counts the lines of the account's statement, `balance` is that after this line.
    """

    account: str
    owners: tuple[str, ...]
    number: int
    change: Decimal
    balance: Decimal
    entry: JournalEntry

    @property
    def currency(self) -> str:
        """The currency of the account, and of every line of it."""
        return self.entry.currency


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


@event("banking.AccountDebited")
class AccountDebited:
    """The first leg of a transfer or trade: money left for `counterparty`, ordered by `sender`.

    `sender` is None where the bank's own people ordered it.
    """

    posting: Posting
    reference: Reference
    purpose: LegPurpose
    counterparty: str
    sender: str | None
    at: datetime


@event("banking.AccountCredited")
class AccountCredited:
    """The last leg of a transfer or trade: money came from `counterparty`."""

    posting: Posting
    reference: Reference
    purpose: LegPurpose
    counterparty: str
    at: datetime


@event("banking.DebitRefunded")
class DebitRefunded:
    """What was debited came back, since the other leg was refused."""

    posting: Posting
    reference: Reference
    purpose: LegPurpose
    counterparty: str
    at: datetime


@event("banking.DebitSettled")
class DebitSettled:
    """What was debited has arrived, and will not come back."""

    account: str
    reference: Reference
    purpose: LegPurpose
    at: datetime


@event("banking.DebitRefused")
class DebitRefused:
    """The account did not pay; nothing was moved."""

    account: str
    reference: Reference
    purpose: LegPurpose
    reason: LegRefusal
    at: datetime


@event("banking.CreditRefused")
class CreditRefused:
    """The account did not take the money; nothing was moved."""

    account: str
    reference: Reference
    purpose: LegPurpose
    reason: LegRefusal
    at: datetime


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


@command()
class DebitAccount:
    """Take the first leg of a transfer or trade; once for each reference.

    `sender` must be an owner; None where the bank's own people vouch for it.
    """

    account: str
    reference: Reference
    purpose: LegPurpose
    counterparty: str
    sender: str | None
    currency: str
    amount: Decimal
    at: Now


@command()
class CreditAccount:
    """Give the last leg of a transfer or trade; once for each reference."""

    account: str
    reference: Reference
    purpose: LegPurpose
    counterparty: str
    currency: str
    amount: Decimal
    at: Now


@command()
class RefundDebit:
    """Give back what was debited and has not arrived."""

    account: str
    reference: Reference
    at: Now


@command()
class SettleDebit:
    """Note that what was debited has arrived."""

    account: str
    reference: Reference
    at: Now


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
