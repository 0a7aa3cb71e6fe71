"""A product: its price, its stock, and what of the stock is reserved for which order.

Stock never goes below what is reserved, and so never below zero. A reservation is kept per order
until all of it was shipped or released; then nothing of it remains, so the state is bounded by the
orders under way. Releasing is exact and harmless to repeat. A product does not remember the orders
it has done with: a reservation may be made for an order that has ended meanwhile, as commands to
two streams cross, and the fulfilment process answers such a StockReserved with a release.
"""

from collections.abc import Mapping
from decimal import Decimal

from domain.commerce.product_messages import (
    AdjustStock,
    DiscontinueProduct,
    ListProduct,
    ProductCommand,
    ProductDiscontinued,
    ProductEvent,
    ProductListed,
    ProductRepriced,
    ProductRestocked,
    Refusal,
    ReleaseStock,
    RepriceProduct,
    ReserveStock,
    RestockProduct,
    ReturnStock,
    Shelf,
    ShipStock,
    StockAdjusted,
    StockReleased,
    StockReservationRefused,
    StockReserved,
    StockReturned,
    StockShipped,
)
from domain.commerce.terms import (
    PRICE_MAX,
    REASON_LENGTH_MAX,
    STOCK_MAX,
    checked_amount,
    checked_id,
    checked_quantity,
    checked_text,
)
from domain.model import Aggregate, Rejected, Role, replace, value


@value
class Reservation:
    """What is promised to one order, and how much of that has been shipped."""

    quantity: int
    shipped: int

    @property
    def open(self) -> int:
        """What is still to be shipped or released."""
        return self.quantity - self.shipped


@value
class Unlisted:
    """Nothing is known of the product."""


@value
class Listed:
    """The product is on sale; reservations are by order."""

    price: Decimal
    shelf: Shelf
    reservations: dict[str, Reservation]


@value
class Discontinued:
    """The product is off sale, and what is reserved of it waits to be shipped or released."""

    shelf: Shelf
    reservations: dict[str, Reservation]


Product = Unlisted | Listed | Discontinued


def evolve(state: Product, event: ProductEvent) -> Product:
    match event:
        case ProductListed(price=price, shelf=shelf):
            return Listed(price=price, shelf=shelf, reservations={})
        case ProductRepriced(price=price):
            return replace(state, price=price) if isinstance(state, Listed) else state
        case ProductDiscontinued(shelf=shelf):
            return Discontinued(shelf=shelf, reservations={**_reservations(state)})
        case (
            ProductRestocked(shelf=shelf) | StockAdjusted(shelf=shelf) | StockReturned(shelf=shelf)
        ):
            return _shelved(state, shelf, _reservations(state))
        case StockReserved(order=order, quantity=quantity, shelf=shelf):
            made = Reservation(quantity=quantity, shipped=0)
            return _shelved(state, shelf, {**_reservations(state), order: made})
        case StockReleased(order=order, shelf=shelf):
            return _shelved(state, shelf, _without(state, order))
        case StockShipped(order=order, quantity=quantity, shelf=shelf):
            return _shelved(state, shelf, _consumed(state, order, quantity))
        case StockReservationRefused():
            return state


def _reservations(state: Product) -> Mapping[str, Reservation]:
    return {} if isinstance(state, Unlisted) else state.reservations


def _without(state: Product, order: str) -> dict[str, Reservation]:
    return {each: held for each, held in _reservations(state).items() if each != order}


def _consumed(state: Product, order: str, quantity: int) -> dict[str, Reservation]:
    held = _reservations(state)[order]
    if quantity >= held.open:
        return _without(state, order)
    return {**_reservations(state), order: replace(held, shipped=held.shipped + quantity)}


def _shelved(state: Product, shelf: Shelf, reservations: Mapping[str, Reservation]) -> Product:
    if isinstance(state, Unlisted):
        return state
    return replace(state, shelf=shelf, reservations=dict(reservations))


def decide(command: ProductCommand, state: Product) -> list[ProductEvent]:
    match command, state:
        case ListProduct(), Unlisted():
            return [_listed(command)]
        case ListProduct(product=product), _:
            raise Rejected("PRODUCT_EXISTS", f"product {product} exists; take another id")
        case ReserveStock(), _:
            return _reserve(command, state)
        case ReleaseStock(product=product, order=order), Listed() | Discontinued():
            held = state.reservations.get(order)
            if held is None:
                return []
            shelf = replace(state.shelf, reserved=state.shelf.reserved - held.open)
            return [StockReleased(product=product, order=order, quantity=held.open, shelf=shelf)]
        case ShipStock(), Listed() | Discontinued():
            return _ship(command, state)
        case ReturnStock(product=product, order=order, quantity=quantity), (
            Listed() | Discontinued()
        ):
            shelf = replace(state.shelf, stock=state.shelf.stock + quantity)
            return [StockReturned(product=product, order=order, quantity=quantity, shelf=shelf)]
        case ReleaseStock(), Unlisted():
            return []
        case RepriceProduct(product=product, price=price), Listed():
            price = checked_amount(price, "price", PRICE_MAX)
            return [] if price == state.price else [ProductRepriced(product=product, price=price)]
        case RestockProduct(), Listed():
            return _restock(command, state)
        case AdjustStock(), Listed() | Discontinued():
            return _adjust(command, state)
        case DiscontinueProduct(product=product), Listed():
            shelf = replace(state.shelf, low_stock_at=None)
            return [ProductDiscontinued(product=product, shelf=shelf)]
        case DiscontinueProduct(), Discontinued():
            return []
        case _, Unlisted():
            raise Rejected(
                "PRODUCT_UNKNOWN", f"there is no product {command.product:.40}; list it first"
            )
        case _:
            raise Rejected(
                "PRODUCT_DISCONTINUED", f"product {command.product} is off sale for good"
            )


def _listed(command: ListProduct) -> ProductListed:
    name = checked_text(command.name, "name")
    stock = checked_quantity(command.stock, "stock", least=0, most=STOCK_MAX)
    low = checked_quantity(command.low_stock_at, "low_stock_at", least=0, most=STOCK_MAX)
    return ProductListed(
        product=checked_id(command.product, "product"),
        category=checked_text(command.category, "category"),
        price=checked_amount(command.price, "price", PRICE_MAX),
        shelf=Shelf(name=name, stock=stock, reserved=0, low_stock_at=low),
    )


def _restock(command: RestockProduct, state: Listed) -> list[ProductEvent]:
    quantity = checked_quantity(command.quantity, "quantity")
    stock = state.shelf.stock + quantity
    if stock > STOCK_MAX:
        raise Rejected(
            "STOCK_TOO_LARGE",
            f"product {command.product} would have {stock} in stock; keep it to {STOCK_MAX}",
        )
    shelf = replace(state.shelf, stock=stock)
    return [ProductRestocked(product=command.product, quantity=quantity, shelf=shelf)]


def _adjust(command: AdjustStock, state: Listed | Discontinued) -> list[ProductEvent]:
    reason = checked_text(command.reason, "reason", REASON_LENGTH_MAX)
    shelf, change = state.shelf, command.change
    if not shelf.reserved - shelf.stock <= change <= STOCK_MAX - shelf.stock:
        raise Rejected(
            "INVALID_ADJUSTMENT",
            f"product {command.product} has {shelf.stock} in stock, {shelf.reserved} of it "
            f"reserved; a change is from {shelf.reserved - shelf.stock} to "
            f"{STOCK_MAX - shelf.stock}",
        )
    if change == 0:
        return []
    shelf = replace(shelf, stock=shelf.stock + change)
    return [StockAdjusted(product=command.product, change=change, reason=reason, shelf=shelf)]


def _reserve(command: ReserveStock, state: Product) -> list[ProductEvent]:
    if command.order in _reservations(state):
        return []
    match state:
        case Unlisted():
            available, refusal = 0, Refusal.UNKNOWN_PRODUCT
        case Discontinued():
            available, refusal = 0, Refusal.DISCONTINUED
        case Listed(price=price, shelf=shelf):
            available, refusal = shelf.available, Refusal.OUT_OF_STOCK
            if available >= command.quantity:
                return [
                    StockReserved(
                        product=command.product,
                        order=command.order,
                        quantity=command.quantity,
                        unit_price=price,
                        shelf=replace(shelf, reserved=shelf.reserved + command.quantity),
                        at=command.at,
                    )
                ]
    return [
        StockReservationRefused(
            product=command.product,
            order=command.order,
            quantity=command.quantity,
            available=available,
            reason=refusal,
            at=command.at,
        )
    ]


def _ship(command: ShipStock, state: Listed | Discontinued) -> list[ProductEvent]:
    """`shipped` is a total, so a repeat, or a part that comes after the next one, ships nothing."""
    held = state.reservations.get(command.order)
    quantity = command.shipped - held.shipped if held else 0
    if held is None or quantity <= 0:
        return []
    if quantity > held.open:
        raise Rejected(
            "NOT_RESERVED",
            f"order {command.order} has {held.open} of {command.product} left to ship, "
            f"not {quantity}",
        )
    shelf = replace(
        state.shelf,
        stock=state.shelf.stock - quantity,
        reserved=state.shelf.reserved - quantity,
    )
    return [
        StockShipped(product=command.product, order=command.order, quantity=quantity, shelf=shelf)
    ]


products = Aggregate(
    name="product",
    key=lambda command: command.product,
    initial=Unlisted,
    decide=decide,
    evolve=evolve,
    history=Role("clerk", "warehouse"),
)
