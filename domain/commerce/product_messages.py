"""What is said about a product: the events of its price and stock, and the commands for them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.model import Now, Role, command, event, value


@value
class Shelf:
    """What stands on a product's shelf after an event, and where it counts as low.

    `stock` is all that is there, `reserved` what of it is promised to orders; `low_stock_at` is
    None where nobody is going to restock it.
    """

    name: str
    stock: int
    reserved: int
    low_stock_at: int | None

    @property
    def available(self) -> int:
        """What can still be promised."""
        return self.stock - self.reserved


class Refusal(StrEnum):
    """Why a reservation was refused."""

    UNKNOWN_PRODUCT = "UNKNOWN_PRODUCT"
    DISCONTINUED = "DISCONTINUED"
    OUT_OF_STOCK = "OUT_OF_STOCK"


@event("commerce.ProductListed")
class ProductListed:
    """A product is on sale."""

    product: str
    category: str
    price: Decimal
    shelf: Shelf


@event("commerce.ProductRepriced")
class ProductRepriced:
    """A product has another price, for reservations from now on."""

    product: str
    price: Decimal


@event("commerce.ProductRestocked")
class ProductRestocked:
    """More of a product has arrived."""

    product: str
    quantity: int
    shelf: Shelf


@event("commerce.StockAdjusted")
class StockAdjusted:
    """The stock was corrected by what a count, a loss or a find has shown."""

    product: str
    change: int
    reason: str
    shelf: Shelf


@event("commerce.ProductDiscontinued")
class ProductDiscontinued:
    """A product is no longer sold; what is reserved is still shipped."""

    product: str
    shelf: Shelf


@event("commerce.StockReserved")
class StockReserved:
    """A part of the stock is promised to an order, at the price of this moment."""

    product: str
    order: str
    quantity: int
    unit_price: Decimal
    shelf: Shelf
    at: datetime


@event("commerce.StockReservationRefused")
class StockReservationRefused:
    """The stock could not be promised to an order."""

    product: str
    order: str
    quantity: int
    available: int
    reason: Refusal
    at: datetime


@event("commerce.StockReleased")
class StockReleased:
    """What was promised to an order can be sold again."""

    product: str
    order: str
    quantity: int
    shelf: Shelf


@event("commerce.StockShipped")
class StockShipped:
    """A part of what was promised to an order has left."""

    product: str
    order: str
    quantity: int
    shelf: Shelf


@event("commerce.StockReturned")
class StockReturned:
    """A part of what an order had got is back."""

    product: str
    order: str
    quantity: int
    shelf: Shelf


ProductEvent = (
    ProductListed
    | ProductRepriced
    | ProductRestocked
    | StockAdjusted
    | ProductDiscontinued
    | StockReserved
    | StockReservationRefused
    | StockReleased
    | StockShipped
    | StockReturned
)


@command(allow=Role("clerk"))
class ListProduct:
    """Put a product on sale under an SKU of your own, and say at what stock it is running out."""

    product: str
    name: str
    category: str
    price: Decimal
    stock: int = 0
    low_stock_at: int = 0


@command(allow=Role("clerk"))
class RepriceProduct:
    """Give a product another price; orders whose stock is reserved keep theirs."""

    product: str
    price: Decimal


@command(allow=Role("warehouse", "clerk"))
class RestockProduct:
    """Add what has arrived to the stock."""

    product: str
    quantity: int


@command(allow=Role("warehouse", "clerk"))
class AdjustStock:
    """Correct the stock up or down; never below what is reserved."""

    product: str
    change: int
    reason: str


@command(allow=Role("clerk"))
class DiscontinueProduct:
    """Take a product off sale, for good; what is reserved is still shipped."""

    product: str


@command()
class ReserveStock:
    """Promise stock to an order; the answer, yes or no, is an event."""

    product: str
    order: str
    quantity: int
    at: Now


@command()
class ReleaseStock:
    """Take back whatever is still promised to an order."""

    product: str
    order: str


@command()
class ShipStock:
    """Take what was shipped out of stock and reservation; `shipped` is all that was, so far."""

    product: str
    order: str
    shipped: int


@command()
class ReturnStock:
    """Put back what an order returned."""

    product: str
    order: str
    quantity: int


ProductCommand = (
    ListProduct
    | RepriceProduct
    | RestockProduct
    | AdjustStock
    | DiscontinueProduct
    | ReserveStock
    | ReleaseStock
    | ShipStock
    | ReturnStock
)
