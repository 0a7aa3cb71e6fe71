"""Who may do and see what, on every way there is: mutation, query, list, history and push."""

import pytest

from tests.serving import Json, fresh
from tests.shop import Shop
from tests.subscribing import Ended, LiveMap, subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORDERS = "{ orders(first: 500) { totalCount nodes { id customer } } }"
CHANGES = """subscription { orderChanges {
  cursor reset more entered { id customer status } changed { id customer status } left } }"""


async def codes(shop: Shop, query: str, sub: str | None, *roles: str) -> list[str]:
    """The codes of an answer's errors, for a subject with these roles, or without a token."""
    token = None if sub is None else shop.server.token(sub, *roles)
    answer = await shop.server.graphql(query, token=token)
    return [each["extensions"]["code"] for each in answer.get("errors", ())]


async def test_a_customer_finds_own_orders_only(shop: Shop) -> None:
    cd, ada, eve = fresh("cd"), fresh("ada"), fresh("eve")
    await shop.list(cd)
    hers = await shop.place(ada, {cd: 1})
    others = await shop.place(eve, {cd: 1})
    await shop.order_in(hers, "CONFIRMED")
    await shop.order_in(others, "CONFIRMED")
    token = shop.server.token(ada, "customer")

    found = (await shop.server.data(ORDERS, token=token))["orders"]
    assert found == {"totalCount": 1, "nodes": [{"id": hers, "customer": ada}]}
    sneaky = """query($eve: ID!, $id: ID!) {
      order(id: $id) { id }
      byFilter: orders(where: { or: [{ customer: { eq: $eve } }, { id: { eq: $id } }] }) {
        totalCount nodes { id } }
      byNot: orders(where: { not: { customer: { eq: "nobody" } }, id: { eq: $id } }) {
        totalCount nodes { id } }
      customerHistory(id: $eve) { purchases { totalCount } }
    }"""
    stolen = await shop.server.data(sneaky, {"eve": eve, "id": others}, token)
    nothing: Json = {"totalCount": 0, "nodes": []}
    assert stolen == {
        "order": None, "byFilter": nothing, "byNot": nothing, "customerHistory": None
    }  # fmt: skip
    both = {"ids": [hers, others]}
    query = "query($ids: [ID!]) { orders(where: { id: { in: $ids } }) { totalCount } }"
    clerks = await shop.server.data(query, both, shop.server.token("clerk-1", "clerk"))
    assert clerks["orders"]["totalCount"] == 2


async def test_a_customer_is_pushed_own_orders_only(shop: Shop) -> None:
    cd, ada, eve = fresh("cd"), fresh("ada"), fresh("eve")
    await shop.list(cd)
    before = await shop.place(eve, {cd: 1})
    await shop.order_in(before, "CONFIRMED")
    token = shop.server.token(ada, "customer")
    seen = LiveMap()
    url = shop.server.socket_url
    watch = "subscription($id: ID!) { order(id: $id) { id } }"
    async with (
        subscribed(url, CHANGES, token=token) as changes,
        subscribed(url, watch, {"id": before}, token) as others,
    ):
        seen.apply((await changes.next())["orderChanges"])
        assert (seen.documents, seen.resets) == ({}, 1)
        assert await others.next() == {"order": None}
        for _ in range(3):
            await shop.place(eve, {cd: 1})
        hers = await shop.place(ada, {cd: 1})
        await shop.do("cancelOrder", {"order": before, "reason": "eve's"}, customer=eve)
        while seen.documents.get(hers, {}).get("status") != "CONFIRMED":
            seen.apply((await changes.next())["orderChanges"])
        with pytest.raises(TimeoutError):
            await others.next(wait_s=0.3)
    assert list(seen.documents) == [hers]
    assert seen.oddities == []


async def test_everyone_sees_products_and_nobody_without_a_token_sees_more(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd)
    assert await shop.product(cd) is not None
    for hidden in ("orders", "payments", "lowStockItems", "salesDays", "customerHistories"):
        query = f"{{ {hidden} {{ totalCount nodes {{ id }} }} }}"
        assert await codes(shop, query, None) == ["UNAUTHENTICATED"]
    for hidden in ("order", "payment", "lowStockItem", "salesDay", "customerHistory"):
        assert await codes(shop, f'{{ {hidden}(id: "1") {{ id }} }}', None) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("hidden", ["payments", "lowStockItems", "salesDays"])
async def test_a_role_that_may_see_none_of_a_kind_is_told_so(shop: Shop, hidden: str) -> None:
    query = f"{hidden} {{ totalCount nodes {{ id }} }}"
    assert await codes(shop, f"{{ {query} }}", "ada", "customer") == ["FORBIDDEN"]
    url, token = shop.server.socket_url, shop.server.token("ada", "customer")
    async with subscribed(url, f"subscription {{ {query} }}", token=token) as refused:
        with pytest.raises(Ended) as ended:
            await refused.next()
    assert ended.value.code == "FORBIDDEN"


@pytest.mark.parametrize("role", ["customer", "analyst", "provider", None])
async def test_only_a_clerk_lists_products(shop: Shop, role: str | None) -> None:
    mutation = """mutation { listProduct(input: {
      product: "no", name: "No", category: "no", price: "1.00" }) { __typename } }"""
    sub = None if role is None else f"{role}-1"
    expected = "UNAUTHENTICATED" if role is None else "FORBIDDEN"
    assert await codes(shop, mutation, sub, *filter(None, [role])) == [expected]
    assert await shop.product("no") is None


async def test_history_is_for_those_whom_the_aggregate_names(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd)
    query = f'{{ history(stream: "product-{cd}") {{ nodes {{ type }} }} }}'
    assert await codes(shop, query, "clerk-1", "clerk") == []
    assert await codes(shop, query, "ada", "customer") == ["FORBIDDEN"]
    assert await codes(shop, query, None) == ["UNAUTHENTICATED"]
    for stream in ("nothing-1", "product-", "process_fulfilment-1", ""):
        elsewhere = f'{{ history(stream: "{stream}") {{ nodes {{ type }} }} }}'
        assert set(await codes(shop, elsewhere, "clerk-1", "clerk")) <= {"BAD_USER_INPUT"}


async def test_nobody_cancels_the_order_of_somebody_else(shop: Shop) -> None:
    cd, ada = fresh("cd"), fresh("ada")
    await shop.list(cd)
    order = await shop.place(ada, {cd: 1})
    cancel = {"order": order, "reason": "mine now"}
    refused = await shop.send("cancelOrder", cancel, customer=fresh("eve"))
    assert refused["code"] == "NOT_YOUR_ORDER"
