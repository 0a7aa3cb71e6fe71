"""The history of a small shop in 1997, as the lines of a file for `headrace import`."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from eventlog.ids import derived_id
from tests.serving import Json

__all__ = ["Bought", "line", "purchases", "write_history"]

START = datetime(1997, 1, 1, 9, 0, tzinfo=UTC)
STEP = timedelta(minutes=17)
PRODUCTS = {"cd-0": Decimal("14.99"), "cd-1": Decimal("0.01"), "lp-0": Decimal("120.00")}
STOCK = 100_000


@dataclass(frozen=True)
class Bought:
    """An order of the history: what for, when, and how far it comes."""

    number: int
    product: str
    quantity: int

    @property
    def order(self) -> str:
        """Its id, which follows from the command that places it."""
        return derived_id(f"place-{self.number}", "import", "PlaceOrder", "order")

    @property
    def at(self) -> datetime:
        return START + self.number * STEP

    @property
    def amount(self) -> Decimal:
        return PRODUCTS[self.product] * self.quantity

    @property
    def is_paid(self) -> bool:
        return self.number % 3 != 0

    @property
    def is_delivered(self) -> bool:
        return self.number % 3 == 1


def purchases(count: int) -> list[Bought]:
    """So many orders, some paid, some of those delivered."""
    names = list(PRODUCTS)
    return [Bought(n, names[n * 7 % len(names)], 1 + n % 4) for n in range(count)]


def write_history(path: Path, count: int) -> list[Bought]:
    """Write a history with so many orders, in the order of time."""
    bought = purchases(count)
    lines = [each for number, name in enumerate(PRODUCTS) for each in [_listed(number, name)]]
    for each in bought:
        lines += _lines(each)
    lines.sort(key=lambda each: str(each["at"]))
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return bought


def line(at: datetime, command: str, command_id: str, **input: object) -> Json:
    """One line of a file."""
    stamp = at.isoformat().replace("+00:00", "Z")
    return {"at": stamp, "command": command, "input": input, "commandId": command_id}


def _listed(number: int, name: str) -> Json:
    facts = {"name": name, "category": "music", "price": str(PRODUCTS[name]), "stock": STOCK}
    return line(START - STEP, "ListProduct", f"list-{number}", product=name, **facts)


def _lines(each: Bought) -> list[Json]:
    n, order = each.number, each.order
    what = [{"product": each.product, "quantity": each.quantity}]
    lines = [line(each.at, "PlaceOrder", f"place-{n}", lines=what)]
    if each.is_paid:
        at = each.at + timedelta(minutes=5)
        amount = str(each.amount)
        lines.append(line(at, "AuthorisePayment", f"pay-{n}", order=order, amount=amount))
    if each.is_delivered:
        lines.append(line(each.at + timedelta(hours=1), "ShipOrder", f"ship-{n}", order=order))
        at = each.at + timedelta(days=1)
        lines.append(line(at, "DeliverOrder", f"deliver-{n}", order=order))
    return lines
