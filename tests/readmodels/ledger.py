"""Entries with indexes of every kind, and the questions that those indexes are to serve."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from domain.rules import Owner, Role, Viewer
from readmodels.model import document, index
from readmodels.query import EVERYTHING, And, By, Compare, Not, Or, Query, Where
from readmodels.rights import visible
from readmodels.store import MISSING, Store, Write
from tests.contracts.stores import collection_of

ENTRIES = 3_000
DELETED = 300
FIRST = 20
_START = datetime(2026, 1, 1, tzinfo=UTC)


class Status(StrEnum):
    """Where an entry stands."""

    OPEN = "OPEN"
    HELD = "HELD"
    SHUT = "SHUT"


@document(
    read=Owner("parties") | Role("clerk"),
    indexes=[
        index("status", "balance"),
        index("status"),
        index("balance"),
        index("payer", "at"),
        index("payee", "at"),
        index("note"),
        index("tags"),
    ],
)
class Entry:
    """An entry of a ledger."""

    id: str
    status: Status
    balance: Decimal
    payer: str
    payee: str
    at: datetime
    note: str | None
    tags: tuple[str, ...]
    parties: tuple[str, ...]


entries = collection_of(Entry)


def entry(number: int, random: Random) -> Entry:
    payer, payee = (f"user-{random.randrange(100)}" for _ in range(2))
    return Entry(
        id=f"{random.getrandbits(64):016x}",
        status=random.choice(list(Status)),
        balance=Decimal(random.randrange(-1000, 1000)) / 4,
        payer=payer,
        payee=payee,
        at=_START + timedelta(minutes=random.randrange(100_000)),
        note=None if number % 3 else f"note {number % 50}",
        tags=tuple(random.sample(["red", "green", "blue", f"rare-{number % 100}"], 2)),
        parties=(payer, payee),
    )


async def fill(store: Store) -> list[Entry]:
    """Put entries into the store, and delete some that were there; those that are left."""
    random = Random(4)
    made = [entry(number, random) for number in range(ENTRIES + DELETED)]
    await store.prepare(entries)
    await store.commit(entries, [Write(e.id, MISSING, e, {0: 1}) for e in made])
    gone = await store.load(entries, [e.id for e in made[ENTRIES:]])
    await store.commit(entries, [Write(id, each, None, {0: 2}) for id, each in gone.items()])
    return made[:ENTRIES]


OPEN = Compare("status", "eq", Status.OPEN)
LOW = Decimal(-100)
MINE = visible(Entry, Owner("parties") | Role("clerk"), Viewer("user-7"))


def _query(where: Where = EVERYTHING, *order: By) -> Query:
    return Query(where=where, order=order, first=FIRST)


PAGES: Mapping[str, Query] = {
    "all": _query(),
    "all, the id downwards": _query(EVERYTHING, By("id", descending=True)),
    "by a field": _query(EVERYTHING, By("balance")),
    "by a field, downwards": _query(EVERYTHING, By("balance", descending=True)),
    "by a field of few values": _query(EVERYTHING, By("status")),
    "by a field of few values, downwards": _query(EVERYTHING, By("status", descending=True)),
    "by a field and the id, downwards": _query(
        EVERYTHING, By("balance", descending=True), By("id", descending=True)
    ),
    "by a field, the id downwards": _query(EVERYTHING, By("status"), By("id", descending=True)),
    "by two fields": _query(EVERYTHING, By("status"), By("balance")),
    "by two fields, downwards": _query(
        EVERYTHING, By("status", descending=True), By("balance", descending=True)
    ),
    "by a field that may be left out": _query(EVERYTHING, By("note")),
    "by a field that may be left out, downwards": _query(EVERYTHING, By("note", descending=True)),
    "an equality": _query(OPEN),
    "an equality, by another field": _query(OPEN, By("balance")),
    "an equality, by another field, downwards": _query(OPEN, By("balance", descending=True)),
    "an equality and a range": _query(And((OPEN, Compare("balance", "gte", LOW))), By("balance")),
    "a range": _query(Compare("balance", "gte", LOW), By("balance")),
    "a range, downwards": _query(Compare("balance", "lt", -LOW), By("balance", descending=True)),
    "a prefix": _query(Compare("note", "startsWith", "note 1"), By("note")),
    "without a value": _query(Compare("note", "isNull", True)),
    "with a value": _query(Compare("note", "isNull", False), By("note")),
    "one of several, by another field": _query(
        Compare("status", "in", (Status.OPEN, Status.HELD)), By("balance")
    ),
    "one of several, by another field, downwards": _query(
        Compare("status", "in", (Status.OPEN, Status.HELD)), By("balance", descending=True)
    ),
    "one or the other, by a third": _query(
        Or((Compare("payer", "eq", "user-7"), Compare("payee", "eq", "user-7"))), By("at")
    ),
    "both of an and": _query(
        And((And((OPEN, And(()))), Or((Compare("balance", "gt", LOW),)))), By("balance")
    ),
    "a list's value": _query(Compare("tags", "contains", "rare-7")),
    "an owner's": _query(MINE),
}
"""What a page costs is then what is in it: no scan, no sort."""

COUNTS: Mapping[str, Where] = {
    "all": EVERYTHING,
    "an equality": OPEN,
    "one of several": Compare("status", "in", (Status.OPEN, Status.HELD)),
    "another value": Compare("status", "ne", Status.OPEN),
    "none of several": Compare("status", "notIn", (Status.OPEN, Status.HELD)),
    "not an equality": Not(OPEN),
    "a range": Compare("balance", "gte", LOW),
    "an equality and a range": And((OPEN, Compare("balance", "gte", LOW))),
    "either of two fields of one index": Or((OPEN, Compare("balance", "gte", LOW))),
    "a prefix": Compare("note", "startsWith", "note 1"),
    "without a value": Compare("note", "isNull", True),
    "with a value": Compare("note", "isNull", False),
    "a list's value": Compare("tags", "contains", "red"),
    "an owner's": MINE,
    "an equality and an instant": And(
        (Compare("payer", "eq", "user-7"), Compare("at", "gte", _START))
    ),
}
"""What an index answers alone: no document is read."""
