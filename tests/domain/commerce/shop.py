"""A shop full of people who do at random what they may, and some of what they may not."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from random import Random

from domain.commerce import order_states
from domain.commerce.addresses import PostalAddress
from domain.commerce.order_messages import (
    CancelOrder,
    DeliverOrder,
    PlaceOrder,
    ReturnOrder,
    ShipOrder,
)
from domain.commerce.orders import orders
from domain.commerce.payment_messages import (
    AuthorisePayment,
    CapturePayment,
    DeclinePayment,
    RefundPayment,
    RefusePayment,
)
from domain.commerce.payments import payments
from domain.commerce.product_messages import (
    AdjustStock,
    DiscontinueProduct,
    ListProduct,
    RepriceProduct,
    RestockProduct,
)
from domain.commerce.products import Listed, products
from domain.commerce.terms import OrderLine
from domain.model import Rejected
from tests.domain.commerce.simulator import Stream, World

PRODUCTS = ("cd-1", "cd-2", "cd-3")
CUSTOMERS = ("ann", "bob")
HOME = PostalAddress(street="Dam 1", city="Amsterdam", postal_code="1012 JS", country="NL")
ADDRESSES = (
    None,
    None,
    HOME,
    HOME,
    HOME,
    replace(HOME, street="Dam 2"),
    replace(HOME, country="BE"),
)


@dataclass
class Shop:
    """The shop, and who goes in and out."""

    world: World
    random: Random
    numbers: Iterator[int] = field(default_factory=count)

    def open(self) -> None:
        for product in PRODUCTS:
            price = Decimal(self.random.randint(0, 3))
            stock = self.random.randint(5, 20)
            self.world.send(
                ListProduct(product=product, name=product, category="cd", price=price, stock=stock)
            )
        self.order()
        self.pay()

    def act(self) -> None:
        """Do one thing; that it is refused is no surprise."""
        acts = [self.order] * 6 + [self.pay] * 9 + [self.carry_out] * 12 + [self.regret] * 5
        acts += [self.keep_shop] * 3 + [self.wait]
        self.world.pass_time(timedelta(seconds=self.random.randint(0, 60)))
        with suppress(Rejected):
            self.random.choice(acts)()

    def lines(self) -> tuple[OrderLine, ...]:
        known = (*PRODUCTS, "no-such") if self.random.random() < 0.1 else PRODUCTS
        named = self.random.sample(known, k=self.random.choice((1, 1, 1, 2, 3)))
        return tuple(OrderLine(product=each, quantity=self.random.randint(1, 3)) for each in named)

    def order(self) -> None:
        customer = self.random.choice(CUSTOMERS)
        order = f"o-{next(self.numbers)}"
        shipping, billing = (self.random.choice(ADDRESSES) for _ in range(2))
        self.world.send(
            PlaceOrder(
                order=order,
                lines=self.lines(),
                shipping=shipping,
                billing=billing,
                at=self.world.now,
                by=customer,
            )
        )

    def pay(self) -> None:
        """Authorise what an order costs, or something else, or let the provider have its say."""
        order = self.an_order(order_states.Placed, order_states.Confirmed).id
        if self.random.random() < 0.03:
            order = "o-never-placed"
        amount = self.total(order) if self.random.random() < 0.95 else Decimal("1.50")
        role = self.random.choice(("customer", "customer", "customer", "provider"))
        by = "psp" if role == "provider" else self.payer(order)
        id, at = f"p-{next(self.numbers)}", self.world.now
        if self.random.random() < 0.04:
            self.world.send(
                RefusePayment(payment=id, order=order, amount=amount, reason="no funds", at=at)
            )
            return
        self.world.send(
            AuthorisePayment(
                payment=id, order=order, amount=amount, at=at, by=by, roles=frozenset({role})
            )
        )
        if self.random.random() < 0.3:
            self.world.send(CapturePayment(payment=id, at=at))
        elif self.random.random() < 0.06:
            self.world.send(DeclinePayment(payment=id, reason="no funds", at=at))

    def an_order(self, *states: type) -> Stream:
        """Some order, mostly one in one of these states."""
        every = list(self.world.of(orders))
        fitting = [each for each in every if isinstance(each.state, states)]
        return self.random.choice(fitting if fitting and self.random.random() < 0.8 else every)

    def total(self, order: str) -> Decimal:
        match self.world.stream(orders, order).state:
            case order_states.Confirmed(total=total):
                return total
            case order_states.Placed(lines=lines):
                return sum((self.price(e.product) * e.quantity for e in lines), Decimal(0))
            case _:
                return Decimal(self.random.randint(0, 9))

    def price(self, product: str) -> Decimal:
        state = self.world.stream(products, product).state
        return state.price if isinstance(state, Listed) else Decimal(0)

    def payer(self, order: str) -> str:
        owner = order_states.customer_of(self.world.stream(orders, order).state)
        return owner if owner and self.random.random() < 0.95 else self.random.choice(CUSTOMERS)

    def carry_out(self) -> None:
        stream = self.an_order(order_states.Paid, order_states.Shipping, order_states.Shipped)
        at, order = self.world.now, stream.id
        if isinstance(stream.state, order_states.Shipped):
            self.world.send(DeliverOrder(order=order, at=at, by="wim"))
        elif self.random.random() < 0.5:
            self.world.send(ShipOrder(order=order, at=at, by="wim"))
        else:
            lines = self.lines()[:1]
            self.world.send(ShipOrder(order=order, lines=lines, at=at, by="wim"))

    def regret(self) -> None:
        stream = self.an_order(order_states.Delivered, order_states.Paid)
        at, order = self.world.now, stream.id
        by, roles = self.random.choice((("clara", "clerk"), (self.payer(order), "customer")))
        chosen = self.random.random()
        if isinstance(stream.state, order_states.Delivered):
            lines = self.lines()[:1] if chosen < 0.7 else ()
            self.world.send(
                ReturnOrder(
                    order=order, lines=lines, reason="no", at=at, by=by, roles=frozenset({roles})
                )
            )
        elif chosen < 0.3:
            self.world.send(
                CancelOrder(order=order, reason="no", at=at, by=by, roles=frozenset({roles}))
            )
        else:
            payment = self.random.choice(list(self.world.of(payments))).id
            amount = Decimal(self.random.randint(1, 400)) / 100
            self.world.send(RefundPayment(payment=payment, amount=amount, reason="no", at=at))

    def keep_shop(self) -> None:
        product = self.random.choice(PRODUCTS)
        number = self.random.randint(-2, 6)
        price = Decimal(self.random.randint(0, 3))
        chosen = self.random.random()
        if chosen < 0.3:
            self.world.send(RepriceProduct(product=product, price=price))
        elif chosen < 0.6:
            self.world.send(RestockProduct(product=product, quantity=number))
        elif chosen < 0.95:
            self.world.send(AdjustStock(product=product, change=number, reason="count"))
        else:
            self.world.send(DiscontinueProduct(product=product))

    def wait(self) -> None:
        self.world.pass_time(timedelta(minutes=self.random.choice((1, 15, 31))))
