"""What happened at a bank, for the sentences of the tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.banking.account_messages import (
    AccountFrozen,
    AccountOpened,
    MoneyDeposited,
    MoneyWithdrawn,
    PaymentMeans,
)
from domain.banking.journal import LedgerKind, LedgerSpot, Posting, entry
from domain.banking.leg_messages import AccountCredited, AccountDebited, DebitRefunded, LegPurpose
from domain.banking.terms import Reference

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday."""
TRANSFER = Reference(id="t-1", begun_at=T0)


def minutes(number: float) -> datetime:
    """So many minutes after everything began."""
    return T0 + timedelta(minutes=number)


def days(number: float) -> datetime:
    return T0 + timedelta(days=number)


def money(text: str) -> Decimal:
    return Decimal(text)


def opened(
    account: str = "a-1",
    *owners: str,
    currency: str = "USD",
    limit: str = "0.00",
    at: datetime = T0,
) -> AccountOpened:
    return AccountOpened(
        account=account,
        owners=owners or ("ann",),
        currency=currency,
        overdraft_limit=money(limit),
        at=at,
        by="tom",
    )


def posting(
    number: int,
    change: str,
    balance: str,
    against: LedgerKind,
    *,
    account: str = "a-1",
    owners: tuple[str, ...] = ("ann",),
    currency: str = "USD",
) -> Posting:
    amount = money(change)
    customer, other = (
        LedgerSpot(kind=LedgerKind.CUSTOMER, account=account),
        LedgerSpot(kind=against),
    )
    source, target = (other, customer) if amount > 0 else (customer, other)
    return Posting(
        account=account,
        owners=owners,
        number=number,
        change=amount,
        balance=money(balance),
        entry=entry(currency, abs(amount), debit=source, credit=target),
    )


def deposited(
    number: int,
    amount: str,
    balance: str,
    *,
    account: str = "a-1",
    owners: tuple[str, ...] = ("ann",),
    currency: str = "USD",
    means: PaymentMeans = PaymentMeans.CASH,
    conductor: str | None = None,
    at: datetime = T0,
) -> MoneyDeposited:
    kind = LedgerKind.CASH if means is PaymentMeans.CASH else LedgerKind.CLEARING
    return MoneyDeposited(
        posting=posting(
            number, amount, balance, kind, account=account, owners=owners, currency=currency
        ),
        means=means,
        conductor=conductor,
        at=at,
        by="tom",
    )


def withdrawn(
    number: int,
    amount: str,
    balance: str,
    *,
    account: str = "a-1",
    owners: tuple[str, ...] = ("ann",),
    by: str = "ann",
    conductor: str | None = None,
    at: datetime = T0,
) -> MoneyWithdrawn:
    return MoneyWithdrawn(
        posting=posting(
            number, f"-{amount}", balance, LedgerKind.CASH, account=account, owners=owners
        ),
        means=PaymentMeans.CASH,
        conductor=conductor,
        at=at,
        by=by,
    )


def debited(
    number: int = 2,
    amount: str = "30.00",
    balance: str = "70.00",
    *,
    reference: Reference = TRANSFER,
    counterparty: str = "b-1",
    sender: str | None = "ann",
    at: datetime = T0,
) -> AccountDebited:
    return AccountDebited(
        posting=posting(number, f"-{amount}", balance, LedgerKind.TRANSIT),
        reference=reference,
        purpose=LegPurpose.TRANSFER,
        counterparty=counterparty,
        sender=sender,
        at=at,
    )


def credited(
    number: int = 1, amount: str = "30.00", balance: str = "30.00", *, account: str = "b-1"
) -> AccountCredited:
    return AccountCredited(
        posting=posting(
            number, amount, balance, LedgerKind.TRANSIT, account=account, owners=("bob",)
        ),
        reference=TRANSFER,
        purpose=LegPurpose.TRANSFER,
        counterparty="a-1",
        at=minutes(1),
    )


def refunded(number: int = 3, amount: str = "30.00", balance: str = "100.00") -> DebitRefunded:
    return DebitRefunded(
        posting=posting(number, amount, balance, LedgerKind.TRANSIT),
        reference=TRANSFER,
        purpose=LegPurpose.TRANSFER,
        counterparty="b-1",
        at=minutes(2),
    )


FROZEN = AccountFrozen(account="a-1", owners=("ann",), reason="court order", at=T0, by="olga")
