"""What is to be restocked: the products of which no more is available than their threshold."""

from domain.commerce.product_messages import (
    ProductDiscontinued,
    ProductListed,
    ProductRestocked,
    StockAdjusted,
    StockReleased,
    StockReserved,
    StockReturned,
    StockShipped,
)
from readmodels.model import Projection, Role, document, index


@document(
    read=Role("clerk", "warehouse"),
    indexes=[index("available"), index("name")],
)
class LowStockItem:
    """A product that is running out; it is on the list only while it is."""

    id: str
    name: str
    available: int
    reserved: int
    low_stock_at: int


ShelfEvent = (
    ProductListed
    | ProductRestocked
    | ProductDiscontinued
    | StockAdjusted
    | StockReserved
    | StockReleased
    | StockShipped
    | StockReturned
)


def evolve(document: LowStockItem | None, event: ShelfEvent) -> LowStockItem | None:
    shelf = event.shelf
    if shelf.low_stock_at is None or shelf.available > shelf.low_stock_at:
        return None
    return LowStockItem(
        id=event.product,
        name=shelf.name,
        available=shelf.available,
        reserved=shelf.reserved,
        low_stock_at=shelf.low_stock_at,
    )


low_stock_items = Projection(
    document=LowStockItem, keys=lambda event: [event.product], evolve=evolve
)
