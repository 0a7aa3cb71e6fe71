"""Where an account stands, folded from its events."""

from decimal import Decimal

from domain.banking.account_messages import (
    AccountClosed,
    AccountEvent,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    MoneyDeposited,
    MoneyWithdrawn,
    OverdraftLimitChanged,
)
from domain.banking.currencies import zero
from domain.banking.journal import Posting
from domain.banking.leg_messages import (
    FOR_EVER,
    AccountCredited,
    AccountDebited,
    CreditRefused,
    DebitRefunded,
    DebitRefused,
    DebitSettled,
    LegPurpose,
)
from domain.banking.terms import Reference, Remembered
from domain.model import replace, value


@value
class OpenDebit:
    """A first leg that was taken, and neither arrived nor came back yet."""

    reference: Reference
    purpose: LegPurpose
    counterparty: str
    amount: Decimal


@value
class AccountBook:
    """What is known of an account whatever its status: `lines` counts those of its statement."""

    owners: tuple[str, ...]
    currency: str
    overdraft_limit: Decimal
    balance: Decimal
    lines: int
    open_debits: dict[str, OpenDebit]
    remembered: Remembered

    @property
    def available(self) -> Decimal:
        """What can still leave the account."""
        return self.balance + self.overdraft_limit


@value
class Unopened:
    """Nobody has opened the account; what was refused for it is remembered."""

    remembered: Remembered = Remembered()


@value
class Active:
    """The account works."""

    book: AccountBook


@value
class Frozen:
    """Nothing goes in or out."""

    book: AccountBook


@value
class Closed:
    """The account has ended."""

    book: AccountBook


Account = Unopened | Active | Frozen | Closed


def remembered(state: Account) -> Remembered:
    """The references that the account has done with."""
    return state.remembered if isinstance(state, Unopened) else state.book.remembered


def evolve(state: Account, event: AccountEvent) -> Account:
    match event:
        case AccountOpened():
            return Active(book=_opened(state, event))
        case AccountFrozen():
            return state if isinstance(state, Unopened) else Frozen(book=state.book)
        case AccountUnfrozen():
            return state if isinstance(state, Unopened) else Active(book=state.book)
        case AccountClosed():
            return state if isinstance(state, Unopened) else Closed(book=state.book)
        case DebitRefused() | CreditRefused():
            return _refused(state, event)
        case _:
            if isinstance(state, Unopened):
                return state
            return replace(state, book=_written(state.book, event))


def _refused(state: Account, event: DebitRefused | CreditRefused) -> Account:
    if event.reason in FOR_EVER:
        return state
    known = remembered(state).plus(event.reference)
    if isinstance(state, Unopened):
        return Unopened(remembered=known)
    return replace(state, book=replace(state.book, remembered=known))


def _opened(state: Account, event: AccountOpened) -> AccountBook:
    return AccountBook(
        owners=event.owners,
        currency=event.currency,
        overdraft_limit=event.overdraft_limit,
        balance=zero(event.currency),
        lines=0,
        open_debits={},
        remembered=remembered(state),
    )


def _written(
    book: AccountBook,
    event: OverdraftLimitChanged
    | MoneyDeposited
    | MoneyWithdrawn
    | AccountDebited
    | AccountCredited
    | DebitRefunded
    | DebitSettled,
) -> AccountBook:
    match event:
        case OverdraftLimitChanged(overdraft_limit=limit):
            return replace(book, overdraft_limit=limit)
        case MoneyDeposited(posting=posting) | MoneyWithdrawn(posting=posting):
            return _posted(book, posting)
        case AccountDebited(posting=posting, reference=reference):
            made = OpenDebit(
                reference=reference,
                purpose=event.purpose,
                counterparty=event.counterparty,
                amount=-posting.change,
            )
            opened = {**book.open_debits, reference.id: made}
            return replace(_posted(book, posting), open_debits=opened)
        case AccountCredited(posting=posting, reference=reference):
            known = book.remembered.plus(reference)
            return replace(_posted(book, posting), remembered=known)
        case DebitRefunded(posting=posting, reference=reference):
            return _ended(_posted(book, posting), reference)
        case DebitSettled(reference=reference):
            return _ended(book, reference)


def _posted(book: AccountBook, posting: Posting) -> AccountBook:
    return replace(book, balance=posting.balance, lines=posting.number)


def _ended(book: AccountBook, reference: Reference) -> AccountBook:
    left = {id: each for id, each in book.open_debits.items() if id != reference.id}
    return replace(book, open_debits=left, remembered=book.remembered.plus(reference))
