"""What an order may be placed with."""

from domain.commerce.addresses import checked_address
from domain.commerce.order_messages import OrderPlaced, PlaceOrder
from domain.commerce.terms import checked_lines


def placed(command: PlaceOrder) -> OrderPlaced:
    """The order as it was placed. Raises Rejected where its lines or addresses are none."""
    return OrderPlaced(
        order=command.order,
        customer=command.by,
        lines=checked_lines(command.lines),
        at=command.at,
        by=command.by,
        shipping=checked_address(command.shipping, "shipping"),
        billing=checked_address(command.billing, "billing"),
    )
