"""Lots: what was bought when for how much, and sold first in, first out.

The parts of a lot's cost are whole minor units and sum to it: what the last part of a lot cost is
what is left. So over any history the cost of what is held and of what was sold is what was paid.
"""

from datetime import datetime
from decimal import Decimal

from domain.banking.currencies import rounded, zero
from domain.banking.trade_terms import UNIT
from domain.model import value


@value
class Lot:
    """Units of one purchase that are still held, and what they cost in all."""

    number: int
    quantity: Decimal
    cost: Decimal
    bought_at: datetime


def quantity_of(lots: tuple[Lot, ...]) -> Decimal:
    """How many units the lots have."""
    return sum((each.quantity for each in lots), Decimal(0).quantize(UNIT))


def cost_of(lots: tuple[Lot, ...], currency: str) -> Decimal:
    """What the lots cost."""
    return sum((each.cost for each in lots), zero(currency))


def taken(
    lots: tuple[Lot, ...], quantity: Decimal, currency: str
) -> tuple[tuple[Lot, ...], tuple[Lot, ...]]:
    """What is left of the lots and what is taken of them, the oldest first.

    There must be as many units as are taken.
    """
    left: list[Lot] = []
    parts: list[Lot] = []
    for lot in lots:
        part = min(lot.quantity, quantity)
        quantity -= part
        if part == lot.quantity:
            parts.append(lot)
        elif not part:
            left.append(lot)
        else:
            cost = rounded(lot.cost * (part / lot.quantity), currency)
            parts.append(_with(lot, part, cost))
            left.append(_with(lot, lot.quantity - part, lot.cost - cost))
    return tuple(left), tuple(parts)


def given_back(lots: tuple[Lot, ...], parts: tuple[Lot, ...]) -> tuple[Lot, ...]:
    """The lots with parts back in their places."""
    found = {each.number: each for each in lots}
    for part in parts:
        lot = found.get(part.number)
        found[part.number] = (
            _with(lot, lot.quantity + part.quantity, lot.cost + part.cost) if lot else part
        )
    return tuple(found[number] for number in sorted(found))


def _with(lot: Lot, quantity: Decimal, cost: Decimal) -> Lot:
    return Lot(number=lot.number, quantity=quantity, cost=cost, bought_at=lot.bought_at)
