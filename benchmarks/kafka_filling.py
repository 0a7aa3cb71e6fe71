"""Histories for the benchmarks over Kafka, written as busy owners of all partitions write them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from typing import Any

from benchmarks.engines import Engines, new_name
from domain.commerce.order_messages import (
    OrderConfirmed,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    ShippedLine,
)
from domain.commerce.payment_messages import PaymentAuthorised, PaymentCaptured
from domain.commerce.product_messages import (
    ProductListed,
    ProductRepriced,
    Shelf,
    StockReserved,
    StockShipped,
)
from domain.commerce.terms import OrderLine, PricedLine
from eventlog import kafka_topics
from eventlog.codec import Codec
from eventlog.envelope import PARTITIONS, Draft, partition_of, stream_of
from eventlog.ids import new_id
from eventlog.kafka_client import Message
from eventlog.kafka_producers import Transactions
from eventlog.kafka_records import message_of
from eventlog.kafka_topics import Topics

TRANSACTION_EVENTS = 500
"""What an owner that is behind commits at once."""
PRODUCTS = 1_000
ORDERS_A_CUSTOMER = 10
_START = datetime(2026, 1, 1, tzinfo=UTC)


async def filled(engines: Engines, codec: Codec, events: Iterable[object]) -> str:
    """The prefix of new topics that hold these events, in this order in each partition."""
    prefix = new_name()
    topics = Topics(prefix)
    await kafka_topics.ready(engines.cluster, topics, PARTITIONS)
    drafts = _drafts(codec, events)
    async with AsyncExitStack() as closing:
        owners: list[Transactions] = []
        for partition in range(PARTITIONS):
            owners.append(Transactions(engines.cluster, topics.transactional_id(partition)))
            await owners[-1].start()
            closing.push_async_callback(owners[-1].stop)
        while some := list(islice(drafts, PARTITIONS * TRANSACTION_EVENTS)):
            parts: defaultdict[int, list[Message]] = defaultdict(list)
            for each in some:
                parts[each.partition].append(message_of(each, f"/{prefix}"))
            await asyncio.gather(
                *(_commit(owners[each], topics, each, part) for each, part in parts.items())
            )
    return prefix


async def _commit(
    owner: Transactions, topics: Topics, partition: int, messages: list[Message]
) -> None:
    await owner.begin()
    await owner.write({(topics.events, partition): messages})
    await owner.commit()


def _drafts(codec: Codec, events: Iterable[object]) -> Iterator[Draft]:
    versions: defaultdict[str, int] = defaultdict(int)
    for number, event in enumerate(events):
        spec = codec.spec(event)
        stream = _stream(event)
        versions[stream] += 1
        command_id = new_id()
        yield Draft(
            id=new_id(),
            type=spec.name,
            schema=spec.version,
            stream=stream,
            version=versions[stream],
            partition=partition_of(stream, PARTITIONS),
            at=_START + timedelta(seconds=number),
            command_id=command_id,
            correlation_id=command_id,
            causation_id=command_id,
            actor="import",
            trace=None,
            data=codec.encode(event),
        )


def messages(codec: Codec, events: Iterable[object]) -> list[Message]:
    """The records of these events."""
    return [message_of(each, "/bench") for each in _drafts(codec, events)]


def _stream(event: object) -> str:
    """Each event of commerce names its stream's instance first, by the aggregate's name."""
    first = next(iter(type(event).__annotations__))
    return stream_of(first, getattr(event, first))


def repricings(events: int, of_product: int, *, in_a_row: bool) -> Iterator[object]:
    """Products with so many events each: one's after another's, or all of them in turn."""
    products = events // of_product
    for n in range(events):
        product, number = divmod(n, of_product) if in_a_row else reversed(divmod(n, products))
        price = Decimal(100 + n % 10_000) / 100
        name = f"cd-{product}"
        if number:
            yield ProductRepriced(product=name, price=price)
        else:
            yield ProductListed(product=name, category="music", price=price, shelf=_shelf(name, n))


def _shelf(product: str, number: int, reserved: int = 0) -> Shelf:
    """Of one product in ten little is left."""
    return Shelf(
        name=f"The CD {product}", stock=10 + number % 50, reserved=reserved, low_stock_at=15
    )


def orders(events: int) -> Iterator[object]:
    """A shop at work: orders from their placing to their delivery, nine events each."""
    listed = (_listed(f"cd-{each}", each) for each in range(PRODUCTS))
    carried_out = (event for number in count() for event in _order(number, events))
    yield from islice(listed, events)
    yield from islice(carried_out, max(events - PRODUCTS, 0))


def _listed(product: str, number: int) -> object:
    return ProductListed(
        product=product, category="music", price=Decimal("14.99"), shelf=_shelf(product, number)
    )


def _order(number: int, events: int) -> Iterator[object]:
    product, order, payment = f"cd-{number % PRODUCTS}", f"order-{number}", f"payment-{number}"
    customers = max(events // 9 // ORDERS_A_CUSTOMER, 1)
    quantity, price = 1 + number % 5, Decimal("14.99")
    total = price * quantity
    priced = (PricedLine(product=product, quantity=quantity, unit_price=price),)
    placed = _START + timedelta(minutes=number)
    paid, shipped = placed + timedelta(minutes=number % 30), placed + timedelta(hours=number % 48)
    customer = f"customer-{number % customers}"
    who: dict[str, Any] = {"order": order, "customer": customer, "by": customer}
    held: dict[str, Any] = {"product": product, "order": order, "quantity": quantity}
    pays: dict[str, Any] = {"payment": payment, "order": order, "customer": customer}
    ships = (ShippedLine(product=product, quantity=quantity, shipped=quantity),)
    shelf = _shelf(product, number)
    yield OrderPlaced(**who, lines=(OrderLine(product=product, quantity=quantity),), at=placed)
    yield StockReserved(**held, unit_price=price, shelf=_shelf(product, number, 1), at=placed)
    yield OrderConfirmed(**who, lines=priced, total=total, placed_at=placed, at=placed)
    yield PaymentAuthorised(**pays, amount=total, at=paid)
    yield PaymentCaptured(**pays, amount=total, at=paid)
    yield OrderPaid(
        **who, payment=payment, lines=priced, units=quantity, total=total, placed_at=placed, at=paid
    )
    yield OrderShipped(**who, lines=ships, complete=True, paid_at=paid, at=shipped)
    yield StockShipped(**held, shelf=shelf)
    yield OrderDelivered(**who, shipped_at=shipped, at=shipped + timedelta(days=1 + number % 3))
