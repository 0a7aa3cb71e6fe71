"""An order and its payment as they are shown."""

from datetime import timedelta

from domain.commerce.order_messages import OrderEvent, OrderRefunded, SaleRecorded
from domain.commerce.terms import OrderLine
from domain.testing import shown
from readmodels.commerce.order import Order, OrderItem, OrderStatus, orders
from readmodels.commerce.payment import PaymentNews, PaymentStatus, payments
from readmodels.commerce.timeline import LISTED_MAX, OrderStep, TimelineEntry, entry_of
from tests.domain.commerce.facts import (
    CONFIRMED,
    DELIVERED,
    FIRST_PART,
    LAST_PART,
    PAID,
    PLACED,
    REJECTED,
    ROBOT,
    T0,
    authorised,
    cancelled,
    captured,
    declined,
    minutes,
    money,
    refunded,
    returned,
    shipped,
)

SHIPPED = (PLACED, CONFIRMED, PAID, FIRST_PART, LAST_PART)
BACK = returned(1, OrderLine(product="cd-1", quantity=1), amount="9.50", complete=False)
REST = returned(
    2,
    OrderLine(product="cd-1", quantity=1),
    OrderLine(product="cd-2", quantity=1),
    amount="15.50",
    complete=True,
)
REFUNDED = OrderRefunded(
    order="o-1", customer="ann", amount=money("9.50"), at=minutes(2001), by=ROBOT
)
RECORDED = SaleRecorded(
    order="old-7", customer="0001", units=2, amount=money("29.33"), at=T0, by="clara"
)


def entry(what: str, at: int, by: str, note: str | None) -> TimelineEntry:
    return TimelineEntry(what=OrderStep(what), at=minutes(at), by=by, note=note)


def item(
    product: str, price: str | None, ordered: int, shipped: int = 0, back: int = 0
) -> OrderItem:
    return OrderItem(
        product=product,
        ordered=ordered,
        shipped=shipped,
        returned=back,
        unit_price=None if price is None else money(price),
    )


def the_order(*events: OrderEvent) -> Order:
    found = shown(orders, *events)
    assert list(found) == ["o-1"]
    return found["o-1"]


def test_a_placed_order_has_no_prices_yet() -> None:
    assert the_order(PLACED) == Order(
        id="o-1",
        customer="ann",
        status=OrderStatus.PLACED,
        lines=(item("cd-1", None, 2), item("cd-2", None, 1)),
        units=3,
        total=None,
        refunded=money("0.00"),
        payment=None,
        placed_at=T0,
        paid_at=None,
        shipped_at=None,
        delivered_at=None,
        timeline=(entry("PLACED", 0, "ann", "2 x cd-1, 1 x cd-2"),),
    )


def test_a_returned_order_shows_all_that_happened_to_it() -> None:
    assert the_order(*SHIPPED, DELIVERED, BACK, REFUNDED, REST) == Order(
        id="o-1",
        customer="ann",
        status=OrderStatus.RETURNED,
        lines=(item("cd-1", "9.50", 2, 2, 2), item("cd-2", "6.00", 1, 1, 1)),
        units=3,
        total=money("25.00"),
        refunded=money("9.50"),
        payment="p-1",
        placed_at=T0,
        paid_at=minutes(10),
        shipped_at=minutes(70),
        delivered_at=minutes(1000),
        timeline=(
            entry("PLACED", 0, "ann", "2 x cd-1, 1 x cd-2"),
            entry("CONFIRMED", 1, ROBOT, "total 25.00"),
            entry("PAID", 10, ROBOT, "by payment p-1"),
            entry("SHIPPED", 60, "wim", "1 x cd-1"),
            entry("SHIPPED", 70, "wim", "1 x cd-1, 1 x cd-2"),
            entry("DELIVERED", 1000, "wim", None),
            entry("RETURNED", 2000, "ann", "1 x cd-1: scratched"),
            entry("REFUNDED", 2001, ROBOT, "9.50"),
            entry("RETURNED", 2000, "ann", "1 x cd-1, 1 x cd-2: scratched"),
        ),
    )


def test_the_status_follows_the_order() -> None:
    assert the_order(PLACED, CONFIRMED).status is OrderStatus.CONFIRMED
    assert the_order(PLACED, REJECTED).status is OrderStatus.REJECTED
    assert the_order(PLACED, cancelled()).status is OrderStatus.CANCELLED
    assert the_order(*SHIPPED[:3]).status is OrderStatus.PAID
    assert the_order(*SHIPPED[:4]).status is OrderStatus.SHIPPING
    assert the_order(*SHIPPED).status is OrderStatus.SHIPPED
    assert the_order(*SHIPPED, DELIVERED, BACK).status is OrderStatus.DELIVERED


def test_a_part_that_left_does_not_make_the_order_shipped() -> None:
    assert the_order(*SHIPPED[:4]).shipped_at is None
    assert the_order(*SHIPPED[:4]).lines == (item("cd-1", "9.50", 2, 1), item("cd-2", "6.00", 1))


def test_a_recorded_sale_is_a_delivered_order_without_lines() -> None:
    sale = shown(orders, RECORDED)["old-7"]
    assert sale.status is OrderStatus.DELIVERED
    assert (sale.customer, sale.units, sale.total, sale.lines) == ("0001", 2, money("29.33"), ())
    assert sale.placed_at == sale.paid_at == sale.shipped_at == sale.delivered_at == T0
    assert sale.timeline == (entry("RECORDED", 0, "clara", "2 units"),)


def test_a_long_shipment_is_noted_in_short() -> None:
    parts = [(f"cd-{number}", 1, 1) for number in range(LISTED_MAX + 2)]
    note = entry_of(shipped(*parts, complete=True)).note
    assert note == "1 x cd-0, 1 x cd-1, 1 x cd-2, 1 x cd-3, 1 x cd-4 and 2 more"


def test_a_payment_is_shown_from_authorised_to_refunded() -> None:
    def status(*events: PaymentNews) -> str:
        return shown(payments, *events)["p-1"].status

    assert status(authorised()) == PaymentStatus.AUTHORISED
    assert status(authorised(), captured()) == PaymentStatus.CAPTURED
    assert status(authorised(), declined()) == PaymentStatus.DECLINED
    part, rest = refunded("5.00", "5.00"), refunded("20.00", "25.00")
    assert status(authorised(), captured(), part) == PaymentStatus.CAPTURED
    assert status(authorised(), captured(), part, rest) == PaymentStatus.REFUNDED


def test_a_payment_refused_at_once_is_shown_with_its_reason() -> None:
    payment = shown(payments, declined(customer=None))["p-1"]
    assert (payment.status, payment.reason) == (PaymentStatus.DECLINED, "no funds")
    assert (payment.order, payment.amount) == ("o-1", money("25.00"))
    assert payment.at - T0 == timedelta(minutes=7)
