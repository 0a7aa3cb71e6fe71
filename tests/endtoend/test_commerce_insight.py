"""What commerce learns from its orders, over the API: related products, suggestions, signals."""

from uuid import uuid4

import pytest

from tests.serving import Json
from tests.shop import Shop
from tests.subscribing import subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

RELATED = """subscription($product: ID!) {
  relatedProducts(where: { product: { eq: $product } },
    orderBy: [{ field: SCORE, direction: DESC }]) {
    nodes { related together score relatedShown { name available } } } }"""
SUGGESTED = """query($customer: ID!) {
  suggestions(where: { customer: { eq: $customer }, status: { eq: OPEN } },
    orderBy: [{ field: SCORE, direction: DESC }]) {
    nodes { product score because { bought likelihood } productShown { available } } } }"""


def fresh(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:12]}"


async def test_what_is_bought_together_is_shown_beside_each_other_with_its_stock_live(
    shop: Shop,
) -> None:
    book, lamp, pen = fresh("book"), fresh("lamp"), fresh("pen")
    for each in (book, lamp, pen):
        await shop.list(each, stock=10)
    async with subscribed(shop.server.socket_url, RELATED, {"product": book}) as live:
        assert await live.next() == {"relatedProducts": {"nodes": []}}
        await shop.buy(fresh("ann"), {book: 1, lamp: 2})
        found = await live.until(lambda data: _shown(data, lamp).get("score", 0) > 0)
        assert [each["related"] for each in found["relatedProducts"]["nodes"]] == [lamp]
        await shop.buy(fresh("bob"), {book: 1, lamp: 1, pen: 1})
        await live.until(lambda data: _shown(data, lamp).get("together") == 2)
        await shop.do("restockProduct", {"product": lamp, "quantity": 5})
        stocked = await live.until(
            lambda data: _shown(data, lamp).get("relatedShown", {}).get("available") == 12
        )
    assert [each["related"] for each in stocked["relatedProducts"]["nodes"]] == [lamp, pen]


def _shown(data: Json, related: str) -> Json:
    nodes = data["relatedProducts"]["nodes"]
    return next((each for each in nodes if each["related"] == related), {})
