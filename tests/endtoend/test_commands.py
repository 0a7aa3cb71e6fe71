"""What an answer to a command promises: it is consistent, it is given once, and a no is data."""

import asyncio
from typing import Any

import pytest

from tests.serving import Json, fresh
from tests.shop import PRODUCT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


def listing(product: str, **changed: Any) -> Json:
    return {"product": product, "name": "A CD", "category": "music", "price": "9.99", **changed}


def restock(product: str, quantity: int = 1) -> Json:
    return {"product": product, "quantity": quantity}


async def history(shop: Shop, stream: str, **arguments: Any) -> Json:
    query = """query($stream: ID!, $after: Int, $first: Int) {
      history(stream: $stream, afterVersion: $after, first: $first) {
        nodes { id type stream version at actor data token } pageInfo { hasNextPage } } }"""
    token = shop.server.token("clerk-1", "clerk")
    found: Json = (await shop.server.data(query, {"stream": stream, **arguments}, token))["history"]
    return found


async def test_an_accepted_command_is_in_the_query_of_its_answer(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd, stock=0)
    for stock in range(1, 21):
        query = f'product(id: "{cd}") {{ {PRODUCT} }} lowStockItem(id: "{cd}") {{ available }}'
        result = await shop.do("restockProduct", restock(cd), query=query)
        assert result["version"] == stock + 1
        assert result["query"]["product"]["stock"] == stock
        low = {"available": stock} if stock <= 3 else None
        assert result["query"]["lowStockItem"] == low


async def test_a_query_at_least_a_token_shows_what_came_before_it(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd, stock=0)
    query = "query($id: ID!, $t: Token) { product(id: $id, atLeast: $t) { stock } }"
    for stock in range(1, 21):
        result = await shop.do("restockProduct", restock(cd))
        shown = await shop.server.data(query, {"id": cd, "t": result["token"]})
        assert shown == {"product": {"stock": stock}}


async def test_a_command_sent_again_gets_the_first_answer_and_happens_once(shop: Shop) -> None:
    cd, again = fresh("cd"), fresh("command")
    await shop.list(cd, stock=0)
    first = await shop.do("restockProduct", restock(cd), command_id=again)
    await shop.do("restockProduct", restock(cd))
    second = await shop.do("restockProduct", restock(cd), command_id=again)
    assert second == first
    assert (await shop.product(cd) or {})["stock"] == 2


async def test_an_order_placed_again_with_its_command_id_is_the_same_order(shop: Shop) -> None:
    cd, ada, again = fresh("cd"), fresh("ada"), fresh("command")
    await shop.list(cd)
    input = {"lines": [{"product": cd, "quantity": 1}]}
    first = await shop.do("placeOrder", input, customer=ada, command_id=again)
    second = await shop.do("placeOrder", input, customer=ada, command_id=again)
    other = await shop.do("placeOrder", input, customer=fresh("eve"), command_id=again)
    assert second == first
    assert other["id"] != first["id"]


async def test_an_expected_version_that_does_not_hold_is_a_conflict(shop: Shop) -> None:
    cd = fresh("cd")
    accepted = await shop.do("listProduct", listing(cd), expected_version=0)
    assert accepted["version"] == 1
    await shop.do("restockProduct", restock(cd), expected_version=1)
    refused = await shop.send("restockProduct", restock(cd), expected_version=1)
    assert (refused["__typename"], refused["code"]) == ("Rejected", "CONFLICT")
    assert "2" in refused["message"]
    assert (await shop.product(cd) or {})["stock"] == 1


async def test_a_refused_command_leaves_nothing_in_the_log(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd, stock=1)
    adjust = {"product": cd, "change": -2, "reason": "lost"}
    for input, code in (
        (adjust, "INVALID_ADJUSTMENT"),
        ({**adjust, "reason": " "}, "INVALID_TEXT"),
    ):
        refused = await shop.send("adjustStock", input, command_id=fresh("command"))
        assert (refused["__typename"], refused["code"]) == ("Rejected", code)
    assert [each["version"] for each in (await history(shop, f"product-{cd}"))["nodes"]] == [1]


async def test_history_tells_who_did_what_in_order(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd, price="9.99", stock=1)
    results = [await shop.do("restockProduct", restock(cd, n)) for n in (1, 2, 3)]
    found = await history(shop, f"product-{cd}", after=1, first=2)
    assert found["pageInfo"] == {"hasNextPage": True}
    assert found["nodes"] == [result["events"][0] for result in results[:2]]
    assert [(each["type"], each["actor"]) for each in found["nodes"]] == [
        ("commerce.ProductRestocked", "warehouse-1")
    ] * 2
    assert found["nodes"][1]["data"]["shelf"]["stock"] == 4


async def test_many_commands_at_once_are_decided_one_after_the_other(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd, stock=30)
    takes = {"product": cd, "change": -2, "reason": "breakage"}
    results = await asyncio.gather(*(shop.send("adjustStock", takes) for _ in range(25)))
    names = [each["__typename"] for each in results]
    assert (names.count("Accepted"), names.count("Rejected")) == (15, 10)
    versions = sorted(each["version"] for each in results if each["__typename"] == "Accepted")
    assert versions == list(range(2, 17))
    assert (await shop.product(cd) or {})["stock"] == 0
