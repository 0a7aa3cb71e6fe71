"""The fraud watch through the real engine: weeks of a quiet life, a thief, and compliance."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from api.contexts import shipped
from api.runtime import Embedded, embedded
from domain.banking.account_messages import (
    DepositMoney,
    OpenAccount,
    PaymentMeans,
    WithdrawMoney,
)
from domain.banking.fraud_messages import ConfirmFraudAlert
from domain.banking.suspecting import OddityKind
from domain.banking.transfer_messages import ExternalPayee, RequestTransfer
from domain.rules import Viewer
from eventlog.dispatcher import Sender
from eventlog.outcome import Accepted
from readmodels.banking.fraud_alert import FraudAlert, FraudAlertStatus
from readmodels.query import Query

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
OFFICER = Viewer("officer-1", frozenset({"compliance"}))
WAIT_S = 30.0
QUIET_DAYS = 40


@dataclass
class Clock:
    """The time as the test sets it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Days:
    """A bank whose days the test makes pass."""

    runtime: Embedded
    clock: Clock

    async def send(self, command: type[Any], sub: str, role: str, **fields: Any) -> str:
        """The id of the instance that took the command."""
        outcome = await self.runtime.dispatcher.dispatch(
            command, fields, Sender(actor=sub, roles=frozenset({role}))
        )
        assert isinstance(outcome, Accepted), outcome
        return outcome.id

    async def alert(self) -> FraudAlert:
        """The first alert there is."""
        async with asyncio.timeout(WAIT_S):
            async for page in self.runtime.documents.watch_page(FraudAlert, Query(), OFFICER):
                if page.documents:
                    return page.documents[0]
        raise AssertionError("unreachable: watching has no end")

    async def alert_in(self, id: str, status: FraudAlertStatus) -> FraudAlert:
        async with asyncio.timeout(WAIT_S):
            async for found in self.runtime.documents.watch(FraudAlert, id, OFFICER):
                if found is not None and found.status is status:
                    return found
        raise AssertionError("unreachable: watching has no end")

    async def at_rest(self) -> None:
        """Until every document and process has seen all that the log has."""
        ends = await self.runtime.log.ends()
        for sender in self.runtime.senders:
            await self.runtime.caught_up(sender.collection, ends)
        await self.runtime.caught_up(self.runtime.model.shown[FraudAlert].collection, ends)


@asynccontextmanager
async def days(directory: Path) -> AsyncGenerator[Days]:
    clock = Clock(START)
    async with embedded(shipped(), directory, clock=clock) as runtime:
        for shown in runtime.model.shown.values():
            await asyncio.wait_for(runtime.feed.until_built(shown.collection), WAIT_S)
        yield Days(runtime, clock)


async def test_a_thief_is_noticed_and_compliance_decides(tmp_path: Path) -> None:
    async with days(tmp_path) as bank:
        account = await bank.send(
            OpenAccount, "tom", "teller", owners=("ann",), currency="USD",
            overdraft_limit=Decimal(0),
        )  # fmt: skip
        cash = {"account": account, "means": PaymentMeans.CASH, "conductor": None}
        await bank.send(DepositMoney, "tom", "teller", amount=Decimal(9000), **cash)
        for day in range(QUIET_DAYS):
            bank.clock.now = START + timedelta(days=day)
            amount = Decimal(20 + day * 7 % 31)
            await bank.send(WithdrawMoney, "ann", "customer", amount=amount, **cash)
        await bank.at_rest()
        page = await bank.runtime.documents.find(FraudAlert, Query(), OFFICER)
        assert page.documents == ()

        bank.clock.now += timedelta(hours=15)
        payee = ExternalPayee(name="T. Hief", account="GB33BUKB20201555555555", country="GB")
        await bank.send(
            RequestTransfer, "ann", "customer", source=account, target=None, payee=payee,
            currency="USD", amount=Decimal(2500),
        )  # fmt: skip
        alert = await bank.alert()
        assert (alert.customer, alert.account, alert.amount) == ("ann", account, Decimal(2500))
        assert alert.status is FraudAlertStatus.OPEN
        kinds = {each.kind for each in alert.reasons}
        assert kinds >= {OddityKind.LARGE_AMOUNT, OddityKind.NEW_PAYEE}

        note = "she did not send it"
        await bank.send(ConfirmFraudAlert, "olga", "compliance", alert=alert.id, note=note)
        confirmed = await bank.alert_in(alert.id, FraudAlertStatus.CONFIRMED)
        assert (confirmed.note, confirmed.decided_by) == (note, "olga")
