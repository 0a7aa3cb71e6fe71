"""What is said about the legs of transfers and trades at an account."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.journal import Posting
from domain.banking.terms import Reference
from domain.model import Now, command, event


class LegPurpose(StrEnum):
    """What a leg of a process is part of."""

    TRANSFER = "TRANSFER"
    TRADE = "TRADE"


class LegRefusal(StrEnum):
    """Why an account does not take a leg of a transfer or a trade.

    `NOT_ACCEPTED` is what whoever paid is told where the reason is the payee's own affair.
    """

    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    ACCOUNT_FROZEN = "ACCOUNT_FROZEN"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    NOT_YOUR_ACCOUNT = "NOT_YOUR_ACCOUNT"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    BALANCE_TOO_LARGE = "BALANCE_TOO_LARGE"
    TOO_MANY_UNDER_WAY = "TOO_MANY_UNDER_WAY"
    TOO_LATE = "TOO_LATE"
    NOT_ACCEPTED = "NOT_ACCEPTED"


FOR_EVER = (
    LegRefusal.NOT_YOUR_ACCOUNT,
    LegRefusal.WRONG_CURRENCY,
    LegRefusal.ACCOUNT_CLOSED,
    LegRefusal.TOO_LATE,
)
"""What is refused so is refused again whenever it comes again, and need not be remembered.

So nobody makes an account forget by asking for the money of somebody else.
"""


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
