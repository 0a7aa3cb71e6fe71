"""Products: prices, stock, and what of it is reserved for whom."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.commerce.product_messages import (
    AdjustStock,
    DiscontinueProduct,
    ListProduct,
    ProductDiscontinued,
    ProductListed,
    ProductRepriced,
    ProductRestocked,
    Refusal,
    ReleaseStock,
    RepriceProduct,
    ReserveStock,
    RestockProduct,
    ReturnStock,
    ShipStock,
    StockAdjusted,
    StockReleased,
    StockReservationRefused,
    StockReturned,
    StockShipped,
)
from domain.commerce.products import Listed, products
from domain.commerce.terms import STOCK_MAX
from domain.testing import given
from tests.domain.commerce.facts import RESERVED_1, T0, listed, money, shelf

LIST = ListProduct(
    product="cd-1",
    name="Blue",
    category="cd",
    price=money("9.5"),
    stock=5,
    low_stock_at=2,
)
RESERVE = ReserveStock(product="cd-1", order="o-1", quantity=2, at=T0)
RELEASE = ReleaseStock(product="cd-1", order="o-1")
DISCONTINUED = ProductDiscontinued(product="cd-1", shelf=shelf(5, 2, low_stock_at=None))


def refused(reason: Refusal, available: int, quantity: int = 2) -> StockReservationRefused:
    return StockReservationRefused(
        product="cd-1",
        order="o-1",
        quantity=quantity,
        available=available,
        reason=reason,
        at=T0,
    )


def ship(shipped: int) -> ShipStock:
    return ShipStock(product="cd-1", order="o-1", shipped=shipped)


def was_shipped(quantity: int, stock: int, reserved: int) -> StockShipped:
    return StockShipped(
        product="cd-1", order="o-1", quantity=quantity, shelf=shelf(stock, reserved)
    )


def test_a_new_product_is_listed_with_its_price_in_cents() -> None:
    (event,) = given(products).when(LIST)
    assert event == listed(5)
    assert isinstance(event, ProductListed)
    assert str(event.price) == "9.50"


def test_an_id_is_listed_once() -> None:
    assert given(products, listed()).rejects(LIST) == "PRODUCT_EXISTS"


@pytest.mark.parametrize("price", ["-0.01", "1.001", "NaN", "Infinity", "1E+999999", "1000000.01"])
def test_a_price_is_an_amount(price: str) -> None:
    priced = replace(LIST, price=Decimal(price))
    assert given(products).rejects(priced) == "INVALID_AMOUNT"


@pytest.mark.parametrize("product", ["", " ", " cd-1", "x" * 101, "a\nb", "\ud800"])
def test_a_product_id_is_short_and_printable(product: str) -> None:
    assert given(products).rejects(replace(LIST, product=product)) == "INVALID_ID"


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\x00b", "\ud800"])
def test_a_product_name_is_a_text(name: str) -> None:
    assert given(products).rejects(replace(LIST, name=name)) == "INVALID_TEXT"


@pytest.mark.parametrize("stock", [-1, STOCK_MAX + 1])
def test_a_product_is_not_listed_with_an_absurd_stock(stock: int) -> None:
    assert given(products).rejects(replace(LIST, stock=stock)) == "INVALID_QUANTITY"


def test_a_free_product_costs_nothing_and_not_minus_nothing() -> None:
    (event,) = given(products, listed()).when(
        RepriceProduct(product="cd-1", price=Decimal("-0.00"))
    )
    assert isinstance(event, ProductRepriced)
    assert str(event.price) == "0.00"


def test_repricing_to_the_same_price_says_nothing() -> None:
    assert given(products, listed()).when(RepriceProduct(product="cd-1", price=money("9.5"))) == []


def test_restocking_adds_to_what_is_there() -> None:
    restocked = ProductRestocked(product="cd-1", quantity=3, shelf=shelf(8))
    assert given(products, listed(5)).when(RestockProduct(product="cd-1", quantity=3)) == [
        restocked
    ]


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_restocking_takes_a_sensible_quantity(quantity: int) -> None:
    command = RestockProduct(product="cd-1", quantity=quantity)
    assert given(products, listed()).rejects(command) == "INVALID_QUANTITY"


def test_stock_stays_within_what_can_be_counted() -> None:
    full = given(products, listed(STOCK_MAX))
    assert full.rejects(RestockProduct(product="cd-1", quantity=1)) == "STOCK_TOO_LARGE"


def test_a_loss_is_taken_off_the_stock() -> None:
    command = AdjustStock(product="cd-1", change=-5, reason="stolen")
    assert given(products, listed(5)).when(command) == [
        StockAdjusted(product="cd-1", change=-5, reason="stolen", shelf=shelf(0))
    ]


def test_an_adjustment_never_goes_below_zero() -> None:
    command = AdjustStock(product="cd-1", change=-6, reason="stolen")
    assert given(products, listed(5)).rejects(command) == "INVALID_ADJUSTMENT"


def test_an_adjustment_never_takes_what_is_reserved() -> None:
    with_order = given(products, listed(5), RESERVED_1)
    assert len(with_order.when(AdjustStock(product="cd-1", change=-3, reason="count"))) == 1
    too_much = AdjustStock(product="cd-1", change=-4, reason="count")
    assert with_order.rejects(too_much) == "INVALID_ADJUSTMENT"


def test_an_adjustment_by_nothing_says_nothing() -> None:
    assert given(products, listed()).when(AdjustStock(product="cd-1", change=0, reason="ok")) == []


def test_an_order_reserves_at_the_price_of_the_moment() -> None:
    assert given(products, listed(5)).when(RESERVE) == [RESERVED_1]


def test_a_repeated_reservation_says_nothing() -> None:
    assert given(products, listed(5), RESERVED_1).when(RESERVE) == []


def test_reserved_stock_keeps_its_price_but_the_next_order_pays_the_new_one() -> None:
    repriced = ProductRepriced(product="cd-1", price=money("12.00"))
    other = replace(RESERVE, order="o-2")
    (event,) = given(products, listed(5), RESERVED_1, repriced).when(other)
    assert event == replace(RESERVED_1, order="o-2", unit_price=money("12.00"), shelf=shelf(5, 4))


def test_what_is_reserved_cannot_be_promised_again() -> None:
    other = replace(RESERVE, order="o-2", quantity=4)
    expected = replace(refused(Refusal.OUT_OF_STOCK, 3, 4), order="o-2")
    assert given(products, listed(5), RESERVED_1).when(other) == [expected]


def test_a_product_nobody_listed_cannot_be_reserved() -> None:
    assert given(products).when(RESERVE) == [refused(Refusal.UNKNOWN_PRODUCT, 0)]


def test_a_refusal_changes_nothing() -> None:
    assert given(products, refused(Refusal.UNKNOWN_PRODUCT, 0)).when(LIST) == [listed(5)]


def test_releasing_gives_back_exactly_what_was_reserved() -> None:
    released = StockReleased(product="cd-1", order="o-1", quantity=2, shelf=shelf(5))
    assert given(products, listed(5), RESERVED_1).when(RELEASE) == [released]
    assert given(products, listed(5), RESERVED_1, released).when(RELEASE) == []


def test_releasing_what_was_never_reserved_says_nothing() -> None:
    assert given(products, listed(5)).when(RELEASE) == []
    assert given(products).when(RELEASE) == []


def test_a_shipped_part_leaves_stock_and_reservation() -> None:
    assert given(products, listed(5), RESERVED_1).when(ship(1)) == [was_shipped(1, 4, 1)]


def test_shipping_in_parts_consumes_the_reservation() -> None:
    first, last = was_shipped(1, 4, 1), was_shipped(1, 3, 0)
    assert given(products, listed(5), RESERVED_1, first).when(ship(2)) == [last]
    after = given(products, listed(5), RESERVED_1, first, last)
    assert after.when(ship(2)) == []
    assert after.when(RELEASE) == []
    assert isinstance(after.state, Listed)
    assert after.state.reservations == {}


def test_parts_that_arrive_out_of_order_ship_once() -> None:
    both = given(products, listed(5), RESERVED_1).when(ship(2))
    assert both == [was_shipped(2, 3, 0)]
    assert given(products, listed(5), RESERVED_1, *both).when(ship(1)) == []


def test_no_more_is_shipped_than_was_reserved() -> None:
    assert given(products, listed(5), RESERVED_1).rejects(ship(3)) == "NOT_RESERVED"


def test_releasing_after_a_part_was_shipped_gives_back_the_rest() -> None:
    released = StockReleased(product="cd-1", order="o-1", quantity=1, shelf=shelf(4))
    assert given(products, listed(5), RESERVED_1, was_shipped(1, 4, 1)).when(RELEASE) == [released]


def test_a_return_is_back_in_stock() -> None:
    command = ReturnStock(product="cd-1", order="o-1", quantity=2)
    returned = StockReturned(product="cd-1", order="o-1", quantity=2, shelf=shelf(7))
    assert given(products, listed(5)).when(command) == [returned]


def test_a_discontinued_product_still_ships_releases_and_takes_back() -> None:
    off_sale = given(products, listed(5), RESERVED_1, DISCONTINUED)
    assert len(off_sale.when(ship(1))) == 1
    assert len(off_sale.when(RELEASE)) == 1
    assert len(off_sale.when(ReturnStock(product="cd-1", order="o-0", quantity=1))) == 1
    assert len(off_sale.when(AdjustStock(product="cd-1", change=-3, reason="gone"))) == 1


def test_a_discontinued_product_is_no_longer_sold() -> None:
    off_sale = given(products, listed(5), RESERVED_1, DISCONTINUED)
    other = replace(RESERVE, order="o-2")
    expected = replace(refused(Refusal.DISCONTINUED, 0), order="o-2")
    assert off_sale.when(other) == [expected]
    assert off_sale.when(DiscontinueProduct(product="cd-1")) == []
    restock = RestockProduct(product="cd-1", quantity=1)
    assert off_sale.rejects(restock) == "PRODUCT_DISCONTINUED"
    assert off_sale.rejects(LIST) == "PRODUCT_EXISTS"


def test_discontinuing_takes_a_product_off_the_list_to_restock() -> None:
    assert given(products, listed(5), RESERVED_1).when(DiscontinueProduct(product="cd-1")) == [
        DISCONTINUED
    ]


def test_nothing_can_be_done_with_a_product_nobody_listed() -> None:
    assert given(products).rejects(RestockProduct(product="x", quantity=1)) == "PRODUCT_UNKNOWN"
    assert given(products).rejects(DiscontinueProduct(product="x")) == "PRODUCT_UNKNOWN"
    assert given(products).rejects(ship(1)) == "PRODUCT_UNKNOWN"
