"""What a customer may like: what others bought together with what the customer bought.

With each purchase its buyer is told what else is bought with it, and the last buyers before are
told what it was bought with this time. Who bought it longer ago is told again by the next purchase.
"""

from enum import StrEnum
from math import fsum

from domain.commerce.affinity_messages import PurchaseCounted
from domain.model import value
from readmodels.commerce.affinity import likelihood, pair_id, parts_of
from readmodels.model import Owner, Projection, Role, document, index, one, replace

REASONS_MAX = 50
"""How many bought products speak for one suggestion; of more, those with the first ids."""


class SuggestionStatus(StrEnum):
    """Whether a suggestion still is one: it is `TAKEN` for good once its product is bought."""

    OPEN = "OPEN"
    TAKEN = "TAKEN"


@value
class SuggestionReason:
    """A product that the customer bought, and how likely the suggested one is bought with it."""

    bought: str
    likelihood: float


@document(
    read=Owner("customer") | Role("clerk", "analyst"),
    indexes=[
        index("customer", "status", "score"),
        index("product", "status", "score"),
        index("status", "score"),
    ],
    links=[one("product_shown", to="Product", by="product")],
)
class Suggestion:
    """A product for a customer, `because` of those that the customer bought, the likeliest first.

    The score adds up the likelihoods: it orders the suggestions of one customer. What a customer
    bought unasked is `TAKEN` too, without a reason.
    """

    id: str
    customer: str
    product: str
    status: SuggestionStatus
    score: float
    because: tuple[SuggestionReason, ...]


def keys(event: PurchaseCounted) -> list[str]:
    """What was bought, what its buyer may like, and what those may like who bought it before."""
    return [
        pair_id(event.customer, event.product),
        *(pair_id(event.customer, each.product) for each in event.likely),
        *(pair_id(buyer, each) for buyer in event.buyers for each in event.basket),
    ]


def begin(id: str) -> Suggestion:
    customer, product = parts_of(id)
    return Suggestion(
        id=id,
        customer=customer,
        product=product,
        status=SuggestionStatus.OPEN,
        score=0.0,
        because=(),
    )


def evolve(document: Suggestion | None, event: PurchaseCounted) -> Suggestion | None:
    """What speaks for it is per product what its last event says, in whatever order these come."""
    if document is None:
        return None
    if document.product == event.product:
        return replace(document, status=SuggestionStatus.TAKEN)
    together = {each.product: each.orders for each in (*event.told, *event.likely)}
    share = likelihood(together[document.product], event.orders)
    reason = SuggestionReason(bought=event.product, likelihood=share)
    because = _with(document.because, reason)
    score = fsum(each.likelihood for each in because)
    return replace(document, score=score, because=because)


def _with(
    because: tuple[SuggestionReason, ...], reason: SuggestionReason
) -> tuple[SuggestionReason, ...]:
    """Those with the first ids are kept: whichever comes first, they are the same in the end."""
    found = {each.bought: each for each in because} | {reason.bought: reason}
    kept = [found[each] for each in sorted(found)[:REASONS_MAX]]
    return tuple(sorted(kept, key=lambda each: (-each.likelihood, each.bought)))


suggestions = Projection(document=Suggestion, keys=keys, evolve=evolve, begin=begin)
