"""The ledger by currency: what stands on each kind of account, in all and by day.

Each entry is balanced and is folded whole into one document, so a document is balanced at every
instant, also while money is in transit.
"""

from collections.abc import Iterable
from decimal import Decimal

from domain.banking.account_messages import PostingEvent
from domain.banking.currencies import zero
from domain.banking.journal import EntrySide, JournalEntry, LedgerKind
from domain.banking.transfer_messages import TransferSent
from domain.model import value
from readmodels.model import Projection, Role, document, index, replace

EntryEvent = PostingEvent | TransferSent


@value
class LedgerTotal:
    """All accounts of a kind: what was debited and credited, and the balance, credit less debit.

    So a balance is what the bank owes where it is positive, and what it has where it is negative.
    """

    kind: LedgerKind
    debits: Decimal
    credits: Decimal
    balance: Decimal


@document(read=Role("teller", "compliance"), indexes=[index("difference"), index("entries")])
class TrialBalance:
    """The ledger in one currency, which is the id; the difference of credits and debits is 0."""

    id: str
    totals: tuple[LedgerTotal, ...]
    debits: Decimal
    credits: Decimal
    difference: Decimal
    entries: int


@document(
    read=Role("teller", "compliance"),
    indexes=[
        index("day", "currency"),
        index("currency", "day"),
        index("difference"),
        index("debits"),
    ],
)
class LedgerDay:
    """What was entered on a day, UTC, in one currency; the difference of both sides is 0."""

    id: str
    day: str
    currency: str
    totals: tuple[LedgerTotal, ...]
    debits: Decimal
    credits: Decimal
    difference: Decimal
    entries: int


def entry_of(event: EntryEvent) -> JournalEntry:
    """The balanced entry that the event carries."""
    return event.entry if isinstance(event, TransferSent) else event.posting.entry


def _added(totals: tuple[LedgerTotal, ...], entry: JournalEntry) -> tuple[LedgerTotal, ...]:
    found = {each.kind: each for each in totals}
    nothing = zero(entry.currency)
    for leg in entry.legs:
        known = found.get(leg.kind) or LedgerTotal(
            kind=leg.kind, debits=nothing, credits=nothing, balance=nothing
        )
        if leg.side is EntrySide.DEBIT:
            known = replace(known, debits=known.debits + leg.amount)
        else:
            known = replace(known, credits=known.credits + leg.amount)
        found[leg.kind] = replace(known, balance=known.credits - known.debits)
    return tuple(found[kind] for kind in LedgerKind if kind in found)


def _sums(totals: Iterable[LedgerTotal], currency: str) -> tuple[Decimal, Decimal]:
    debits = sum((each.debits for each in totals), zero(currency))
    return debits, sum((each.credits for each in totals), zero(currency))


def _balance(document: TrialBalance | None, event: EntryEvent) -> TrialBalance | None:
    entry = entry_of(event)
    totals = _added(document.totals if document else (), entry)
    debits, credits = _sums(totals, entry.currency)
    return TrialBalance(
        id=entry.currency,
        totals=totals,
        debits=debits,
        credits=credits,
        difference=credits - debits,
        entries=(document.entries if document else 0) + 1,
    )


def _day_id(event: EntryEvent) -> str:
    return f"{event.at.date()}:{entry_of(event).currency}"


def _day(document: LedgerDay | None, event: EntryEvent) -> LedgerDay | None:
    entry = entry_of(event)
    totals = _added(document.totals if document else (), entry)
    debits, credits = _sums(totals, entry.currency)
    return LedgerDay(
        id=_day_id(event),
        day=event.at.date().isoformat(),
        currency=entry.currency,
        totals=totals,
        debits=debits,
        credits=credits,
        difference=credits - debits,
        entries=(document.entries if document else 0) + 1,
    )


trial_balances = Projection(
    document=TrialBalance, keys=lambda event: [entry_of(event).currency], evolve=_balance
)
ledger_days = Projection(document=LedgerDay, keys=lambda event: [_day_id(event)], evolve=_day)
