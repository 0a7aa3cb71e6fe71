"""What commerce learns from its orders, over the API: related products, suggestions, signals."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.commerce.payment_messages import AuthorisePayment
from domain.commerce.suspicion import ORDERS_PER_HOUR_MAX
from readmodels.commerce.customer_value import CustomerValue
from tests.endtoend.test_processes import CLERK, NOON, Clock, Embedded, running
from tests.serving import Json, fresh
from tests.shop import Refusal, Shop
from tests.subscribing import LiveMap, subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

RELATED = """subscription($product: ID!) {
  relatedProducts(where: { product: { eq: $product } },
    orderBy: [{ field: SCORE, direction: DESC }]) {
    nodes { related together score relatedShown { name available } } } }"""
SUGGESTED = """subscription($customer: ID!) {
  suggestions(where: { customer: { eq: $customer }, status: { eq: OPEN } },
    orderBy: [{ field: SCORE, direction: DESC }]) {
    nodes { product score because { bought likelihood } productShown { available } } } }"""
SIGNALS = """subscription($customer: ID!) {
  orderSignalChanges(where: { customer: { eq: $customer }, status: { eq: RAISED },
    score: { gte: 15 } }) {
    cursor reset more left
    entered { id ...of } changed { id ...of } } }
fragment of on OrderSignal { score status reasons { kind points note } orderShown { customer } }"""
HOME = {"street": "Dam 1", "city": "Amsterdam", "postalCode": "1012 JS", "country": "NL"}
ABROAD = {"street": "Meir 1", "city": "Antwerpen", "postalCode": "2000", "country": "BE"}


def listed(data: Json) -> dict[str, Json]:
    """The nodes of a pushed page by the product that each is for, in their order."""
    (page,) = data.values()
    return {each.get("related") or each["product"]: each for each in page["nodes"]}


async def test_what_is_bought_together_is_shown_beside_each_other_with_its_stock_live(
    shop: Shop,
) -> None:
    book, lamp, pen = fresh("book"), fresh("lamp"), fresh("pen")
    for each in (book, lamp, pen):
        await shop.list(each, stock=10)
    async with subscribed(shop.server.socket_url, RELATED, {"product": book}) as live:
        assert listed(await live.next()) == {}
        await shop.buy(fresh("ann"), {book: 1, lamp: 2})
        found = listed(await live.until(lambda data: listed(data)[lamp]["score"] > 0))
        assert list(found) == [lamp]
        await shop.buy(fresh("bob"), {book: 1, lamp: 1, pen: 1})
        await live.until(lambda data: listed(data)[lamp]["together"] == 2)
        await shop.do("restockProduct", {"product": lamp, "quantity": 5})
        stocked = await live.until(
            lambda data: listed(data)[lamp]["relatedShown"]["available"] == 12
        )
    assert list(listed(stocked)) == [lamp, pen]
    assert listed(stocked)[lamp]["relatedShown"]["name"] == f"The {lamp}"


async def test_a_customer_is_suggested_what_others_bought_and_told_why_until_it_is_bought(
    shop: Shop,
) -> None:
    book, lamp = fresh("book"), fresh("lamp")
    for each in (book, lamp):
        await shop.list(each, stock=10)
    ann = fresh("ann")
    token = shop.server.token(ann, "customer")
    async with subscribed(shop.server.socket_url, SUGGESTED, {"customer": ann}, token) as live:
        assert listed(await live.next()) == {}
        await shop.buy(ann, {book: 1})
        await shop.buy(fresh("bob"), {book: 1, lamp: 1})
        found = listed(await live.until(lambda data: lamp in listed(data)))
        assert list(found) == [lamp]
        (reason,) = found[lamp]["because"]
        assert reason["bought"] == book
        assert reason["likelihood"] == found[lamp]["score"] > 0
        await shop.place(fresh("cem"), {lamp: 4})
        await live.until(lambda data: listed(data)[lamp]["productShown"]["available"] == 5)
        await shop.buy(ann, {lamp: 1})
        await live.until(lambda data: not listed(data))


async def test_a_suspicious_order_is_pointed_out_until_a_clerk_clears_it(shop: Shop) -> None:
    cd, ann = fresh("cd"), fresh("ann")
    await shop.list(cd)
    clerk = shop.server.token("clerk-1", "clerk")
    signals = LiveMap()
    async with subscribed(shop.server.socket_url, SIGNALS, {"customer": ann}, clerk) as live:
        signals.apply((await live.next())["orderSignalChanges"])
        lines = [{"product": cd, "quantity": 1}]
        await shop.do("placeOrder", {"lines": lines, "billing": HOME}, customer=ann)
        odd = await shop.do(
            "placeOrder", {"lines": lines, "billing": HOME, "shipping": ABROAD}, customer=ann
        )
        while not signals.documents:
            signals.apply((await live.next())["orderSignalChanges"])
        assert signals.documents == {
            odd["id"]: {
                "id": odd["id"],
                "score": 35,
                "status": "RAISED",
                "reasons": [
                    {
                        "kind": "OTHER_COUNTRY",
                        "points": 35,
                        "note": "billed in NL, shipped to BE",
                    }
                ],
                "orderShown": {"customer": ann},
            }
        }
        await shop.do("clearOrderSignal", {"order": odd["id"], "note": "a present"})
        while signals.documents:
            signals.apply((await live.next())["orderSignalChanges"])
    assert signals.oddities == []
    with pytest.raises(Refusal, match="SIGNAL_UNKNOWN"):
        await shop.do("upholdOrderSignal", {"order": "no-such", "note": "stolen"})


async def test_a_burst_of_orders_is_pointed_out_to_the_analyst_by_its_score(shop: Shop) -> None:
    cd, ann = fresh("cd"), fresh("ann")
    await shop.list(cd)
    query = """subscription($customer: ID!) {
      orderSignals(where: { customer: { eq: $customer }, score: { gte: 40 } }) {
        nodes { id score reasons { kind } orderShown { id } } } }"""
    token = shop.server.token("ana", "analyst")
    async with subscribed(shop.server.socket_url, query, {"customer": ann}, token) as live:
        orders = [await shop.place(ann, {cd: 1}) for _ in range(ORDERS_PER_HOUR_MAX)]
        assert await live.next() == {"orderSignals": {"nodes": []}}
        orders.append(await shop.place(ann, {cd: 1}))
        found = await live.until(lambda data: bool(data["orderSignals"]["nodes"]))
    (signal,) = found["orderSignals"]["nodes"]
    assert signal["id"] in orders
    assert (signal["score"], signal["reasons"]) == (40, [{"kind": "ORDERS_IN_AN_HOUR"}])
    assert signal["orderShown"] is None  # an analyst may see signals, but nobody's orders


async def test_an_order_shows_where_it_goes_and_an_address_that_is_none_is_refused(
    shop: Shop,
) -> None:
    cd, ann = fresh("cd"), fresh("ann")
    await shop.list(cd)
    lines = [{"product": cd, "quantity": 1}]
    with pytest.raises(Refusal, match="INVALID_COUNTRY"):
        await shop.do(
            "placeOrder", {"lines": lines, "shipping": {**HOME, "country": "nl"}}, customer=ann
        )
    query = """query($order: ID!, $token: Token) { order(id: $order, atLeast: $token) {
      shipping { street country } billing { city } } }"""
    placed = await shop.do("placeOrder", {"lines": lines, "shipping": HOME}, customer=ann)
    found = await shop.server.data(
        query,
        {"order": placed["id"], "token": placed["token"]},
        shop.server.token(ann, "customer"),
    )
    assert found["order"] == {"shipping": {"street": "Dam 1", "country": "NL"}, "billing": None}


async def test_a_customers_value_follows_what_the_customer_buys(shop: Shop) -> None:
    cd, ann = fresh("cd"), fresh("ann")
    await shop.list(cd, price="40.00")
    watch = """subscription($id: ID!) { customerValue(id: $id) {
      frequency monetary spent recencyScore frequencyScore monetaryScore
      history { purchases { totalCount } } } }"""
    token = shop.server.token(ann, "customer")
    async with subscribed(shop.server.socket_url, watch, {"id": ann}, token) as live:
        assert await live.next() == {"customerValue": None}
        await shop.buy(ann, {cd: 1})
        await shop.buy(ann, {cd: 2})
        found = await live.until(
            lambda data: bool(data["customerValue"]) and data["customerValue"]["frequency"] == 1
        )
    assert found["customerValue"] == {
        "frequency": 1,
        "monetary": "80.00",
        "spent": "120.00",
        "recencyScore": 5,
        "frequencyScore": 2,
        "monetaryScore": 4,
        "history": {"purchases": {"totalCount": 2}},
    }


# Time


async def test_recency_falls_by_itself_when_time_passes_also_while_nothing_runs(
    tmp_path: Path,
) -> None:
    clock = Clock(NOON)
    async with running(tmp_path, clock) as engine:
        await engine.list("cd", stock=10)
        order = await engine.place("cd")
        total = (await engine.order_in(order, "CONFIRMED")).total
        await engine.send(AuthorisePayment, "ada", "customer", order=order, amount=total)
        await engine.order_in(order, "PAID")
        assert await recency_score(engine) == 5
    clock.now = NOON + timedelta(days=31)
    async with running(tmp_path, clock) as engine:
        assert await recency_score(engine) == 4
        clock.now = NOON + timedelta(days=89)
        assert await recency_score(engine) == 4
        clock.now = NOON + timedelta(days=400)
        assert await recency_score(engine) == 1


async def recency_score(engine: Embedded) -> int:
    """That of ada, once nothing is left to do."""
    await engine.settle()
    runtime = engine.runtime
    await runtime.caught_up(runtime.model.shown[CustomerValue].collection, await runtime.log.ends())
    found = await runtime.documents.get(CustomerValue, "ada", CLERK)
    assert found is not None
    return found.recency_score
