"""The analysis of baskets: each product of a paid order is told what else the order has."""

from domain.commerce.affinities import BASKET_MAX
from domain.commerce.affinity_messages import CountPurchase
from domain.commerce.order_messages import OrderPaid
from domain.model import After, Process, value


@value
class Basket:
    """Nothing needs to be kept: an order is paid once, and counting it again changes nothing."""


def evolve(state: Basket, event: OrderPaid) -> Basket:
    return state


def react(state: Basket, event: OrderPaid) -> list[CountPurchase | After[CountPurchase]]:
    """Only the first BASKET_MAX products are paired, so that each of a pair counts the other."""
    products = [each.product for each in event.lines]
    paired = products[:BASKET_MAX]
    return [
        CountPurchase(
            product=each,
            order=event.order,
            customer=event.customer,
            basket=tuple(other for other in paired if other != each) if each in paired else (),
            at=event.at,
        )
        for each in products
    ]


basket_analysis = Process(
    name="basket_analysis",
    key=lambda event: event.order,
    initial=Basket,
    evolve=evolve,
    react=react,
)
