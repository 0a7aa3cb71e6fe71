"""What is said about a product's affinity: what else the orders have in them that have it."""

from datetime import datetime

from domain.model import Now, command, event, value


@value
class Companion:
    """Another product, and how many orders have both, at least."""

    product: str
    orders: int


@event("commerce.PurchaseCounted")
class PurchaseCounted:
    """A paid order of a product was counted: the product is now in `orders` of them.

    `basket` is what else the order has; `told` are companions with their counts of now, those of
    the basket among them; `dropped` are no companions any more. `likely` are the companions of
    most orders, for who bought; `buyers` are others who bought the product lately.
    """

    product: str
    order: str
    customer: str
    orders: int
    basket: tuple[str, ...]
    told: tuple[Companion, ...]
    dropped: tuple[str, ...]
    likely: tuple[Companion, ...]
    buyers: tuple[str, ...]
    at: datetime


@command()
class CountPurchase:
    """Count a paid order of a product, and what else the order has."""

    product: str
    order: str
    customer: str
    basket: tuple[str, ...]
    at: Now


AffinityEvent = PurchaseCounted
AffinityCommand = CountPurchase
