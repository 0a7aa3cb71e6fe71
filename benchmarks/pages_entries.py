"""A million entries with a few indexes, and what is asked of them: pages and totals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from domain.rules import Owner, Role, Viewer
from readmodels.composition import Collection
from readmodels.model import document, index, spec_of
from readmodels.query import EVERYTHING, By, Compare, Query, Where
from readmodels.rights import visible
from readmodels.store import MISSING, Write

FIRST = 20
DEEP = 1_000
"""The number of the page that lies deep in the list."""
_START = datetime(2026, 1, 1, tzinfo=UTC)


class Status(StrEnum):
    """Where an entry stands: a third of them each."""

    OPEN = "OPEN"
    HELD = "HELD"
    SHUT = "SHUT"


@document(
    read=Owner("parties") | Role("clerk"),
    indexes=[index("status", "at"), index("amount"), index("payer", "at")],
)
class Entry:
    """An entry of a ledger."""

    id: str
    status: Status
    amount: Decimal
    payer: str
    at: datetime
    note: str | None
    parties: tuple[str, ...]
    text: str


collection = Collection("Entry", Entry, 1, spec_of(Entry).indexes)


def entries(documents: int) -> Iterator[Write[Entry]]:
    """So many, always the same, in no order; a payer has fifty of them."""
    random = Random(5)
    for number in range(documents):
        payer, payee = (f"user-{random.randrange(max(documents // 50, 1))}" for _ in range(2))
        entry = Entry(
            id=f"{random.getrandbits(64):016x}",
            status=list(Status)[number % 3],
            amount=Decimal(random.randrange(-(10**6), 10**7)) / 100,
            payer=payer,
            at=_START + timedelta(seconds=random.randrange(10**7)),
            note=None if number % 4 else f"note {number % 1000}",
            parties=(payer, payee),
            text="what it was for, in so many words " * 4,
        )
        yield Write(entry.id, MISSING, entry, {0: number})


@dataclass(frozen=True, kw_only=True)
class Paged:
    """A list that pages are taken from, and whether it goes on to the deep one."""

    name: str
    query: Query
    is_long: bool = True


_OPEN = Compare("status", "eq", Status.OPEN)
_MINE = visible(Entry, Owner("parties") | Role("clerk"), Viewer("user-7"))

PAGES = (
    Paged(name="all, by id", query=Query(first=FIRST)),
    Paged(name="all, by amount downwards", query=Query(order=(By("amount", True),), first=FIRST)),
    Paged(name="of a status, by time", query=Query(where=_OPEN, order=(By("at"),), first=FIRST)),
    Paged(name="an owner's, by id", query=Query(where=_MINE, first=FIRST), is_long=False),
)
TOTALS: dict[str, Where] = {"all": EVERYTHING, "of a status": _OPEN, "an owner's": _MINE}
