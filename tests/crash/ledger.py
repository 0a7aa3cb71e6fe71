"""The log read back, and what must hold of it: each check says what it found, and where.

Stock and money are added up here from the events alone, not with the code that decided them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from api.contexts import shipped
from domain.commerce.order_messages import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderReturned,
    OrderShipped,
)
from domain.commerce.payment_messages import (
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
)
from domain.commerce.product_messages import (
    ProductListed,
    ProductRestocked,
    StockAdjusted,
    StockReleased,
    StockReserved,
    StockReturned,
    StockShipped,
)
from eventlog.codec import Codec
from eventlog.envelope import PARTITIONS, Recorded, partition_of
from eventlog.sqlite import SqliteLog
from tests.crash.people import Sent

__all__ = [
    "check_answers",
    "check_commands",
    "check_money",
    "check_stock",
    "check_streams",
    "read_log",
]

BY_PROCESS = "process:"
ZERO = Decimal(0)


async def read_log(directory: Path) -> list[Recorded]:
    """Every event of a directory on which nothing works, decoded, in the order of the log."""
    codec = Codec(shipped().domain)
    log = SqliteLog(directory)
    try:
        last = max((await log.ends()).values(), default=-1)
        found: list[Recorded] = []
        async with aclosing(log.follow({}, 1_000)) as batches:
            while not found or found[-1].offset < last:
                found += await anext(batches)
        for each in found:
            codec.event(each)
        return found
    finally:
        log.close()


def check_streams(events: Sequence[Recorded]) -> None:
    """Versions of a stream have no holes and no doubles; offsets ascend; ids are unique."""
    versions: dict[str, int] = defaultdict(int)
    offsets: dict[int, int] = defaultdict(lambda: -1)
    for each in events:
        versions[each.stream] += 1
        assert each.version == versions[each.stream], f"{each.stream} has {each.version} here"
        assert each.partition == partition_of(each.stream, PARTITIONS), each
        assert each.offset > offsets[each.partition], f"{each} is not in order"
        offsets[each.partition] = each.offset
    assert len({each.id for each in events}) == len(events)


def check_commands(events: Sequence[Recorded], sent: Iterable[Sent]) -> None:
    """What was answered is so; nothing else is there but what follows from it."""
    sent = list(sent)
    check_answers(events, sent)
    answered = {each.command_id for each in sent}
    ids = {each.id for each in events}
    for each in events:
        if (each.actor or "").startswith(BY_PROCESS):
            assert each.causation_id in ids, f"{each} follows from nothing"
        else:
            assert each.command_id in answered, f"nobody was told of {each}"


def check_answers(events: Sequence[Recorded], sent: Iterable[Sent]) -> None:
    """What was accepted is there once, as it was told; what was refused left nothing."""
    by_command: dict[str, list[Recorded]] = defaultdict(list)
    for each in events:
        by_command[each.command_id].append(each)
    for command_id, found in by_command.items():
        streams = {each.stream for each in found}
        assert len(streams) == 1, f"command {command_id} is in {streams}"
    for command in sent:
        found = by_command[command.command_id]
        if command.is_accepted:
            told = [(event["id"], event["version"]) for event in command.result["events"]]
            assert [(event.id, event.version) for event in found] == told, command
        else:
            assert not found, f"{command} was refused"


@dataclass
class _Shelf:
    stock: int = 0
    open: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def reserved(self) -> int:
        return sum(self.open.values())


def check_stock(events: Sequence[Recorded]) -> dict[str, tuple[int, int]]:
    """Stock adds up at every event, and at the end what is reserved is what open orders wait for.

    Gives each product's stock and reserved quantity.
    """
    shelves: dict[str, _Shelf] = defaultdict(_Shelf)
    for each in events:
        _move(shelves, each.event)
    waited_for = _waited_for(events)
    for product, shelf in shelves.items():
        open = {order: quantity for order, quantity in shelf.open.items() if quantity}
        assert open == waited_for.pop(product, {}), f"{product} is reserved for others"
    assert not any(waited_for.values()), f"nothing is reserved for {waited_for}"
    return {product: (shelf.stock, shelf.reserved) for product, shelf in shelves.items()}


def _move(shelves: dict[str, _Shelf], event: Any) -> None:
    match event:
        case ProductListed(product=product, shelf=told):
            shelf = shelves[product]
            shelf.stock = told.stock
        case ProductRestocked(product=product, quantity=quantity, shelf=told):
            shelf = shelves[product]
            shelf.stock += quantity
        case StockAdjusted(product=product, change=change, shelf=told):
            shelf = shelves[product]
            shelf.stock += change
        case StockReserved(product=product, order=order, quantity=quantity, shelf=told):
            shelf = shelves[product]
            assert order not in shelf.open, f"{order} reserves {product} twice"
            shelf.open[order] = quantity
        case StockReleased(product=product, order=order, quantity=quantity, shelf=told):
            shelf = shelves[product]
            assert shelf.open.pop(order) == quantity, event
        case StockShipped(product=product, order=order, quantity=quantity, shelf=told):
            shelf = shelves[product]
            shelf.stock -= quantity
            shelf.open[order] -= quantity
            assert shelf.open[order] >= 0, event
            if not shelf.open[order]:
                del shelf.open[order]
        case StockReturned(product=product, quantity=quantity, shelf=told):
            shelf = shelves[product]
            shelf.stock += quantity
        case _:
            return
    assert (told.stock, told.reserved) == (shelf.stock, shelf.reserved), event
    assert 0 <= shelf.reserved <= shelf.stock, event


def _waited_for(events: Sequence[Recorded]) -> dict[str, dict[str, int]]:
    """By product and order, what was confirmed and neither shipped nor cancelled."""
    orders: dict[str, dict[str, int]] = {}
    pending: set[str] = set()
    for each in events:
        match each.event:
            case OrderPlaced(order=order):
                pending.add(order)
            case OrderConfirmed(order=order, lines=lines):
                pending.remove(order)
                orders[order] = {line.product: line.quantity for line in lines}
            case OrderShipped(order=order, lines=parts):
                for part in parts:
                    orders[order][part.product] -= part.quantity
                    assert orders[order][part.product] >= 0, each
            case OrderRejected(order=order) | OrderCancelled(order=order):
                pending.discard(order)
                orders.pop(order, None)
            case _:
                pass
    assert not pending, f"orders are neither confirmed nor rejected: {pending}"
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for order, left in orders.items():
        for product, quantity in left.items():
            if quantity:
                found[product][order] = quantity
    return dict(found)


@dataclass
class _Payment:
    order: str
    amount: Decimal
    captured: Decimal = ZERO
    refunded: Decimal = ZERO
    is_declined: bool = False


@dataclass
class _Sale:
    payment: str
    total: Decimal
    refunded: Decimal = ZERO
    returned: Decimal = ZERO
    is_cancelled: bool = False


def check_money(events: Sequence[Recorded]) -> None:
    """What was captured and not refunded is the price of what people keep, order by order."""
    payments: dict[str, _Payment] = {}
    sales: dict[str, _Sale] = {}
    for each in events:
        _pay(payments, each.event)
        _sell(sales, each.event)
    for id, payment in payments.items():
        assert payment.captured in (ZERO, payment.amount), id
        assert ZERO <= payment.refunded <= payment.captured, id
        is_over = payment.is_declined or payment.captured == payment.amount
        assert is_over, f"payment {id} hangs"
        sale = sales.get(payment.order)
        if sale is None or sale.payment != id:
            assert payment.captured == payment.refunded, f"payment {id} bought nothing"
    for order, sale in sales.items():
        payment = payments[sale.payment]
        assert payment.order == order, order
        assert payment.captured == sale.total, order
        assert payment.refunded == sale.refunded, f"{order} does not know of its refunds"
        expected = sale.total if sale.is_cancelled else sale.returned
        assert sale.refunded == expected, order


def _pay(payments: dict[str, _Payment], event: Any) -> None:
    match event:
        case PaymentAuthorised(payment=id, order=order, amount=amount):
            assert id not in payments, event
            payments[id] = _Payment(order, amount)
        case PaymentCaptured(payment=id, amount=amount):
            assert not payments[id].captured, event
            assert not payments[id].is_declined, event
            payments[id].captured += amount
        case PaymentRefunded(payment=id, amount=amount, refunded=refunded):
            payments[id].refunded += amount
            assert payments[id].refunded == refunded, event
        case PaymentDeclined(payment=id, order=order, amount=amount):
            payment = payments.setdefault(id, _Payment(order, amount))
            assert not payment.captured, event
            payment.is_declined = True
        case _:
            pass


def _sell(sales: dict[str, _Sale], event: Any) -> None:
    match event:
        case OrderPaid(order=order, payment=payment, total=total):
            assert order not in sales, event
            sales[order] = _Sale(payment, total)
        case OrderRefunded(order=order, amount=amount):
            sales[order].refunded += amount
        case OrderReturned(order=order, amount=amount):
            sales[order].returned += amount
        case OrderCancelled(order=order, payment=payment) if payment is not None:
            sales[order].is_cancelled = True
        case OrderShipped(order=order) | OrderDelivered(order=order):
            assert not sales[order].is_cancelled, event
        case _:
            pass
