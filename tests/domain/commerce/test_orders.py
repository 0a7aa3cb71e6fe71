"""Orders: placed, paid, shipped in parts, delivered; cancelled or returned."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.commerce.order_messages import (
    AbandonOrder,
    CancelOrder,
    ConfirmOrder,
    DeliverOrder,
    NoteRefund,
    OrderRefunded,
    PayOrder,
    PlaceOrder,
    RecordSale,
    RejectOrder,
    ReturnOrder,
    SaleRecorded,
    ShipOrder,
)
from domain.commerce.orders import orders
from domain.commerce.terms import OrderLine
from domain.testing import given
from tests.domain.commerce.facts import (
    CONFIRMED,
    DELIVERED,
    FIRST_PART,
    LAST_PART,
    LINES,
    PAID,
    PLACED,
    PRICED,
    REJECTED,
    ROBOT,
    T0,
    cancelled,
    minutes,
    money,
    returned,
    shipped,
)

CUSTOMER = frozenset({"customer"})
CLERK = frozenset({"clerk"})
PLACE = PlaceOrder(order="o-1", lines=LINES, at=T0, by="ann")
CONFIRM = ConfirmOrder(order="o-1", lines=PRICED, at=minutes(1), by=ROBOT)
REJECT = RejectOrder(order="o-1", reason=REJECTED.reason, at=minutes(1), by=ROBOT)
PAY = PayOrder(order="o-1", payment="p-1", amount=money("25"), at=minutes(10), by=ROBOT)
CANCEL = CancelOrder(
    order="o-1", reason="changed my mind", at=minutes(20), by="ann", roles=CUSTOMER
)
ABANDON = AbandonOrder(order="o-1", reason="unpaid for 30 minutes", at=minutes(20), by="ann")
DELIVER = DeliverOrder(order="o-1", at=minutes(1000), by="wim")
BOTH = (PLACED, CONFIRMED, PAID, FIRST_PART, LAST_PART)
RECORD = RecordSale(
    order="old-7", customer="0001", units=2, amount=money("29.33"), at=T0, by="clara"
)
RECORDED = SaleRecorded(
    order="old-7", customer="0001", units=2, amount=money("29.33"), at=T0, by="clara"
)


def line(product: str, quantity: int) -> OrderLine:
    return OrderLine(product=product, quantity=quantity)


def ship(*lines: OrderLine, at: int = 60) -> ShipOrder:
    return ShipOrder(order="o-1", lines=lines, at=minutes(at), by="wim")


def send_back(*lines: OrderLine, by: str = "ann") -> ReturnOrder:
    return ReturnOrder(
        order="o-1", lines=lines, reason="scratched", at=minutes(2000), by=by, roles=CUSTOMER
    )


def note(refunded: str, payment: str = "p-1") -> NoteRefund:
    return NoteRefund(
        order="o-1", payment=payment, refunded=money(refunded), at=minutes(30), by=ROBOT
    )


def was_refunded(amount: str) -> OrderRefunded:
    return OrderRefunded(
        order="o-1", customer="ann", amount=money(amount), at=minutes(30), by=ROBOT
    )


def test_a_customer_places_an_order_in_their_own_name() -> None:
    assert given(orders).when(PLACE) == [PLACED]


def test_an_order_needs_lines_but_not_too_many() -> None:
    assert given(orders).rejects(replace(PLACE, lines=())) == "INVALID_LINES"
    many = tuple(line(f"cd-{number}", 1) for number in range(201))
    assert given(orders).rejects(replace(PLACE, lines=many)) == "INVALID_LINES"


def test_an_order_names_a_product_once() -> None:
    twice = (line("cd-1", 1), line("cd-1", 2))
    assert given(orders).rejects(replace(PLACE, lines=twice)) == "DUPLICATE_LINE"


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_a_line_has_a_sensible_quantity(quantity: int) -> None:
    lines = (line("cd-1", quantity),)
    assert given(orders).rejects(replace(PLACE, lines=lines)) == "INVALID_QUANTITY"


def test_a_line_names_a_product() -> None:
    assert given(orders).rejects(replace(PLACE, lines=(line("", 1),))) == "INVALID_ID"


def test_an_order_is_placed_once() -> None:
    assert given(orders, PLACED).rejects(PLACE) == "ORDER_EXISTS"


def test_a_reserved_order_is_confirmed_with_its_total() -> None:
    assert given(orders, PLACED).when(CONFIRM) == [CONFIRMED]
    assert given(orders, PLACED, CONFIRMED).when(CONFIRM) == []


def test_an_order_is_confirmed_for_what_was_placed() -> None:
    assert given(orders, PLACED).rejects(replace(CONFIRM, lines=PRICED[:1])) == "OTHER_LINES"


def test_an_order_that_cannot_be_reserved_is_rejected() -> None:
    assert given(orders, PLACED).when(REJECT) == [REJECTED]
    assert given(orders, PLACED, REJECTED).when(REJECT) == []


def test_an_order_is_paid_by_one_payment() -> None:
    assert given(orders, PLACED, CONFIRMED).when(PAY) == [PAID]
    assert given(orders, PLACED, CONFIRMED, PAID).when(PAY) == []
    second = replace(PAY, payment="p-2")
    assert given(orders, PLACED, CONFIRMED, PAID).rejects(second) == "WRONG_STATUS"


def test_an_order_is_paid_in_full() -> None:
    less = replace(PAY, amount=money("24.99"))
    assert given(orders, PLACED, CONFIRMED).rejects(less) == "OTHER_AMOUNT"


def test_an_unconfirmed_or_cancelled_order_takes_no_payment() -> None:
    assert given(orders, PLACED).rejects(PAY) == "WRONG_STATUS"
    assert given(orders, PLACED, CONFIRMED, cancelled()).rejects(PAY) == "WRONG_STATUS"


def test_an_unpaid_order_is_not_shipped() -> None:
    assert given(orders, PLACED, CONFIRMED).rejects(ship()) == "WRONG_STATUS"


def test_a_paid_order_is_shipped_in_parts() -> None:
    paid = given(orders, PLACED, CONFIRMED, PAID)
    assert paid.when(ship(line("cd-1", 1))) == [FIRST_PART]
    begun = given(orders, PLACED, CONFIRMED, PAID, FIRST_PART)
    assert begun.when(ship(line("cd-1", 1), line("cd-2", 1), at=70)) == [LAST_PART]


def test_shipping_without_lines_ships_all_that_is_left() -> None:
    whole = shipped(("cd-1", 2, 2), ("cd-2", 1, 1), complete=True)
    assert given(orders, PLACED, CONFIRMED, PAID).when(ship()) == [whole]
    assert given(orders, PLACED, CONFIRMED, PAID, FIRST_PART).when(ship(at=70)) == [LAST_PART]
    assert given(orders, *BOTH).when(ship()) == []


@pytest.mark.parametrize("wrong", [line("cd-1", 2), line("cd-3", 1)])
def test_no_more_is_shipped_than_was_ordered(wrong: OrderLine) -> None:
    begun = given(orders, PLACED, CONFIRMED, PAID, FIRST_PART)
    assert begun.rejects(ship(wrong)) == "TOO_MANY"


def test_an_order_is_shipped_in_a_hundred_parts_at_most() -> None:
    many = (replace(PRICED[0], quantity=1000),)
    paid = replace(PAID, lines=many)
    parts = [shipped(("cd-1", 1, number), complete=False) for number in range(1, 100)]
    almost = given(orders, paid, *parts)
    assert almost.rejects(ship(line("cd-1", 1))) == "TOO_MANY_PARTS"
    assert almost.when(ship(line("cd-1", 901))) == [shipped(("cd-1", 901, 1000), complete=True)]


def test_an_order_is_delivered_once_all_of_it_was_shipped() -> None:
    begun = given(orders, PLACED, CONFIRMED, PAID, FIRST_PART)
    assert begun.rejects(DELIVER) == "WRONG_STATUS"
    assert given(orders, *BOTH).when(DELIVER) == [DELIVERED]
    assert given(orders, *BOTH, DELIVERED).when(DELIVER) == []


def test_a_customer_cancels_before_paying() -> None:
    assert given(orders, PLACED).when(CANCEL) == [cancelled()]
    assert given(orders, PLACED, CONFIRMED).when(CANCEL) == [cancelled()]
    assert given(orders, PLACED, CONFIRMED, cancelled()).when(CANCEL) == []


def test_a_paid_order_is_cancelled_with_the_payment_to_give_back() -> None:
    assert given(orders, PLACED, CONFIRMED, PAID).when(CANCEL) == [cancelled("p-1")]
    assert given(orders, PLACED, CONFIRMED, PAID, cancelled("p-1")).when(CANCEL) == []


def test_an_order_that_is_on_its_way_is_not_cancelled() -> None:
    begun = given(orders, PLACED, CONFIRMED, PAID, FIRST_PART)
    assert begun.rejects(CANCEL) == "WRONG_STATUS"
    assert given(orders, *BOTH, DELIVERED).rejects(CANCEL) == "WRONG_STATUS"


def test_a_customer_cancels_and_returns_only_their_own() -> None:
    stranger = replace(CANCEL, by="bob")
    assert given(orders, PLACED).rejects(stranger) == "NOT_YOUR_ORDER"
    assert given(orders, PLACED, cancelled()).rejects(stranger) == "NOT_YOUR_ORDER"
    assert given(orders, *BOTH, DELIVERED).rejects(send_back(by="bob")) == "NOT_YOUR_ORDER"


def test_a_clerk_cancels_any_order() -> None:
    by_clerk = replace(CANCEL, by="clara", roles=CLERK)
    assert given(orders, PLACED).when(by_clerk) == [replace(cancelled(), by="clara")]


def test_only_an_unpaid_order_is_abandoned() -> None:
    expected = cancelled(reason="unpaid for 30 minutes")
    assert given(orders, PLACED).when(ABANDON) == [expected]
    assert given(orders, PLACED, CONFIRMED).when(ABANDON) == [expected]
    assert given(orders, PLACED, CONFIRMED, PAID).when(ABANDON) == []
    assert given(orders, PLACED, REJECTED).when(ABANDON) == []


def test_all_of_a_delivered_order_can_be_returned() -> None:
    back = returned(1, *LINES, amount="25.00", complete=True)
    assert given(orders, *BOTH, DELIVERED).when(send_back()) == [back]
    assert given(orders, *BOTH, DELIVERED, back).when(send_back()) == []


def test_an_order_is_returned_in_parts_at_the_price_that_was_paid() -> None:
    first = returned(1, line("cd-1", 1), amount="9.50", complete=False)
    assert given(orders, *BOTH, DELIVERED).when(send_back(line("cd-1", 1))) == [first]
    rest = returned(2, line("cd-1", 1), line("cd-2", 1), amount="15.50", complete=True)
    assert given(orders, *BOTH, DELIVERED, first).when(send_back()) == [rest]


def test_no_more_is_returned_than_was_bought() -> None:
    first = returned(1, line("cd-1", 1), amount="9.50", complete=False)
    after = given(orders, *BOTH, DELIVERED, first)
    assert after.rejects(send_back(line("cd-1", 2))) == "TOO_MANY"


def test_what_is_not_delivered_is_not_returned() -> None:
    assert given(orders, PLACED, CONFIRMED, PAID).rejects(send_back()) == "WRONG_STATUS"
    assert given(orders, *BOTH).rejects(send_back()) == "WRONG_STATUS"


def test_a_refund_is_noted_once_and_by_its_total() -> None:
    paid = given(orders, PLACED, CONFIRMED, PAID)
    assert paid.when(note("5")) == [was_refunded("5.00")]
    less = given(orders, PLACED, CONFIRMED, PAID, was_refunded("5.00"))
    assert less.when(note("5")) == []
    assert less.when(note("3")) == []
    assert less.when(note("12")) == [was_refunded("7.00")]


def test_a_cancelled_order_notes_the_refund_of_its_payment_and_of_no_other() -> None:
    over = given(orders, PLACED, CONFIRMED, PAID, cancelled("p-1"))
    assert over.when(note("25")) == [was_refunded("25.00")]
    assert over.when(note("25", payment="p-2")) == []
    assert given(orders, PLACED, cancelled()).when(note("25")) == []
    assert given(orders).when(note("25")) == []


def test_a_sale_of_another_system_is_taken_over() -> None:
    assert given(orders).when(RECORD) == [RECORDED]
    assert given(orders, RECORDED).when(RECORD) == []


def test_a_recorded_sale_does_not_change_its_facts() -> None:
    other = replace(RECORD, amount=money("29.34"))
    assert given(orders, RECORDED).rejects(other) == "ORDER_EXISTS"
    assert given(orders, PLACED).rejects(replace(RECORD, order="o-1")) == "ORDER_EXISTS"


def test_a_recorded_sale_is_neither_cancelled_nor_returned_here() -> None:
    by_clerk = replace(CANCEL, order="old-7", by="clara", roles=CLERK)
    assert given(orders, RECORDED).rejects(by_clerk) == "WRONG_STATUS"


def test_a_recorded_sale_may_have_cost_nothing() -> None:
    (event,) = given(orders).when(replace(RECORD, amount=Decimal(0)))
    assert isinstance(event, SaleRecorded)
    assert str(event.amount) == "0.00"


def test_nothing_can_be_done_with_an_order_nobody_placed() -> None:
    for command in (CONFIRM, REJECT, PAY, ship(), DELIVER, CANCEL, ABANDON, send_back()):
        assert given(orders).rejects(command) == "ORDER_UNKNOWN"
