"""The products as everyone sees them: price, stock and, live, what is available."""

from decimal import Decimal
from enum import StrEnum

from domain.commerce.product_messages import (
    ProductDiscontinued,
    ProductEvent,
    ProductListed,
    ProductRepriced,
    ProductRestocked,
    StockAdjusted,
    StockReleased,
    StockReservationRefused,
    StockReserved,
    StockReturned,
    StockShipped,
)
from readmodels.model import Projection, Public, document, index, replace


class ProductStatus(StrEnum):
    """Whether a product is on sale."""

    LISTED = "LISTED"
    DISCONTINUED = "DISCONTINUED"


@document(
    read=Public(),
    indexes=[
        index("category", "price"),
        index("price"),
        index("available"),
        index("status"),
        index("name"),
    ],
)
class Product:
    """A product; `available` is what of its stock is not reserved for an order."""

    id: str
    name: str
    category: str
    price: Decimal
    status: ProductStatus
    stock: int
    reserved: int
    available: int


def evolve(document: Product | None, event: ProductEvent) -> Product | None:
    match event:
        case ProductListed(product=product, category=category, price=price, shelf=shelf):
            return Product(
                id=product,
                name=shelf.name,
                category=category,
                price=price,
                status=ProductStatus.LISTED,
                stock=shelf.stock,
                reserved=shelf.reserved,
                available=shelf.available,
            )
        case ProductRepriced(price=price):
            return document and replace(document, price=price)
        case ProductDiscontinued():
            return document and replace(document, status=ProductStatus.DISCONTINUED)
        case (
            ProductRestocked(shelf=shelf)
            | StockAdjusted(shelf=shelf)
            | StockReserved(shelf=shelf)
            | StockReleased(shelf=shelf)
            | StockShipped(shelf=shelf)
            | StockReturned(shelf=shelf)
        ):
            return document and replace(
                document, stock=shelf.stock, reserved=shelf.reserved, available=shelf.available
            )
        case StockReservationRefused():
            return document


products = Projection(document=Product, keys=lambda event: [event.product], evolve=evolve)
