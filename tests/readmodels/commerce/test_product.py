"""The product as everyone sees it, and the list of what is to be restocked."""

from dataclasses import replace

from domain.commerce.product_messages import (
    ProductDiscontinued,
    ProductEvent,
    ProductRepriced,
    ProductRestocked,
    Refusal,
    StockAdjusted,
    StockReleased,
    StockReservationRefused,
    StockReturned,
    StockShipped,
)
from domain.testing import shown
from readmodels.commerce.low_stock_item import LowStockItem, ShelfEvent, low_stock_items
from readmodels.commerce.product import Product, ProductStatus, products
from tests.domain.commerce.facts import RESERVED_1, T0, listed, money, shelf

REPRICED = ProductRepriced(product="cd-1", price=money("8.00"))
RESTOCKED = ProductRestocked(product="cd-1", quantity=3, shelf=shelf(8, 2))
SHIPPED = StockShipped(product="cd-1", order="o-1", quantity=2, shelf=shelf(3, 0))
RELEASED = StockReleased(product="cd-1", order="o-1", quantity=2, shelf=shelf(5, 0))
RETURNED = StockReturned(product="cd-1", order="o-1", quantity=2, shelf=shelf(5, 0))
LOST = StockAdjusted(product="cd-1", change=-4, reason="lost", shelf=shelf(1, 0))
DISCONTINUED = ProductDiscontinued(product="cd-1", shelf=shelf(1, 0, low_stock_at=None))
REFUSED = StockReservationRefused(
    product="cd-1", order="o-2", quantity=9, available=3, reason=Refusal.OUT_OF_STOCK, at=T0
)


def product(
    stock: int, reserved: int = 0, price: str = "9.50", status: str = "LISTED"
) -> dict[str, Product]:
    return {
        "cd-1": Product(
            id="cd-1",
            name="Blue",
            category="cd",
            price=money(price),
            status=ProductStatus(status),
            stock=stock,
            reserved=reserved,
            available=stock - reserved,
        )
    }


def low(available: int, reserved: int = 0) -> dict[str, LowStockItem]:
    return {
        "cd-1": LowStockItem(
            id="cd-1", name="Blue", available=available, reserved=reserved, low_stock_at=2
        )
    }


def catalogue(*events: ProductEvent) -> dict[str, Product]:
    return shown(products, *events)


def low_list(*events: ShelfEvent) -> dict[str, LowStockItem]:
    return shown(low_stock_items, *events)


def test_a_listed_product_is_shown_with_its_stock() -> None:
    assert catalogue(listed(5)) == product(5)


def test_what_is_reserved_is_not_available() -> None:
    assert catalogue(listed(5), RESERVED_1) == product(5, 2)
    assert catalogue(listed(5), RESERVED_1, REFUSED) == product(5, 2)
    assert catalogue(listed(5), RESERVED_1, RELEASED) == product(5)


def test_what_is_shipped_is_gone_and_what_is_returned_is_back() -> None:
    assert catalogue(listed(5), RESERVED_1, SHIPPED) == product(3)
    assert catalogue(listed(5), RESERVED_1, SHIPPED, RETURNED) == product(5)


def test_a_product_follows_its_price_stock_and_status() -> None:
    story = (listed(5), RESERVED_1, REPRICED, RESTOCKED, RELEASED, LOST, DISCONTINUED)
    assert catalogue(*story) == product(1, price="8.00", status="DISCONTINUED")


def test_what_nobody_listed_is_not_shown() -> None:
    assert catalogue(REFUSED) == {}


def test_a_product_is_low_when_its_threshold_is_reached() -> None:
    assert low_list(listed(3)) == {}
    assert low_list(listed(2)) == low(2)
    assert low_list(listed(4), LOST) == low(1)


def test_reserving_makes_a_product_low_and_releasing_makes_it_plenty() -> None:
    assert low_list(listed(5), RESERVED_1) == {}
    tight = (listed(5), SHIPPED, replace(RESERVED_1, shelf=shelf(3, 2)))
    assert low_list(*tight) == low(1, 2)
    assert low_list(*tight, RESTOCKED) == {}


def test_nobody_restocks_what_is_discontinued() -> None:
    assert low_list(listed(5), LOST, DISCONTINUED) == {}
