"""A log that is ahead of everything: commands decided, and nothing folded or reacted to yet."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from api.contexts import shipped
from domain.commerce.order_messages import PlaceOrder, RecordSale
from domain.commerce.payment_messages import AuthorisePayment
from domain.commerce.product_messages import ListProduct
from domain.commerce.terms import OrderLine
from eventlog.codec import Codec
from eventlog.dispatcher import Clock, CommandDispatcher, Sender, wall_clock
from eventlog.outcome import Accepted
from eventlog.sqlite import SqliteLog
from eventlog.writer import Writer

__all__ = ["log_only", "write_backlog"]

STOCK = 150
AT_ONCE = 500


@asynccontextmanager
async def log_only(directory: Path, clock: Clock = wall_clock) -> AsyncGenerator[CommandDispatcher]:
    """A dispatcher over the log of a directory, without documents and processes."""
    domain = shipped().domain
    log = SqliteLog(directory)
    try:
        writer = Writer(log, domain, Codec(domain))
        writing = asyncio.create_task(writer.run())
        yield CommandDispatcher(log, writer, domain, clock=clock)
        await writer.drain()
        await writing
    finally:
        log.close()


async def write_backlog(directory: Path, *, orders: int, sales: int) -> None:
    """Orders of two products, every second one with its payment, and sales of another system.

    The stock does for some of the orders only.
    """
    async with log_only(directory) as dispatcher:
        for product in ("cd", "lp"):
            await _send(
                dispatcher, ListProduct, "clerk", product=product, name=product, category="music",
                price=Decimal("9.99"), stock=STOCK, low_stock_at=10,
            )  # fmt: skip
        for n in range(orders):
            lines = tuple(OrderLine(product=each, quantity=1 + n % 2) for each in ("cd", "lp"))
            order = await _send(dispatcher, PlaceOrder, "customer", lines=lines)
            if n % 2:
                amount = 4 * Decimal("9.99")
                await _send(dispatcher, AuthorisePayment, "customer", order=order, amount=amount)
        for start in range(0, sales, AT_ONCE):
            some = range(start, min(start + AT_ONCE, sales))
            await asyncio.gather(*(_sell(dispatcher, n) for n in some))


async def _sell(dispatcher: CommandDispatcher, n: int) -> None:
    at = datetime.fromisoformat(f"1997-0{1 + n % 9}-{1 + n % 28:02}T12:00:00+00:00")
    await _send(
        dispatcher, RecordSale, "clerk", at,
        order=f"sale-{n}", customer=f"customer-{n % 500}", units=1, amount=Decimal("5.00"),
    )  # fmt: skip


async def _send(
    dispatcher: CommandDispatcher,
    command: type[Any],
    role: str,
    at: datetime | None = None,
    **fields: Any,
) -> str:
    sender = Sender(actor=f"{role}-1", roles=frozenset({role}))
    outcome = await dispatcher.dispatch(command, fields, sender, at=at)
    assert isinstance(outcome, Accepted), outcome
    return outcome.id
