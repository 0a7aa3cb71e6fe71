"""The journal: every movement of money is an entry whose debits equal its credits."""

from decimal import Decimal
from enum import StrEnum

from domain.model import value


class LedgerKind(StrEnum):
    """What a ledger account stands for: money owed to customers, or an account of the bank."""

    CUSTOMER = "CUSTOMER"
    CASH = "CASH"
    CLEARING = "CLEARING"
    TRANSIT = "TRANSIT"
    SECURITIES = "SECURITIES"


class EntrySide(StrEnum):
    """The side of an account that a leg is written on."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


@value
class JournalLeg:
    """One line of a journal entry; `ledger` is a customer's account, or `CASH:USD` of the bank."""

    ledger: str
    kind: LedgerKind
    side: EntrySide
    amount: Decimal


@value
class JournalEntry:
    """A movement of money in one currency: what is debited is credited elsewhere, to the unit."""

    currency: str
    legs: tuple[JournalLeg, ...]


@value
class LedgerSpot:
    """A place that money can be in: a customer's account, or one of the bank's own by its kind."""

    kind: LedgerKind
    account: str | None = None


def entry(currency: str, amount: Decimal, *, debit: LedgerSpot, credit: LedgerSpot) -> JournalEntry:
    """The entry that moves the amount; it is balanced by construction."""
    sides = ((debit, EntrySide.DEBIT), (credit, EntrySide.CREDIT))
    return JournalEntry(
        currency=currency,
        legs=tuple(
            JournalLeg(
                ledger=spot.account or f"{spot.kind}:{currency}",
                kind=spot.kind,
                side=side,
                amount=amount,
            )
            for spot, side in sides
        ),
    )


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
