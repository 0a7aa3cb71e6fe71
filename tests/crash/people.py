"""Clerks, customers and the warehouse at work, each command sent until it is answered."""

import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.crash.world import Client
from tests.serving import Json
from tests.shop import ORDER, SENDERS, mutation

__all__ = ["Books", "Person", "Sent"]

CUSTOMERS = ("ada", "bea", "cem", "dov")
MANY = 15
"""How many orders are open at most, beyond which people see to those there are."""


@dataclass(frozen=True)
class Sent:
    """A command that was answered, and how; when it was first sent, and when it was answered.

    The instants are those of this process' monotonic clock, in seconds.
    """

    name: str
    input: Json
    sub: str
    roles: tuple[str, ...]
    command_id: str
    expected_version: int | None
    result: Json
    invoked: float
    answered: float

    @property
    def is_accepted(self) -> bool:
        return bool(self.result["__typename"] == "Accepted")


@dataclass
class Books:
    """What all of them know together."""

    products: list[str] = field(default_factory=list[str])
    orders: dict[str, str] = field(default_factory=dict[str, str])
    """The customer of each order that something may still happen to."""
    sent: list[Sent] = field(default_factory=list[Sent])


class Person:
    """Somebody who does one thing after the other, until it is over."""

    def __init__(self, number: int, client: Client, books: Books, random: Random) -> None:
        self._number = number
        self._client = client
        self._books = books
        self._random = random
        self._count = 0

    async def work(self) -> None:
        """Do things until it is over."""
        while not self._client.world.is_over:
            await self._next()

    async def _next(self) -> None:
        books, random = self._books, self._random
        chance = random.random()
        if len(books.products) < 3 or chance < 0.03:
            await self._list()
        elif chance < 0.20:
            await self._stock()
        elif chance < 0.25 and books.sent:
            await self._again(random.choice(books.sent))
        elif len(books.orders) < MANY and chance < 0.55:
            await self._place()
        elif books.orders:
            await self._tend(random.choice(list(books.orders)))

    async def _list(self) -> None:
        product = f"cd-{self._random.randrange(6)}"
        price = self._random.choice(["0.00", "0.01", "9.99", "14.99", "100.00"])
        input = {"product": product, "name": product, "category": "music", "price": price}
        await self._send("listProduct", {**input, "stock": self._random.randrange(40)})
        if product not in self._books.products:
            self._books.products.append(product)

    async def _stock(self) -> None:
        product = self._random.choice(self._books.products)
        expected = self._random.choice([None, None, None, 1, 5])
        if self._random.random() < 0.6:
            input: Json = {"product": product, "quantity": self._random.randint(1, 30)}
            await self._send("restockProduct", input, expected_version=expected)
        else:
            change = {"product": product, "change": self._random.randint(-20, 10)}
            await self._send("adjustStock", {**change, "reason": "counted"})

    async def _place(self) -> None:
        customer = self._random.choice(CUSTOMERS)
        count = self._random.randint(1, min(3, len(self._books.products)))
        lines = [
            {"product": each, "quantity": self._random.randint(1, 8)}
            for each in self._random.sample(self._books.products, count)
        ]
        placed = await self._send("placeOrder", {"lines": lines}, sub=customer)
        if placed.is_accepted:
            self._books.orders[placed.result["id"]] = customer

    async def _tend(self, id: str) -> None:
        """Do what the state of an order asks for, or something that it does not allow."""
        order = await self._look(id)
        random = self._random
        match order and order["status"]:
            case "CONFIRMED" if order:
                await self._settle(order)
            case "PAID" | "SHIPPING" if order:
                if random.random() < 0.15:
                    await self._send("cancelOrder", {"order": id, "reason": "no"}, sub="clerk-1")
                else:
                    left = self._left(order, "ordered", "shipped")
                    await self._send("shipOrder", {"order": id, "lines": left})
            case "SHIPPED":
                await self._send("deliverOrder", {"order": id})
            case "DELIVERED" if order and random.random() < 0.8:
                back = {"order": id, "reason": "no", "lines": self._left(order, "shipped")}
                await self._send("returnOrder", back, sub=order["customer"])
            case "DELIVERED" | "REJECTED" | "CANCELLED" | "RETURNED":
                self._books.orders.pop(id, None)
            case _:
                await self._send("shipOrder", {"order": id})

    async def _settle(self, order: Json) -> None:
        """Pay, most of the time; with the wrong amount, by the wrong person, or not at all."""
        chance = self._random.random()
        payment = {"order": order["id"], "amount": order["total"]}
        if chance < 0.70:
            await self._send("authorisePayment", payment, sub=order["customer"])
        elif chance < 0.75:
            await self._send("authorisePayment", payment, sub="provider-1")
        elif chance < 0.80:
            await self._send("authorisePayment", payment, sub=self._random.choice(CUSTOMERS))
        elif chance < 0.85:
            wrong = {**payment, "amount": "3.33"}
            await self._send("authorisePayment", wrong, sub=order["customer"])
        elif chance < 0.90:
            await self._send("refusePayment", {**payment, "reason": "no cover"})
        else:
            cancel = {"order": order["id"], "reason": "no"}
            await self._send("cancelOrder", cancel, sub=order["customer"])

    def _left(self, order: Json, of: str, done: str = "returned") -> list[Json]:
        """A part of what is left of an order, or no lines, which is all of it."""
        if self._random.random() < 0.5:
            return []
        left = {each["product"]: each[of] - each[done] for each in order["lines"]}
        some = [each for each, quantity in left.items() if quantity > 0]
        return [
            {"product": each, "quantity": self._random.randint(1, left[each])}
            for each in self._random.sample(some, min(1, len(some)))
        ]

    async def _look(self, id: str) -> Json | None:
        query = f"query($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}"
        found = await self._client.ask(query, {"id": id}, "clerk-1", "clerk")
        order: Json | None = found["order"]
        return order

    async def _send(
        self,
        name: str,
        input: Json,
        *,
        sub: str | None = None,
        expected_version: int | None = None,
    ) -> Sent:
        sub, role = (sub, _role(sub)) if sub else SENDERS[name]
        self._count += 1
        command_id = f"{name}-{self._number}-{self._count}"
        return await self._deliver(name, input, sub, (role,), command_id, expected_version)

    async def _again(self, sent: Sent) -> None:
        """The same once more: what was accepted gets the same answer, word by word."""
        if not sent.is_accepted:
            return
        before = sent.result
        after = await self._deliver(
            sent.name, sent.input, sent.sub, sent.roles, sent.command_id, sent.expected_version
        )
        assert after.result == before, f"{sent} is now answered with {after.result}"

    async def _deliver(
        self,
        name: str,
        input: Json,
        sub: str,
        roles: tuple[str, ...],
        command_id: str,
        expected_version: int | None,
    ) -> Sent:
        variables: dict[str, Any] = {
            "input": input,
            "commandId": command_id,
            "expectedVersion": expected_version,
        }
        invoked = time.monotonic()
        data = await self._client.ask(mutation(name), variables, sub, *roles)
        sent = Sent(
            name=name,
            input=input,
            sub=sub,
            roles=roles,
            command_id=command_id,
            expected_version=expected_version,
            result=data["result"],
            invoked=invoked,
            answered=time.monotonic(),
        )
        self._books.sent.append(sent)
        return sent


def _role(sub: str) -> str:
    return {"clerk-1": "clerk", "provider-1": "provider"}.get(sub, "customer")
