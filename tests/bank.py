"""A bank over a real server: the commands of banking as mutations, by whoever may send them."""

from dataclasses import dataclass
from typing import Any

from tests.serving import Json, ProcessServer
from tests.shop import Refusal, mutation, until

__all__ = ["ACCOUNT", "PORTFOLIO", "SENDERS", "TRANSFER", "Bank"]

ACCOUNT = "id owners currency status balance overdraftLimit available lineCount"
TRANSFER = "id source target currency amount status refusal parties requestedAt endedAt"
PORTFOLIO = """
id owners currency cost value unrealised realised quotes { instrument price }
positions { instrument quantity cost averageCost price value unrealised isLive
  lots { number quantity cost boughtAt } }
"""

SENDERS: dict[str, tuple[str, str]] = {
    "openAccount": ("teller-1", "teller"),
    "changeOverdraftLimit": ("teller-1", "teller"),
    "depositMoney": ("teller-1", "teller"),
    "withdrawMoney": ("teller-1", "teller"),
    "closeAccount": ("teller-1", "teller"),
    "requestTransfer": ("teller-1", "teller"),
    "placeTrade": ("teller-1", "teller"),
    "freezeAccount": ("officer-1", "compliance"),
    "unfreezeAccount": ("officer-1", "compliance"),
    "listInstrument": ("exchange-1", "market"),
    "recordQuote": ("exchange-1", "market"),
    "confirmFraudAlert": ("officer-1", "compliance"),
    "dismissFraudAlert": ("officer-1", "compliance"),
}
"""Who sends a command, unless a customer does: a subject and a role."""


@dataclass
class Bank:
    """What people do with a server that runs banking."""

    server: ProcessServer

    async def send(
        self,
        name: str,
        input: Json,
        *,
        customer: str | None = None,
        command_id: str | None = None,
        query: str = "__typename",
    ) -> Json:
        """The result, Accepted or Rejected, of a command by a customer or by whose job it is."""
        sender = (customer, "customer") if customer else SENDERS[name]
        variables = {"input": input, "commandId": command_id, "expectedVersion": None}
        data = await self.server.data(mutation(name, query), variables, self.server.token(*sender))
        result: Json = data["result"]
        return result

    async def do(self, name: str, input: Json, **options: Any) -> Json:
        """The Accepted of a command. Raises Refusal."""
        result = await self.send(name, input, **options)
        if result["__typename"] == "Rejected":
            raise Refusal(result["code"], result["message"])
        return result

    async def open(
        self, *owners: str, currency: str = "USD", overdraft: str = "0", cash: str = ""
    ) -> str:
        """Open an account, with some cash in it; its id."""
        input = {"owners": owners, "currency": currency, "overdraftLimit": overdraft}
        account: str = (await self.do("openAccount", input))["id"]
        if cash:
            await self.deposit(account, cash)
        return account

    async def deposit(self, account: str, amount: str, means: str = "CASH") -> Json:
        return await self.do("depositMoney", {"account": account, "amount": amount, "means": means})

    async def transfer(
        self, customer: str | None, source: str, target: str, amount: str, currency: str = "USD"
    ) -> str:
        """Ask for a transfer; its id."""
        input = {"source": source, "target": target, "currency": currency, "amount": amount}
        id: str = (await self.do("requestTransfer", input, customer=customer))["id"]
        return id

    async def list(self, instrument: str, price: str, currency: str = "USD") -> None:
        """List an instrument with a first quote."""
        input = {"instrument": instrument, "name": instrument, "currency": currency}
        await self.do("listInstrument", input)
        await self.do("recordQuote", {"instrument": instrument, "price": price})

    async def trade(
        self, customer: str | None, account: str, instrument: str, side: str, quantity: str
    ) -> str:
        """Place a trade; its id."""
        input = {"account": account, "instrument": instrument, "side": side, "quantity": quantity}
        id: str = (await self.do("placeTrade", input, customer=customer))["id"]
        return id

    async def see_live(self, portfolio: str) -> Json:
        """The portfolio, once quotes find all that it holds."""

        def holds(found: Json | None) -> bool:
            return found is not None and all(each["isLive"] for each in found["positions"])

        return await until(lambda: self.see("portfolio", portfolio, PORTFOLIO), holds) or {}

    async def see(self, document: str, id: str, fields: str) -> Json | None:
        """The document as the bank's own people see it."""
        query = f"query($id: ID!) {{ found: {document}(id: $id) {{ {fields} }} }}"
        token = self.server.token("staff-1", "teller", "compliance", "market")
        found: Json | None = (await self.server.data(query, {"id": id}, token))["found"]
        return found

    async def see_with(self, document: str, id: str, fields: str, **values: Any) -> Json:
        """The document, once it has these values."""

        def holds(found: Json | None) -> bool:
            return found is not None and values.items() <= found.items()

        return await until(lambda: self.see(document, id, fields), holds) or {}

    async def account_with(self, id: str, **values: Any) -> Json:
        """The account, once it has these values."""
        return await self.see_with("account", id, ACCOUNT, **values)
