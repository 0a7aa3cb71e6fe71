"""An order from its placing to its end, as customers, clerks and the warehouse see it."""

from typing import Any

import pytest

from tests.serving import Json, fresh
from tests.shop import Refusal, Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(shop: Shop, query: str, *roles: str, sub: str = "analyst-1", **values: Any) -> Json:
    return await shop.server.data(query, values, shop.server.token(sub, *roles))


async def test_an_order_goes_from_placing_to_delivery_and_every_document_says_so(
    shop: Shop,
) -> None:
    cd, lp, ada = fresh("cd"), fresh("lp"), fresh("ada")
    await shop.list(cd, price="12.50", stock=10)
    await shop.list(lp, price="20.00", stock=5)

    order = await shop.place(ada, {cd: 2, lp: 1})
    confirmed = await shop.order_in(order, "CONFIRMED")
    assert (confirmed["total"], confirmed["units"]) == ("45.00", 3)
    await shop.product_with(cd, stock=10, reserved=2, available=8)

    payment = await shop.pay(ada, order, "45.00")
    paid = await shop.order_in(order, "PAID")
    assert paid["payment"] == payment

    await shop.do("shipOrder", {"order": order, "lines": [{"product": cd, "quantity": 1}]})
    await shop.order_in(order, "SHIPPING")
    await shop.product_with(cd, stock=9, reserved=1, available=8)
    await shop.do("shipOrder", {"order": order})
    await shop.order_in(order, "SHIPPED")
    await shop.do("deliverOrder", {"order": order})
    delivered = await shop.order_in(order, "DELIVERED")

    assert delivered["lines"] == [
        {"product": cd, "ordered": 2, "shipped": 2, "returned": 0, "unitPrice": "12.50"},
        {"product": lp, "ordered": 1, "shipped": 1, "returned": 0, "unitPrice": "20.00"},
    ]
    told = [(each["what"], each["by"], each["note"]) for each in delivered["timeline"]]
    assert told == [
        ("PLACED", ada, f"2 x {cd}, 1 x {lp}"),
        ("CONFIRMED", "process:fulfilment", "total 45.00"),
        ("PAID", "process:fulfilment", f"by payment {payment}"),
        ("SHIPPED", "warehouse-1", f"1 x {cd}"),
        ("SHIPPED", "warehouse-1", f"1 x {cd}, 1 x {lp}"),
        ("DELIVERED", "warehouse-1", None),
    ]
    assert [each["at"] for each in delivered["timeline"]] == sorted(
        each["at"] for each in delivered["timeline"]
    )
    await shop.product_with(cd, stock=8, reserved=0, available=8)
    await shop.product_with(lp, stock=4, reserved=0, available=4)

    history = """query($id: ID!) { customerHistory(id: $id) {
      orders units spent refunded purchases { totalCount nodes { id status } } } }"""
    bought = await until(
        lambda: ask(shop, history, "customer", sub=ada, id=ada),
        lambda data: data["customerHistory"] is not None,
    )
    assert bought["customerHistory"] == {
        "orders": 1, "units": 3, "spent": "45.00", "refunded": "0.00",
        "purchases": {"totalCount": 1, "nodes": [{"id": order, "status": "DELIVERED"}]},
    }  # fmt: skip


async def test_sales_and_performance_count_what_was_paid_for(shop: Shop) -> None:
    cd, ada = fresh("cd"), fresh("ada")
    await shop.list(cd, price="7.00")
    order = await shop.place(ada, {cd: 3})
    confirmed = await shop.order_in(order, "CONFIRMED")
    day = confirmed["placedAt"][:10]
    query = """query($day: ID!) {
      salesDay(id: $day) { orders units revenue }
      fulfilmentPerformance(id: $day) { placedToPaid { count meanSeconds p95Seconds } }
    }"""
    before = await ask(shop, query, "analyst", day=day)
    await shop.pay(ada, order, confirmed["total"])
    paid = await shop.order_in(order, "PAID")
    assert paid["paidAt"][:10] == day, "paid after midnight"

    def orders(data: Json) -> int:
        return int((data["salesDay"] or {"orders": 0})["orders"])

    sold = await until(
        lambda: ask(shop, query, "analyst", day=day), lambda data: orders(data) > orders(before)
    )
    assert float(sold["salesDay"]["revenue"]) >= 21
    assert sold["fulfilmentPerformance"]["placedToPaid"]["count"] >= 1


async def test_an_order_for_more_than_there_is_is_rejected_and_releases_the_rest(
    shop: Shop,
) -> None:
    much, little = fresh("cd"), fresh("cd")
    await shop.list(much, stock=50)
    await shop.list(little, stock=1)
    order = await shop.place(fresh("ada"), {much: 5, little: 2})
    rejected = await shop.order_in(order, "REJECTED")
    assert "OUT_OF_STOCK" in rejected["timeline"][-1]["note"]
    await shop.product_with(much, stock=50, reserved=0)
    await shop.product_with(little, stock=1, reserved=0)


async def test_a_declined_payment_cancels_its_order_and_releases_the_stock(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd, stock=3)
    order = await shop.place(fresh("ada"), {cd: 3})
    await shop.order_in(order, "CONFIRMED")
    await shop.product_with(cd, reserved=3)
    refused = {"order": order, "amount": "30.00", "reason": "no cover"}
    await shop.do("refusePayment", refused)
    cancelled = await shop.order_in(order, "CANCELLED")
    assert "declined" in cancelled["timeline"][-1]["note"]
    await shop.product_with(cd, stock=3, reserved=0)


async def test_a_return_puts_the_goods_back_and_refunds_their_price(shop: Shop) -> None:
    cd, ada = fresh("cd"), fresh("ada")
    await shop.list(cd, price="9.99", stock=10)
    order = await shop.buy(ada, {cd: 3})
    await shop.do("shipOrder", {"order": order})
    await shop.do("deliverOrder", {"order": order})
    part = {"order": order, "reason": "scratched", "lines": [{"product": cd, "quantity": 1}]}
    await shop.do("returnOrder", part, customer=ada)
    back = await until(lambda: shop.order(order), lambda found: found["refunded"] == "9.99")
    assert (back["status"], back["lines"][0]["returned"]) == ("DELIVERED", 1)
    await shop.product_with(cd, stock=8, reserved=0)
    await shop.do("returnOrder", {"order": order, "reason": "all of it"}, customer=ada)
    await until(lambda: shop.order(order), lambda found: found["refunded"] == "29.97")
    await shop.order_in(order, "RETURNED")
    await shop.product_with(cd, stock=10, reserved=0)


async def test_a_cancelled_order_that_was_paid_is_refunded(shop: Shop) -> None:
    cd, ada = fresh("cd"), fresh("ada")
    await shop.list(cd, price="5.00", stock=2)
    order = await shop.buy(ada, {cd: 2})
    await shop.do("cancelOrder", {"order": order, "reason": "too late"}, customer=ada)
    await until(
        lambda: shop.order(order),
        lambda found: (found["status"], found["refunded"]) == ("CANCELLED", "10.00"),
    )
    await shop.product_with(cd, stock=2, reserved=0)


async def test_what_runs_out_is_on_the_list_only_while_it_does(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd, stock=4)
    query = "query($id: ID!) { lowStockItem(id: $id) { available lowStockAt } }"

    async def low() -> Json | None:
        found: Json | None = (await ask(shop, query, "warehouse", id=cd))["lowStockItem"]
        return found

    assert await low() is None
    input = {"product": cd, "change": -2, "reason": "water"}
    await shop.do("adjustStock", input)
    assert await until(low, bool) == {"available": 2, "lowStockAt": 3}
    await shop.do("restockProduct", {"product": cd, "quantity": 2})
    await until(low, lambda found: found is None)


async def test_nobody_ships_what_was_not_paid_for(shop: Shop) -> None:
    cd = fresh("cd")
    await shop.list(cd)
    order = await shop.place(fresh("ada"), {cd: 1})
    await shop.order_in(order, "CONFIRMED")
    with pytest.raises(Refusal, match="WRONG_STATUS"):
        await shop.do("shipOrder", {"order": order})
