"""Things and sales to ask for."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from tests.api.schema.shop import Condition, DayTally, Rank, Sale, Size, Thing

LAMP = Thing(
    id="lamp",
    title="A lamp",
    price=Decimal("12.50"),
    pieces=2,
    weight_kg=1.25,
    in_stock=True,
    condition=Condition.NEW,
    rank=Rank.HIGH,
    note="mind the cable",
    made_on=date(1961, 5, 4),
    seen_at=datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC),
    tags=("light", "metal"),
    sizes=(Size(width_mm=3), Size(width_mm=4, depth_mm=5)),
    size=None,
    watchers=("ann", "bob"),
    facts={"watts": 40, "cost": Decimal("1.20"), "by": {"name": "Ada"}},
)
BOOK = replace(
    LAMP,
    id="book",
    title="A book",
    price=Decimal("3"),
    pieces=5,
    in_stock=False,
    condition=Condition.WORN,
    rank=None,
    note=None,
    made_on=None,
    seen_at=None,
    watchers=(),
)
CHAIR = replace(BOOK, id="chair", title="Chair", price=Decimal("30.0"), note="creaks")
THINGS = (LAMP, BOOK, CHAIR)


def thing(number: int) -> Thing:
    """One of many alike."""
    return replace(BOOK, id=f"thing-{number:03}", pieces=number, price=Decimal(number % 3))


SALES = (
    Sale(id="s1", buyer="ann", thing="lamp"),
    Sale(id="s2", buyer="bob", thing="lamp"),
    Sale(id="s3", buyer="bob", thing="book"),
)
TALLY = DayTally(id="2026-01-02", day=date(2026, 1, 2), revenue=Decimal("1E+3"))
