"""How two products belong together, as a number, and how pairs of ids become one id.

Counts of few orders are damped by n / (n + DAMPING), as Koren does with similarities of small
support ("Factorization Meets the Neighborhood", KDD 2008): else two products that were bought
once, together, would be the closest pair of all.
"""

from math import sqrt

DAMPING = 2


def closeness(together: int, orders: int | None, others: int | None) -> float:
    """The damped cosine of two products, 0.0 to 1.0, from the orders that have both, and each.

    The cosine of the vectors of orders is the measure of Linden, Smith and York, "Amazon.com
    Recommendations: Item-to-Item Collaborative Filtering", IEEE Internet Computing 7(1), 2003. It
    counts what is bought with everything for little, unlike the plain share of orders; unlike a
    lift or a likelihood ratio it needs no count of all orders, which no pair could keep up with.
    """
    if not together or not orders or not others:
        return 0.0
    return _damped(together) * together / sqrt(orders * others)


def likelihood(together: int, orders: int) -> float:
    """The damped share of the orders of one product that have the other too, 0.0 to 1.0.

    The conditional probability is a measure of Deshpande and Karypis, "Item-Based Top-N
    Recommendation Algorithms", ACM TOIS 22(1), 2004, who add it up over what a customer has. It
    needs the orders of the bought product alone, which its event has. What is bought with
    everything is likely too, and stands high; it is `closeness` that makes little of it.
    """
    return _damped(together) * together / orders if together and orders else 0.0


def pair_id(first: str, second: str) -> str:
    """One id of two, which no other two have: `first~second`."""
    return f"{_escaped(first)}~{_escaped(second)}"


def parts_of(id: str) -> tuple[str, str]:
    """The two ids that `pair_id` made one of."""
    first, _, second = id.partition("~")
    return _plain(first), _plain(second)


def _damped(together: int) -> float:
    return together / (together + DAMPING)


def _escaped(id: str) -> str:
    return id.replace("%", "%25").replace("~", "%7E")


def _plain(escaped: str) -> str:
    return escaped.replace("%7E", "~").replace("%25", "%")
