"""Orders are shipped and returned in parts: what is left, and what a command takes of it."""

from collections.abc import Mapping

from domain.commerce.order_messages import ReturnOrder, ShipOrder, ShippedLine
from domain.commerce.terms import PARTS_MAX, OrderLine, PricedLine, checked_lines
from domain.model import Rejected


def left_of(lines: tuple[PricedLine, ...], done: Mapping[str, int]) -> dict[str, int]:
    """How much of each product is left, where anything is."""
    left = {each.product: each.quantity - done.get(each.product, 0) for each in lines}
    return {product: quantity for product, quantity in left.items() if quantity}


def takes_all(lines: tuple[OrderLine, ...], left: dict[str, int]) -> bool:
    """Whether the lines are all that is left."""
    return {each.product: each.quantity for each in lines} == left


def with_totals(lines: tuple[OrderLine, ...], done: Mapping[str, int]) -> tuple[ShippedLine, ...]:
    """The lines of a shipment, each with what was shipped of it in all."""
    return tuple(
        ShippedLine(
            product=each.product,
            quantity=each.quantity,
            shipped=done.get(each.product, 0) + each.quantity,
        )
        for each in lines
    )


def part(
    command: ShipOrder | ReturnOrder, left: dict[str, int], parts: int, verb: str
) -> tuple[OrderLine, ...]:
    """What the command takes of what is left: the lines it names, or everything.

    `parts` is how many were taken before. Raises Rejected where it takes more than is left.
    """
    if not command.lines:
        return tuple(OrderLine(product=each, quantity=left[each]) for each in left)
    lines = checked_lines(command.lines)
    for line in lines:
        if line.quantity > left.get(line.product, 0):
            raise Rejected(
                "TOO_MANY",
                f"order {command.order} has {left.get(line.product, 0)} of {line.product} left "
                f"to {verb}, not {line.quantity}",
            )
    if parts + 1 >= PARTS_MAX and not takes_all(lines, left):
        raise Rejected(
            "TOO_MANY_PARTS",
            f"order {command.order} is at its part {PARTS_MAX}, the last: {verb} all that is left",
        )
    return lines
