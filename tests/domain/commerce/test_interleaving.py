"""Whatever crosses, comes late or comes twice: in the end stock and money are right."""

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commerce import order_states
from domain.commerce.order_messages import OrderReturned, OrderShipped
from domain.commerce.orders import orders
from domain.commerce.payment_messages import PaymentRefunded
from domain.commerce.payments import Captured, Declined, Unknown, payments
from domain.commerce.product_messages import ProductListed, ProductRestocked, StockAdjusted
from domain.commerce.products import Unlisted, products
from domain.composition import parameter
from readmodels.commerce import PROJECTIONS
from readmodels.commerce.customer_history import CustomerHistory
from readmodels.commerce.order import Order
from readmodels.commerce.product import Product
from readmodels.commerce.sales_day import SalesDay
from tests.domain.commerce.shop import PRODUCTS, Shop
from tests.domain.commerce.simulator import World

OPEN = (order_states.Paid, order_states.Shipping)
SOLD = (
    *OPEN,
    order_states.Shipped,
    order_states.Delivered,
    order_states.Returned,
    order_states.CancelledPaid,
)
ENDED = (order_states.Declined, order_states.Cancelled, order_states.Unplaced)
ACTS = 60


def run(seed: int) -> World:
    """A world at rest, after people did many things in it."""
    random = Random(seed)
    world = World(random)
    shop = Shop(world, random)
    shop.open()
    eagerness = random.choice((0, 1, 3, 10))
    for _ in range(ACTS):
        shop.act()
        for _ in range(random.randint(0, eagerness)):
            world.step()
        check_stock_at_every_moment(world)
    world.settle()
    return world


def check_stock_at_every_moment(world: World) -> None:
    for stream in world.of(products):
        if isinstance(stream.state, Unlisted):
            continue
        shelf = stream.state.shelf
        held = sum(each.open for each in stream.state.reservations.values())
        assert 0 <= shelf.reserved <= shelf.stock
        assert shelf.reserved == held


def check_orders(world: World) -> None:
    """Nothing waits for stock or payment any more: an order is sold, or it has ended."""
    for stream in world.of(orders):
        assert isinstance(stream.state, (*SOLD, *ENDED)), stream


def check_stock(world: World) -> None:
    """What is there is what came in less what went out; reserved is what is still to go out."""
    there: Counter[str] = Counter()
    for stream in world.of(products):
        for event in stream.events:
            match event:
                case ProductListed(product=product, shelf=shelf):
                    there[product] += shelf.stock
                case ProductRestocked(product=product, quantity=quantity):
                    there[product] += quantity
                case StockAdjusted(product=product, change=change):
                    there[product] += change
                case _:
                    pass
    reserved: dict[tuple[str, str], int] = {}
    for stream in world.of(orders):
        for event in stream.events:
            if isinstance(event, OrderShipped | OrderReturned):
                sign = -1 if isinstance(event, OrderShipped) else 1
                there.update({each.product: sign * each.quantity for each in event.lines})
        if type(stream.state) in OPEN:
            shipped = getattr(stream.state, "shipped", {})
            for line in stream.state.sale.lines:
                if left := line.quantity - shipped.get(line.product, 0):
                    reserved[stream.id, line.product] = left
    found = {each.id: each.state for each in world.of(products) if each.id in PRODUCTS}
    assert {id: state.shelf.stock for id, state in found.items()} == dict(there)
    assert reserved == {
        (order, id): held.open
        for id, state in found.items()
        for order, held in state.reservations.items()
    }


def check_money(world: World) -> None:
    """An order is paid by one payment of its total, and every other payment came to nothing."""
    sales = [each for each in world.of(orders) if isinstance(each.state, SOLD)]
    paid = {each.state.sale.payment: each for each in sales}
    assert len(paid) == len(sales)
    for stream in world.of(payments):
        refunds = [each for each in stream.events if isinstance(each, PaymentRefunded)]
        numbers = [each.number for each in refunds if each.number is not None]
        assert len(numbers) == len(set(numbers)), "a return is refunded once"
        match stream.state:
            case Captured() as captured:
                assert 0 <= captured.refunded <= captured.amount
                if stream.id in paid:
                    check_sale(paid[stream.id].state, paid[stream.id].events, captured)
                else:
                    assert captured.left == 0, stream
            case Declined() | Unknown():
                assert stream.id not in paid
            case _:
                raise AssertionError(f"still waiting: {stream}")


def check_sale(state: Any, events: list[Any], captured: Captured) -> None:
    total = sum((each.amount for each in state.sale.lines), Decimal(0))
    assert captured.amount == total
    assert captured.refunded == state.sale.refunded
    back = sum((e.amount for e in events if isinstance(e, OrderReturned)), Decimal(0))
    assert captured.refunded >= back or captured.left == 0
    if isinstance(state, order_states.CancelledPaid | order_states.Returned):
        assert captured.left == 0


def documents(world: World, random: Random) -> dict[type[Any], dict[str, Any]]:
    """What is shown when the events of different streams come in any order."""
    found: dict[type[Any], dict[str, Any]] = {each.document: {} for each in PROJECTIONS}
    waiting = [list(each.events) for each in world.streams.values() if each.events]
    while waiting:
        stream = random.choice(waiting)
        event = stream.pop(0)
        if not stream:
            waiting.remove(stream)
        for projection in PROJECTIONS:
            kept = found[projection.document]
            if isinstance(event, parameter(projection.evolve, 1, "a projection")):
                for key in projection.keys(event):
                    kept[key], _ = projection.fold(key, kept.get(key), {}, [(0, 0, event)])
    return {
        document: {key: each for key, each in kept.items() if each is not None}
        for document, kept in found.items()
    }


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_crosses_stock_and_money_are_right_in_the_end(seed: int) -> None:
    world = run(seed)
    check_orders(world)
    check_stock(world)
    check_money(world)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_the_documents_show_the_same_whichever_stream_is_read_first(seed: int) -> None:
    world = run(seed)
    shown = documents(world, Random(seed))
    assert shown == documents(world, Random(seed + 1))
    check_shown(world, shown)


def check_shown(world: World, shown: dict[type[Any], dict[str, Any]]) -> None:
    """The documents agree with the states, and with each other."""
    for stream in world.of(products):
        if not isinstance(stream.state, Unlisted):
            product, shelf = shown[Product][stream.id], stream.state.shelf
            assert (product.stock, product.available) == (shelf.stock, shelf.available)
    left = Decimal(0)
    for stream in world.of(orders):
        if isinstance(stream.state, SOLD):
            sale = stream.state.sale
            left += sum((each.amount for each in sale.lines), -sale.refunded)
            assert shown[Order][stream.id].refunded == sale.refunded
    assert sum((each.spent for each in shown[CustomerHistory].values()), Decimal(0)) == left
    days = shown[SalesDay].values()
    assert sum((each.revenue - each.refunded for each in days), Decimal(0)) == left


def test_the_simulated_shop_comes_to_every_kind_of_end() -> None:
    ends: set[type] = set()
    for seed in range(60):
        ends |= {type(each.state) for each in run(seed).of(orders)}
    assert {*SOLD, *ENDED} <= ends
