"""Documents and processes of the bank built anew from the log: nothing is paid again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from api.contexts import shipped
from api.runtime import Embedded, embedded
from domain.banking.account_messages import DepositMoney, FreezeAccount, OpenAccount, PaymentMeans
from domain.banking.instrument_messages import ListInstrument, RecordQuote
from domain.banking.trade_messages import PlaceTrade
from domain.banking.trade_terms import TradeSide
from domain.banking.transfer_messages import RequestTransfer
from eventlog.dispatcher import Sender
from eventlog.outcome import Accepted
from readmodels import banking
from tests.crash.documents import documents_of
from tests.crash.ledger import read_log
from tests.crash.test_banking import replayed
from tests.domain.banking.bank import sums
from tests.domain.banking.checks import check_every_moment, check_rest
from tests.serving import delete_documents

WAIT_S = 30.0


@asynccontextmanager
async def running(directory: Path) -> AsyncGenerator[Embedded]:
    async with embedded(shipped(), directory) as runtime:
        for shown in runtime.model.shown.values():
            await asyncio.wait_for(runtime.feed.until_built(shown.collection), WAIT_S)
        yield runtime
        await at_rest(runtime)


async def at_rest(runtime: Embedded) -> None:
    """Until everything has seen all of the log, and that has led to nothing more."""
    ends: dict[int, int] = {}
    while ends != await runtime.log.ends():
        ends = await runtime.log.ends()
        for shown in runtime.model.shown.values():
            await runtime.caught_up(shown.collection, ends)
        for sender in runtime.senders:
            await runtime.caught_up(sender.collection, ends)
            await sender.send_due()


async def send(runtime: Embedded, command: type[Any], role: str, **fields: Any) -> str:
    """The id of the instance that took the command."""
    sender = Sender(actor=f"{role}-1", roles=frozenset({role}))
    outcome = await runtime.dispatcher.dispatch(command, fields, sender)
    assert isinstance(outcome, Accepted), outcome
    return outcome.id


async def work(runtime: Embedded, random: Random) -> None:
    """Some transfers, some of which come back, and some trades."""
    accounts = [
        await send(
            runtime, OpenAccount, "teller", owners=("ann",), currency="USD",
            overdraft_limit=Decimal(0),
        )
        for _ in range(4)
    ]  # fmt: skip
    for each in accounts:
        await send(
            runtime, DepositMoney, "teller", account=each, amount=Decimal(100),
            means=PaymentMeans.CASH, conductor=None,
        )  # fmt: skip
    await send(runtime, FreezeAccount, "compliance", account=accounts[-1], reason="to look at")
    listed = {"instrument": "XYZ", "name": "XYZ", "currency": "USD"}
    await send(runtime, ListInstrument, "market", **listed)
    for _ in range(12):
        source, target = random.sample(accounts, 2)
        await send(
            runtime, RequestTransfer, "teller", source=source, target=target, payee=None,
            currency="USD", amount=Decimal(random.randint(1, 60)),
        )  # fmt: skip
        price = Decimal(random.randint(100, 300)) / 100
        await send(runtime, RecordQuote, "market", instrument="XYZ", price=price)
        await send(
            runtime, PlaceTrade, "teller", account=source, instrument="XYZ",
            side=random.choice(list(TradeSide)), quantity=Decimal(2), limit_price=None,
        )  # fmt: skip


async def shown(directory: Path) -> dict[str, dict[str, Any]]:
    """The documents of the bank, by collection and id."""
    found = await documents_of(directory)
    return {each.document.__name__: found[each.document.__name__] for each in banking.PROJECTIONS}


async def test_documents_that_are_built_anew_are_the_same_and_no_money_moves_again(
    tmp_path: Path, seed: int
) -> None:
    async with running(tmp_path) as runtime:
        await work(runtime, Random(seed))
    documents, before = await shown(tmp_path), replayed(await read_log(tmp_path))
    check_rest(before)
    delete_documents(tmp_path)
    async with running(tmp_path):
        pass
    after = replayed(await read_log(tmp_path))
    check_every_moment(after)
    check_rest(after)
    assert sums(after.log) == sums(before.log)
    assert await shown(tmp_path) == documents
