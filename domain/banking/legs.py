"""The legs of transfers and trades at an account, each taken once however often it is ordered."""

from decimal import Decimal

from domain.banking.account_messages import AccountEvent, PaymentMeans
from domain.banking.account_states import (
    Account,
    AccountBook,
    Closed,
    Frozen,
    Unopened,
    remembered,
)
from domain.banking.currencies import AMOUNT_MAX
from domain.banking.journal import LedgerKind, LedgerSpot, Posting, entry
from domain.banking.leg_messages import (
    AccountCredited,
    AccountDebited,
    CreditAccount,
    CreditRefused,
    DebitAccount,
    DebitRefunded,
    DebitRefused,
    DebitSettled,
    LegPurpose,
    LegRefusal,
    RefundDebit,
    SettleDebit,
)

OPEN_DEBITS_MAX = 100
"""How many debits of an account are under way at most."""

OUTSIDE = {
    PaymentMeans.CASH: LedgerKind.CASH,
    PaymentMeans.CLEARING: LedgerKind.CLEARING,
}
BETWEEN = {
    LegPurpose.TRANSFER: LedgerKind.TRANSIT,
    LegPurpose.TRADE: LedgerKind.SECURITIES,
}
"""Where money is between the legs, or where it comes from and goes to in a trade."""


def posted(account: str, book: AccountBook, change: Decimal, against: LedgerKind) -> Posting:
    """The next line of the account's statement, against an account of the bank."""
    customer = LedgerSpot(kind=LedgerKind.CUSTOMER, account=account)
    other = LedgerSpot(kind=against)
    source, target = (other, customer) if change > 0 else (customer, other)
    return Posting(
        account=account,
        owners=book.owners,
        number=book.lines + 1,
        change=change,
        balance=book.balance + change,
        entry=entry(book.currency, abs(change), debit=source, credit=target),
    )


def debit(command: DebitAccount, state: Account) -> list[AccountEvent]:
    """The first leg, taken or refused; nothing where either was done before."""
    reference = command.reference
    if not isinstance(state, Unopened) and reference.id in state.book.open_debits:
        return []
    if remembered(state).knows(reference):
        return []
    refusal = (
        _owner_refusal(command, state)
        or _common_refusal(command, state)
        or _debit_refusal(command, state)
    )
    if refusal is not None or isinstance(state, Unopened):
        return [
            DebitRefused(
                account=command.account,
                reference=reference,
                purpose=command.purpose,
                reason=refusal or LegRefusal.UNKNOWN_ACCOUNT,
                at=command.at,
            )
        ]
    return [
        AccountDebited(
            posting=posted(command.account, state.book, -command.amount, BETWEEN[command.purpose]),
            reference=reference,
            purpose=command.purpose,
            counterparty=command.counterparty,
            sender=command.sender,
            at=command.at,
        )
    ]


def credit(command: CreditAccount, state: Account) -> list[AccountEvent]:
    """The last leg, taken or refused; nothing where either was done before."""
    reference = command.reference
    if remembered(state).knows(reference):
        return []
    refusal = _common_refusal(command, state) or _credit_refusal(command, state)
    if refusal is not None or isinstance(state, Unopened):
        return [
            CreditRefused(
                account=command.account,
                reference=reference,
                purpose=command.purpose,
                reason=refusal or LegRefusal.UNKNOWN_ACCOUNT,
                at=command.at,
            )
        ]
    return [
        AccountCredited(
            posting=posted(command.account, state.book, command.amount, BETWEEN[command.purpose]),
            reference=reference,
            purpose=command.purpose,
            counterparty=command.counterparty,
            at=command.at,
        )
    ]


def refund(command: RefundDebit, state: Account) -> list[AccountEvent]:
    """Back it comes, frozen or not; nothing where it is not under way any more."""
    if isinstance(state, Unopened):
        return []
    known = state.book.open_debits.get(command.reference.id)
    if known is None:
        return []
    return [
        DebitRefunded(
            posting=posted(command.account, state.book, known.amount, BETWEEN[known.purpose]),
            reference=known.reference,
            purpose=known.purpose,
            counterparty=known.counterparty,
            at=command.at,
        )
    ]


def settle(command: SettleDebit, state: Account) -> list[AccountEvent]:
    """It has arrived; nothing where it is not under way any more."""
    if isinstance(state, Unopened):
        return []
    known = state.book.open_debits.get(command.reference.id)
    if known is None:
        return []
    return [
        DebitSettled(
            account=command.account,
            reference=known.reference,
            purpose=known.purpose,
            at=command.at,
        )
    ]


def _common_refusal(command: DebitAccount | CreditAccount, state: Account) -> LegRefusal | None:
    if remembered(state).is_too_late(command.reference):
        return LegRefusal.TOO_LATE
    match state:
        case Unopened():
            return LegRefusal.UNKNOWN_ACCOUNT
        case Closed():
            return LegRefusal.ACCOUNT_CLOSED
        case Frozen():
            return LegRefusal.ACCOUNT_FROZEN
        case _:
            is_same = command.currency == state.book.currency
            return None if is_same else LegRefusal.WRONG_CURRENCY


def _owner_refusal(command: DebitAccount, state: Account) -> LegRefusal | None:
    """Comes first, so that nobody learns the standing of an account of somebody else."""
    if isinstance(state, Unopened) or command.sender is None:
        return None
    return None if command.sender in state.book.owners else LegRefusal.NOT_YOUR_ACCOUNT


def _debit_refusal(command: DebitAccount, state: Account) -> LegRefusal | None:
    if isinstance(state, Unopened):
        return LegRefusal.UNKNOWN_ACCOUNT
    if command.amount > state.book.available:
        return LegRefusal.INSUFFICIENT_FUNDS
    if len(state.book.open_debits) >= OPEN_DEBITS_MAX:
        return LegRefusal.TOO_MANY_UNDER_WAY
    return None


def _credit_refusal(command: CreditAccount, state: Account) -> LegRefusal | None:
    if isinstance(state, Unopened):
        return LegRefusal.UNKNOWN_ACCOUNT
    if state.book.balance + command.amount > AMOUNT_MAX:
        return LegRefusal.BALANCE_TOO_LARGE
    return None
