"""A shop over a real server: every command of commerce as a mutation, by whoever may send it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.serving import Json, ProcessServer

__all__ = ["ORDER", "PRODUCT", "SENDERS", "Refusal", "Shop", "mutation", "until"]

WAIT_S = 30.0
POLL_S = 0.02

PRODUCT = "id name category price status stock reserved available"
ORDER = """
id customer status lines { product ordered shipped returned unitPrice } units total refunded payment
placedAt paidAt shippedAt deliveredAt timeline { what at by note }
"""
RESULT = """
__typename
... on Accepted {
  commandId id version token events { id type stream version at actor data token } query { %s }
}
... on Rejected { commandId code message }
"""

SENDERS: dict[str, tuple[str, str]] = {
    "listProduct": ("clerk-1", "clerk"),
    "repriceProduct": ("clerk-1", "clerk"),
    "restockProduct": ("warehouse-1", "warehouse"),
    "adjustStock": ("warehouse-1", "warehouse"),
    "discontinueProduct": ("clerk-1", "clerk"),
    "shipOrder": ("warehouse-1", "warehouse"),
    "deliverOrder": ("warehouse-1", "warehouse"),
    "recordSale": ("clerk-1", "clerk"),
    "clearOrderSignal": ("clerk-1", "clerk"),
    "upholdOrderSignal": ("clerk-1", "clerk"),
    "refusePayment": ("provider-1", "provider"),
    "capturePayment": ("provider-1", "provider"),
    "declinePayment": ("provider-1", "provider"),
    "refundPayment": ("provider-1", "provider"),
}
"""Who sends a command, unless a customer does: a subject and a role."""


class Refusal(Exception):
    """The answer is the domain's no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def mutation(name: str, query: str = "__typename") -> str:
    """The mutation of a command; its answer's `query` is asked for `query`."""
    type_name = name[0].upper() + name[1:] + "Input"
    return (
        f"mutation($input: {type_name}!, $commandId: ID, $expectedVersion: Int) {{ "
        f"result: {name}(input: $input, commandId: $commandId, expectedVersion: $expectedVersion) "
        f"{{ {RESULT % query} }} }}"
    )


@dataclass
class Shop:
    """What people do with a server that runs commerce."""

    server: ProcessServer
    seen: str = "0:-1"
    """The newest place in the log that an accepted command of this shop got."""

    async def send(
        self,
        name: str,
        input: Json,
        *,
        customer: str | None = None,
        command_id: str | None = None,
        expected_version: int | None = None,
        query: str = "__typename",
    ) -> Json:
        """The result, Accepted or Rejected, of a command by a customer or by whose job it is."""
        sender = (customer, "customer") if customer else SENDERS[name]
        variables = {
            "input": input,
            "commandId": command_id,
            "expectedVersion": expected_version,
        }
        data = await self.server.data(mutation(name, query), variables, self.server.token(*sender))
        result: Json = data["result"]
        if result["__typename"] == "Accepted":
            self.seen = max(self.seen, result["token"], key=lambda token: int(token.split(":")[1]))
        return result

    async def do(self, name: str, input: Json, **options: Any) -> Json:
        """The Accepted of a command. Raises Refusal."""
        result = await self.send(name, input, **options)
        if result["__typename"] == "Rejected":
            raise Refusal(result["code"], result["message"])
        return result

    async def list(self, product: str, *, price: str = "10.00", stock: int = 100) -> Json:
        """Put a product on sale."""
        input = {
            "product": product, "name": f"The {product}", "category": "music",
            "price": price, "stock": stock, "lowStockAt": 3,
        }  # fmt: skip
        return await self.do("listProduct", input)

    async def place(self, customer: str, lines: Mapping[str, int]) -> str:
        """Order products, each with its quantity; the order's id."""
        named = [{"product": each, "quantity": quantity} for each, quantity in lines.items()]
        placed = await self.do("placeOrder", {"lines": named}, customer=customer)
        id: str = placed["id"]
        return id

    async def buy(self, customer: str, lines: Mapping[str, int]) -> str:
        """Order products and pay for them; the id of the order, once it is paid."""
        order = await self.place(customer, lines)
        confirmed = await self.order_in(order, "CONFIRMED")
        await self.pay(customer, order, confirmed["total"])
        await self.order_in(order, "PAID")
        return order

    async def pay(self, customer: str, order: str, amount: str) -> str:
        """Authorise a payment; its id."""
        paid = await self.do(
            "authorisePayment", {"order": order, "amount": amount}, customer=customer
        )
        id: str = paid["id"]
        return id

    async def order(self, id: str) -> Json | None:
        """The order as a clerk sees it."""
        query = f"query($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}"
        token = self.server.token("clerk-1", "clerk")
        found: Json | None = (await self.server.data(query, {"id": id}, token))["order"]
        return found

    async def order_in(self, id: str, *statuses: str) -> Json:
        """The order, once it is in one of these statuses."""

        async def look() -> Json | None:
            order = await self.order(id)
            return order if order and order["status"] in statuses else None

        return await until(look, lambda order: order is not None) or {}

    async def product(self, id: str) -> Json | None:
        """The product as everyone sees it, after all that this shop has done."""
        query = (
            f"query($id: ID!, $seen: Token) {{ product(id: $id, atLeast: $seen) {{ {PRODUCT} }} }}"
        )
        variables = {"id": id, "seen": self.seen}
        found: Json | None = (await self.server.data(query, variables))["product"]
        return found

    async def product_with(self, id: str, **values: Any) -> Json:
        """The product, once it has these values."""

        def holds(product: Json | None) -> bool:
            return product is not None and values.items() <= product.items()

        return await until(lambda: self.product(id), holds) or {}


async def until(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """What `look` gives, once that holds of it; fails after a generous wait with what it was."""
    found: Any = None
    try:
        async with asyncio.timeout(WAIT_S):
            while not holds(found := await look()):  # noqa: ASYNC110 - it has no event of ours
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"it does not come; what there is: {found}") from None
    return found
