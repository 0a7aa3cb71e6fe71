"""Whatever is done to a product, its stock is never negative and always accounted for."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.commerce.product_messages import (
    AdjustStock,
    DiscontinueProduct,
    ProductCommand,
    ProductEvent,
    ReleaseStock,
    ReserveStock,
    RestockProduct,
    ReturnStock,
    ShipStock,
    StockReserved,
)
from domain.commerce.products import Discontinued, Listed, Product, products
from domain.model import Rejected
from tests.domain.commerce.facts import T0, listed

ORDERS = st.sampled_from(["o-1", "o-2", "o-3"])
QUANTITIES = st.integers(1, 6)


class Stock(RuleBasedStateMachine):
    """A product and a ledger of its own: what came, what went, and what is promised to whom."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Product = products.evolve(products.initial(), listed(5))
        self.there = 5
        self.promised: Counter[str] = Counter()
        self.shipped: Counter[str] = Counter()

    def send(self, command: ProductCommand) -> list[ProductEvent]:
        try:
            events = products.decide(command, self.state)
        except Rejected:
            return []
        for event in events:
            self.state = products.evolve(self.state, event)
        if any(isinstance(event, StockReserved) for event in events):
            assert products.decide(command, self.state) == [], "a repeat says nothing"
        return events

    @rule(quantity=QUANTITIES)
    def restock(self, quantity: int) -> None:
        if self.send(RestockProduct(product="cd-1", quantity=quantity)):
            self.there += quantity

    @rule(change=st.integers(-10, 10))
    def adjust(self, change: int) -> None:
        if self.send(AdjustStock(product="cd-1", change=change, reason="count")):
            self.there += change

    @rule(order=ORDERS, quantity=QUANTITIES)
    def reserve(self, order: str, quantity: int) -> None:
        free = self.there - self.promised.total()
        events = self.send(ReserveStock(product="cd-1", order=order, quantity=quantity, at=T0))
        if self.promised[order]:
            assert events == []
            return
        is_reserved = isinstance(events[0], StockReserved)
        assert is_reserved == (quantity <= free and isinstance(self.state, Listed))
        if is_reserved:
            self.promised[order], self.shipped[order] = quantity, 0

    @rule(order=ORDERS)
    def release(self, order: str) -> None:
        events = self.send(ReleaseStock(product="cd-1", order=order))
        assert bool(events) == bool(self.promised[order])
        self.promised[order] = 0
        assert self.send(ReleaseStock(product="cd-1", order=order)) == []

    @rule(order=ORDERS, quantity=QUANTITIES)
    def ship(self, order: str, quantity: int) -> None:
        total = self.shipped[order] + quantity
        command = ShipStock(product="cd-1", order=order, shipped=total)
        if self.send(command):
            self.there -= quantity
            self.promised[order] -= quantity
            self.shipped[order] = total
            assert self.send(command) == []

    @rule(order=ORDERS, quantity=QUANTITIES)
    def take_back(self, order: str, quantity: int) -> None:
        if self.send(ReturnStock(product="cd-1", order=order, quantity=quantity)):
            self.there += quantity

    @precondition(lambda self: self.there > 12)
    @rule()
    def discontinue(self) -> None:
        self.send(DiscontinueProduct(product="cd-1"))

    @invariant()
    def stock_adds_up(self) -> None:
        assert isinstance(self.state, Listed | Discontinued)
        shelf = self.state.shelf
        assert 0 <= shelf.reserved <= shelf.stock
        assert shelf.stock == self.there
        held = {order: each.open for order, each in self.state.reservations.items()}
        assert held == dict(+self.promised)
        assert shelf.reserved == sum(held.values())


TestStock = Stock.TestCase
TestStock.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
