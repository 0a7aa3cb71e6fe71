"""What happened to one order of two products, for the sentences of the tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.commerce.order_messages import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    ShippedLine,
)
from domain.commerce.payment_messages import (
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
)
from domain.commerce.product_messages import (
    ProductListed,
    Refusal,
    Shelf,
    StockReservationRefused,
    StockReserved,
)
from domain.commerce.terms import OrderLine, PricedLine

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ROBOT = "process:fulfilment"


def minutes(number: int) -> datetime:
    """So many minutes after everything began."""
    return T0 + timedelta(minutes=number)


def money(text: str) -> Decimal:
    return Decimal(text)


def shelf(stock: int, reserved: int = 0, low_stock_at: int | None = 2) -> Shelf:
    return Shelf(name="Blue", stock=stock, reserved=reserved, low_stock_at=low_stock_at)


def listed(stock: int = 5) -> ProductListed:
    return ProductListed(product="cd-1", category="cd", price=money("9.50"), shelf=shelf(stock))


LINES = (OrderLine(product="cd-1", quantity=2), OrderLine(product="cd-2", quantity=1))
PRICED = (
    PricedLine(product="cd-1", quantity=2, unit_price=money("9.50")),
    PricedLine(product="cd-2", quantity=1, unit_price=money("6.00")),
)
PLACED = OrderPlaced(order="o-1", customer="ann", lines=LINES, at=T0, by="ann")
CONFIRMED = OrderConfirmed(
    order="o-1",
    customer="ann",
    lines=PRICED,
    total=money("25.00"),
    placed_at=T0,
    at=minutes(1),
    by=ROBOT,
)
REJECTED = OrderRejected(
    order="o-1",
    customer="ann",
    lines=LINES,
    reason="OUT_OF_STOCK: 1 of cd-2 wanted, 0 available",
    at=minutes(1),
    by=ROBOT,
)
PAID = OrderPaid(
    order="o-1",
    customer="ann",
    payment="p-1",
    lines=PRICED,
    units=3,
    total=money("25.00"),
    placed_at=T0,
    at=minutes(10),
    by=ROBOT,
)


def cancelled(payment: str | None = None, reason: str = "changed my mind") -> OrderCancelled:
    return OrderCancelled(
        order="o-1",
        customer="ann",
        lines=LINES,
        payment=payment,
        reason=reason,
        at=minutes(20),
        by="ann",
    )


def shipped(*parts: tuple[str, int, int], complete: bool, at: int = 60) -> OrderShipped:
    """A shipment of parts: product, how many now, how many in all."""
    return OrderShipped(
        order="o-1",
        customer="ann",
        lines=tuple(ShippedLine(product=p, quantity=q, shipped=s) for p, q, s in parts),
        complete=complete,
        paid_at=minutes(10),
        at=minutes(at),
        by="wim",
    )


FIRST_PART = shipped(("cd-1", 1, 1), complete=False, at=60)
LAST_PART = shipped(("cd-1", 1, 2), ("cd-2", 1, 1), complete=True, at=70)
DELIVERED = OrderDelivered(
    order="o-1", customer="ann", shipped_at=minutes(70), at=minutes(1000), by="wim"
)


def returned(number: int, *lines: OrderLine, amount: str, complete: bool) -> OrderReturned:
    return OrderReturned(
        order="o-1",
        customer="ann",
        payment="p-1",
        number=number,
        lines=lines,
        amount=money(amount),
        complete=complete,
        reason="scratched",
        at=minutes(2000),
        by="ann",
    )


def reserved(product: str, quantity: int, price: str) -> StockReserved:
    return StockReserved(
        product=product,
        order="o-1",
        quantity=quantity,
        unit_price=money(price),
        shelf=shelf(5, quantity),
        at=T0,
    )


RESERVED_1 = reserved("cd-1", 2, "9.50")
RESERVED_2 = reserved("cd-2", 1, "6.00")
REFUSED_2 = StockReservationRefused(
    product="cd-2", order="o-1", quantity=1, available=0, reason=Refusal.OUT_OF_STOCK, at=T0
)


def authorised(
    payment: str = "p-1", amount: str = "25.00", customer: str | None = "ann"
) -> PaymentAuthorised:
    return PaymentAuthorised(
        payment=payment, order="o-1", customer=customer, amount=money(amount), at=minutes(5)
    )


def captured(
    payment: str = "p-1", amount: str = "25.00", customer: str | None = "ann"
) -> PaymentCaptured:
    return PaymentCaptured(
        payment=payment, order="o-1", customer=customer, amount=money(amount), at=minutes(6)
    )


def declined(
    payment: str = "p-1", amount: str = "25.00", customer: str | None = "ann"
) -> PaymentDeclined:
    return PaymentDeclined(
        payment=payment,
        order="o-1",
        customer=customer,
        amount=money(amount),
        reason="no funds",
        at=minutes(7),
    )


def refunded(
    amount: str, in_all: str, *, payment: str = "p-1", number: int | None = None
) -> PaymentRefunded:
    return PaymentRefunded(
        payment=payment,
        order="o-1",
        customer="ann",
        amount=money(amount),
        refunded=money(in_all),
        number=number,
        reason="scratched",
        at=minutes(2001),
    )
