"""The affinity of a product: in how many paid orders it is, and with what else.

What is kept of a product is bounded. Its companions are counted by the Space-Saving algorithm
(Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data
Streams", ICDT 2005): while there are at most COMPANIONS_MAX of them, the counts are exact; then a
new one takes the place of the one with the fewest orders, and inherits its count as `excess`. One
of the same basket is not pushed out. So a companion that makes up more than one part in
(COMPANIONS_MAX - BASKET_MAX) of all that was ever counted is never missing, and `orders - excess`,
which is what is told, is never too high.

Whoever shows a pair of products needs the orders of both. All companions are told of the orders of
a product when these have grown by TOLD_AGAIN_PERCENT, those of the basket every time: so what is
told to others is exact up to 10 orders, then at most that much behind, at a cost that falls with
the number of orders.

An order counts when it is paid, and for good: what was cancelled or returned later had been wanted
together all the same.
"""

from domain.commerce.affinity_messages import (
    AffinityCommand,
    AffinityEvent,
    Companion,
    CountPurchase,
    PurchaseCounted,
)
from domain.model import Aggregate, Role, value

COMPANIONS_MAX = 200
"""How many companions of a product are counted; then a new one takes the place of the least."""
BASKET_MAX = 20
"""How many products of an order are counted as bought together: its first ones."""
LIKELY_MAX = 10
"""How many companions are named to who bought."""
BUYERS_MAX = 5
"""How many of a product's last buyers are told of what is bought with it; then the first goes."""
ORDERS_REMEMBERED_MAX = 50
"""How many of the last orders are told from new ones; older ones are by the command's id."""
TOLD_AGAIN_PERCENT = 10


@value
class Count:
    """In how many orders a companion is, of which `excess` may be those of others before it."""

    orders: int
    excess: int


@value
class Affinity:
    """What is known of a product; `told` is its number of orders when all were told of it last."""

    orders: int
    told: int
    companions: dict[str, Count]
    buyers: tuple[str, ...]
    counted: tuple[str, ...]


def decide(command: AffinityCommand, state: Affinity) -> list[AffinityEvent]:
    if command.order in state.counted:
        return []
    basket = command.basket[: BASKET_MAX - 1]
    companions = counted(state.companions, basket)
    orders = state.orders + 1
    is_told = _is_due(orders, state.told)
    return [
        PurchaseCounted(
            product=command.product,
            order=command.order,
            customer=command.customer,
            orders=orders,
            basket=basket,
            told=_companions(companions, list(companions if is_told else basket)),
            dropped=tuple(each for each in state.companions if each not in companions),
            likely=_companions(companions, _likely(companions, basket)),
            buyers=tuple(each for each in state.buyers if each != command.customer),
            at=command.at,
        )
    ]


def evolve(state: Affinity, event: AffinityEvent) -> Affinity:
    others = tuple(each for each in state.buyers if each != event.customer)
    return Affinity(
        orders=event.orders,
        told=event.orders if _is_due(event.orders, state.told) else state.told,
        companions=counted(state.companions, event.basket),
        buyers=(*others, event.customer)[-BUYERS_MAX:],
        counted=(*state.counted, event.order)[-ORDERS_REMEMBERED_MAX:],
    )


def counted(companions: dict[str, Count], basket: tuple[str, ...]) -> dict[str, Count]:
    """The companions after one more order, which has these besides the product."""
    found = dict(companions)
    for product in basket:
        if known := found.get(product):
            found[product] = Count(orders=known.orders + 1, excess=known.excess)
        elif len(found) < COMPANIONS_MAX:
            found[product] = Count(orders=1, excess=0)
        else:
            least = min(found.keys() - set(basket), key=lambda each: (found[each].orders, each))
            inherited = found.pop(least).orders
            found[product] = Count(orders=inherited + 1, excess=inherited)
    return found


def _is_due(orders: int, told: int) -> bool:
    return orders * 100 >= told * (100 + TOLD_AGAIN_PERCENT)


def _likely(companions: dict[str, Count], basket: tuple[str, ...]) -> list[str]:
    """The companions of most orders, but for those that were bought with it just now."""
    others = [each for each in companions if each not in basket]
    return sorted(others, key=lambda each: (-_sure(companions[each]), each))[:LIKELY_MAX]


def _companions(companions: dict[str, Count], products: list[str]) -> tuple[Companion, ...]:
    return tuple(Companion(product=each, orders=_sure(companions[each])) for each in products)


def _sure(count: Count) -> int:
    return count.orders - count.excess


affinities = Aggregate(
    name="affinity",
    key=lambda command: command.product,
    initial=lambda: Affinity(orders=0, told=0, companions={}, buyers=(), counted=()),
    decide=decide,
    evolve=evolve,
    history=Role("analyst"),
)

__all__ = ["Affinity", "Count", "CountPurchase", "affinities", "counted"]
