"""What happens by itself: the fulfilment goes on, and time passes, over restarts of the engine."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from api import runtime as runtimes
from api.contexts import shipped
from api.runtime import embedded
from domain.commerce.order_messages import PlaceOrder
from domain.commerce.payment_messages import AuthorisePayment
from domain.commerce.product_messages import ListProduct
from domain.commerce.terms import OrderLine
from domain.rules import Viewer
from eventlog.dispatcher import Sender
from eventlog.outcome import Accepted
from readmodels.commerce.order import Order
from readmodels.commerce.product import Product
from readmodels.processes import ProcessSender
from tests.crash.backlog import log_only
from tests.serving import delete_documents, running_server
from tests.shop import Shop

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLERK = Viewer("clerk-1", frozenset({"clerk"}))
WAIT_S = 30.0


@dataclass
class Clock:
    """The time as the test sets it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Embedded:
    """Commerce on an engine in this process."""

    runtime: runtimes.Embedded

    @property
    def fulfilment(self) -> ProcessSender:
        """What sends the commands of the fulfilment."""
        return next(each for each in self.runtime.senders if each.name == "fulfilment")

    async def settle(self) -> None:
        """Let every process see what there is and send what is due, until none has more to do."""
        ends: Mapping[int, int] = {}
        while ends != (ends := await self.runtime.log.ends()):
            for sender in self.runtime.senders:
                await self.runtime.caught_up(sender.collection, ends)
                await sender.send_due()

    async def send(self, command: type[Any], sub: str, role: str, **fields: Any) -> str:
        """The id of the instance that took the command."""
        outcome = await self.runtime.dispatcher.dispatch(
            command, fields, Sender(actor=sub, roles=frozenset({role}))
        )
        assert isinstance(outcome, Accepted), outcome
        return outcome.id

    async def list(self, product: str, stock: int) -> None:
        fields: Mapping[str, Any] = {
            "product": product, "name": product, "category": "music",
            "price": Decimal("5.00"), "stock": stock, "low_stock_at": 0,
        }  # fmt: skip
        await self.send(ListProduct, "clerk-1", "clerk", **fields)

    async def place(self, product: str, quantity: int = 1) -> str:
        lines = (OrderLine(product=product, quantity=quantity),)
        return await self.send(PlaceOrder, "ada", "customer", lines=lines)

    async def order_in(self, order: str, *statuses: str) -> Order:
        """The order, once it is in one of these statuses."""
        async with asyncio.timeout(WAIT_S):
            async for found in self.runtime.documents.watch(Order, order, CLERK):
                if found is not None and found.status in statuses:
                    return found
        raise AssertionError("unreachable: watching has no end")

    async def product(self, id: str) -> Product:
        """The product as it is when all is shown that the log has."""
        shown = self.runtime.model.shown[Product]
        await self.runtime.caught_up(shown.collection, await self.runtime.log.ends())
        found = await self.runtime.documents.get(Product, id, CLERK)
        assert found is not None
        return found


@asynccontextmanager
async def running(directory: Path, clock: Clock) -> AsyncGenerator[Embedded]:
    async with embedded(shipped(), directory, clock=clock) as runtime:
        for shown in runtime.model.shown.values():
            await asyncio.wait_for(runtime.feed.until_built(shown.collection), WAIT_S)
        yield Embedded(runtime)


async def test_an_unpaid_order_is_cancelled_after_thirty_minutes_and_its_stock_released(
    tmp_path: Path,
) -> None:
    clock = Clock(NOON)
    async with running(tmp_path, clock) as shop:
        await shop.list("cd", stock=10)
        order = await shop.place("cd", 4)
        await shop.order_in(order, "CONFIRMED")
    clock.now = NOON + timedelta(minutes=29)
    async with running(tmp_path, clock) as shop:
        sender = shop.fulfilment
        await sender.send_due()
        assert (await shop.order_in(order, "CONFIRMED", "CANCELLED")).status == "CONFIRMED"
        assert (await shop.product("cd")).reserved == 4
    clock.now = NOON + timedelta(hours=5)
    async with running(tmp_path, clock) as shop:
        cancelled = await shop.order_in(order, "CANCELLED")
        last = cancelled.timeline[-1]
        assert (last.at, last.note) == (NOON + timedelta(minutes=30), "unpaid for 30 minutes")
        async with asyncio.timeout(WAIT_S):
            while (await shop.product("cd")).reserved:  # noqa: ASYNC110 - the log tells no event
                await asyncio.sleep(0.01)
        assert (await shop.product("cd")).stock == 10


async def test_a_paid_order_outlives_its_thirty_minutes(tmp_path: Path) -> None:
    clock = Clock(NOON)
    async with running(tmp_path, clock) as shop:
        await shop.list("cd", stock=10)
        order = await shop.place("cd", 4)
        total = (await shop.order_in(order, "CONFIRMED")).total
        clock.now = NOON + timedelta(minutes=29)
        await shop.send(AuthorisePayment, "ada", "customer", order=order, amount=total)
        await shop.order_in(order, "PAID")
    clock.now = NOON + timedelta(hours=5)
    async with running(tmp_path, clock) as shop:
        sender = shop.fulfilment
        await shop.runtime.caught_up(sender.collection, await shop.runtime.log.ends())
        await sender.send_due()
        assert (await shop.order_in(order, "PAID", "CANCELLED")).status == "PAID"
        assert (await shop.product("cd")).reserved == 4


async def test_a_payment_in_time_is_not_overtaken_by_the_clock_of_a_standstill(
    tmp_path: Path,
) -> None:
    """The payment is the last that the log takes before a crash; the next start is hours later."""
    clock = Clock(NOON)
    async with running(tmp_path, clock) as shop:
        await shop.list("cd", stock=10)
        order = await shop.place("cd", 4)
        total = (await shop.order_in(order, "CONFIRMED")).total
    async with log_only(tmp_path, Clock(NOON + timedelta(minutes=20))) as dispatcher:
        sender = Sender(actor="ada", roles=frozenset({"customer"}))
        paid = {"order": order, "amount": total}
        assert isinstance(await dispatcher.dispatch(AuthorisePayment, paid, sender), Accepted)
    clock.now = NOON + timedelta(hours=5)
    async with running(tmp_path, clock) as shop:
        assert (await shop.order_in(order, "PAID", "CANCELLED")).status == "PAID"
        process = shop.fulfilment
        await process.send_due()
        assert (await shop.order_in(order, "PAID", "CANCELLED")).status == "PAID"


async def test_an_order_that_expired_while_nothing_ran_is_cancelled_by_the_next_server(
    tmp_path: Path,
) -> None:
    clock = Clock(datetime.now(UTC) - timedelta(minutes=31))
    async with running(tmp_path / "data", clock) as embedded_shop:
        await embedded_shop.list("cd", stock=10)
        order = await embedded_shop.place("cd", 4)
        await embedded_shop.order_in(order, "CONFIRMED")
    async with running_server(tmp_path / "data") as server:
        shop = Shop(server)
        cancelled = await shop.order_in(order, "CANCELLED")
        assert cancelled["timeline"][-1]["by"] == "process:fulfilment"
        await shop.product_with("cd", stock=10, reserved=0)


async def test_what_a_process_had_not_sent_at_a_stop_it_sends_at_once_at_the_next_start(
    tmp_path: Path,
) -> None:
    clock = Clock(NOON)
    async with running(tmp_path, clock) as shop:
        await shop.list("cd", stock=1000)
        orders = await asyncio.gather(*(shop.place("cd") for _ in range(100)))
        # Leaving now stops the engine in the middle of a hundred fulfilments.
    async with running(tmp_path, clock) as shop:
        for order in orders:
            await shop.order_in(order, "CONFIRMED")
        assert (await shop.product("cd")).reserved == 100


async def test_deleted_documents_are_built_again_and_no_process_acts_twice(
    tmp_path: Path,
) -> None:
    clock = Clock(NOON)
    async with running(tmp_path, clock) as shop:
        await shop.list("cd", stock=100)
        orders = [await shop.place("cd") for _ in range(20)]
        for order in orders[:10]:
            total = (await shop.order_in(order, "CONFIRMED")).total
            await shop.send(AuthorisePayment, "ada", "customer", order=order, amount=total)
            await shop.order_in(order, "PAID")
        for order in orders[10:]:
            await shop.order_in(order, "CONFIRMED")
        await shop.settle()
        before = await shop.runtime.log.ends()
        shown = [await shop.order_in(order, "PAID", "CONFIRMED") for order in orders]
        product = await shop.product("cd")
    delete_documents(tmp_path)
    async with running(tmp_path, clock) as shop:
        assert [await shop.order_in(order, "PAID", "CONFIRMED") for order in orders] == shown
        assert await shop.product("cd") == product
        await shop.settle()
        assert await shop.runtime.log.ends() == before
