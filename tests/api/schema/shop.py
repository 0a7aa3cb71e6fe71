"""A small model with every type of field that a schema can show: a second-hand shop."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum

from domain.model import (
    Actor,
    Aggregate,
    NewId,
    Now,
    Public,
    Rejected,
    Role,
    Roles,
    command,
    event,
    value,
)
from readmodels.composition import Model, build
from readmodels.model import Owner, Projection, document, index, many, one


class Condition(StrEnum):
    """How worn a thing is."""

    NEW = "new"
    WORN = "worn"


class Rank(Enum):
    LOW = 1
    HIGH = 2


@value
class Size:
    """Its edges."""

    width_mm: int
    depth_mm: int = 10


@value
class Mark:
    """A line of a receipt."""

    thing: str
    price: Decimal
    size: Size | None = None

    def __post_init__(self) -> None:
        if self.price < 0:
            raise ValueError("a price is not negative")
        if self.price > 1_000_000:
            raise Rejected("TOO_DEAR", "nothing here costs that much")


@command(allow=Role("clerk"))
class OfferThing:
    """Puts a thing on the shelf."""

    thing: NewId
    now: Now
    actor: Actor
    roles: Roles
    title: str
    price: Decimal
    condition: Condition = Condition.WORN
    discount: Decimal = Decimal("0.10")
    pieces: int = 1
    note: str | None
    made_on: date | None = None
    seen_at: datetime | None = None
    weight_kg: float = 0.5
    tags: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    size: Size = Size(width_mm=1)


@command(allow=Role("clerk") | Public())
class BuyThing:
    thing: str
    buyer: Actor


@command(allow=Public())
class Greet:
    """Says hello; there is nothing to say it with."""

    thing: NewId


@command()
class WithdrawThing:
    """Only processes do this."""

    thing: str


@event("thing.Offered")
class ThingOffered:
    thing: str
    title: str
    price: Decimal


Command = OfferThing | BuyThing | Greet | WithdrawThing


@dataclass(frozen=True)
class Shelf:
    """The state of a thing."""


def evolve(state: Shelf, event: ThingOffered) -> Shelf:
    return state


def decide(command: Command, state: Shelf) -> list[ThingOffered]:
    return []


things = Aggregate(
    name="thing",
    key=lambda command: command.thing,
    initial=Shelf,
    decide=decide,
    evolve=evolve,
    history=Role("clerk"),
)


@command()
class AuditShop:
    id: str


@event("shop.Audited")
class ShopAudited:
    id: str


def evolve_audit(state: Shelf, event: ShopAudited) -> Shelf:
    return state


def decide_audit(command: AuditShop, state: Shelf) -> list[ShopAudited]:
    return []


audits = Aggregate(
    name="audit",
    key=lambda command: command.id,
    initial=Shelf,
    decide=decide_audit,
    evolve=evolve_audit,
)


@document(
    read=Public(),
    indexes=[
        index("title"),
        index("price", "pieces"),
        index("condition"),
        index("in_stock"),
        index("note"),
        index("made_on"),
        index("seen_at"),
        index("rank"),
        index("watchers"),
        index("weight_kg"),
    ],
    links=[many("past_sales", to="Sale", by="thing")],
)
class Thing:
    """A thing on the shelf."""

    id: str
    title: str
    price: Decimal
    pieces: int
    weight_kg: float
    in_stock: bool
    condition: Condition
    rank: Rank | None
    note: str | None
    made_on: date | None
    seen_at: datetime | None
    tags: tuple[str, ...]
    sizes: tuple[Size, ...]
    size: Size | None
    watchers: tuple[str, ...]
    facts: dict[str, object]


@document(
    read=Owner("buyer") | Role("clerk"),
    indexes=[index("buyer"), index("thing")],
    links=[one("sold", to="Thing", by="thing")],
)
class Sale:
    """Who bought what."""

    id: str
    buyer: str
    thing: str


@document(read=Role("clerk"), indexes=[index("day")], plural="dailyTallies")
class DayTally:
    id: str
    day: date
    revenue: Decimal


def _thing(thing: Thing | None, event: ThingOffered) -> Thing | None:
    return thing


def _sale(sale: Sale | None, event: ThingOffered) -> Sale | None:
    return sale


def _tally(tally: DayTally | None, event: ThingOffered) -> DayTally | None:
    return tally


def no_keys(event: ThingOffered) -> list[str]:
    return []


def shop() -> Model:
    """The model put together."""
    return build(
        aggregates=[things, audits],
        projections=[
            Projection(document=Thing, keys=no_keys, evolve=_thing),
            Projection(document=Sale, keys=no_keys, evolve=_sale),
            Projection(document=DayTally, keys=no_keys, evolve=_tally),
        ],
    )
