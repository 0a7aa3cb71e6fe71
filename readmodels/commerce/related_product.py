"""What is bought together: for each product the others, the closest first."""

from domain.commerce.affinity_messages import PurchaseCounted
from readmodels.commerce.affinity import closeness, pair_id, parts_of
from readmodels.model import Projection, Public, document, index, one, replace


@document(
    read=Public(),
    indexes=[index("product", "score"), index("related", "score"), index("score")],
    links=[one("related_shown", to="Product", by="related")],
)
class RelatedProduct:
    """A product to show beside another: `together` orders have both, `score` is how close they are.

    The score, 0.0 to 1.0, is the damped cosine over paid orders. It is 0.0 unless each of the two
    is among the companions that are counted of the other; `orders` and `related_orders`, in how
    many orders each is, may be 10 % behind.
    """

    id: str
    product: str
    related: str
    together: int
    orders: int | None
    related_orders: int | None
    score: float


def keys(event: PurchaseCounted) -> list[str]:
    """Every pair of which the event counts a half: the product beside others, they beside it."""
    others = [*(each.product for each in event.told), *event.dropped]
    return [
        *(pair_id(event.product, each) for each in others),
        *(pair_id(each, event.product) for each in others),
    ]


def begin(id: str) -> RelatedProduct:
    product, related = parts_of(id)
    return RelatedProduct(
        id=id,
        product=product,
        related=related,
        together=0,
        orders=None,
        related_orders=None,
        score=0.0,
    )


def evolve(document: RelatedProduct | None, event: PurchaseCounted) -> RelatedProduct | None:
    """Each half is as the last event of its product says; a pair without halves is none."""
    if document is None:
        return None
    together = {each.product: each.orders for each in event.told}
    if document.product == event.product:
        own = together.get(document.related)
        pair = replace(document, together=own or 0, orders=own and event.orders)
    else:
        is_told = document.product in together
        pair = replace(document, related_orders=event.orders if is_told else None)
    if pair.orders is None and pair.related_orders is None:
        return None
    score = closeness(pair.together, pair.orders, pair.related_orders)
    return replace(pair, score=score)


related_products = Projection(document=RelatedProduct, keys=keys, evolve=evolve, begin=begin)
