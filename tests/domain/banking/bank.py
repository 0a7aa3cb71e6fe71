"""People at a bank who do things at random, and what must hold of it at every moment."""

from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from domain.banking.account_messages import (
    CloseAccount,
    DepositMoney,
    FreezeAccount,
    OpenAccount,
    PaymentMeans,
    UnfreezeAccount,
    WithdrawMoney,
)
from domain.banking.instrument_messages import ListInstrument, RecordQuote
from domain.banking.portfolios import portfolios
from domain.banking.trade_messages import PlaceTrade
from domain.banking.trade_terms import TradeSide
from domain.banking.transfer_messages import ExternalPayee, RequestTransfer
from domain.model import Rejected
from tests.domain.banking.simulator import World

__all__ = ["CUSTOMERS", "INSTRUMENTS", "Bank", "add", "legs", "sums"]

CUSTOMERS = ("ann", "bob", "cem")
INSTRUMENTS = {"XYZ": "USD", "QRS": "JPY"}
PAYEE = ExternalPayee(name="Zoe", account="DE89370400440532013000", country="DE")
TELLER = frozenset({"teller"})
CUSTOMER = frozenset({"customer"})


@dataclass
class Bank:
    """A bank with some accounts and instruments."""

    world: World
    random: Random
    count: int = 0

    def open(self) -> None:
        """Begin with a few accounts and instruments."""
        for number, currency in enumerate(("USD", "USD", "JPY", "USD")):
            owners = tuple(self.random.sample(CUSTOMERS, self.random.choice((1, 1, 2))))
            limit = Decimal(self.random.choice(("0", "50")))
            self._do(
                OpenAccount(
                    account=f"a-{number}",
                    owners=owners,
                    currency=currency,
                    overdraft_limit=limit,
                    at=self.world.now,
                    by="tom",
                )
            )
            for _ in range(4):
                self._deposit(f"a-{number}")
        for instrument, currency in INSTRUMENTS.items():
            self._do(
                ListInstrument(
                    instrument=instrument,
                    name=instrument,
                    currency=currency,
                    at=self.world.now,
                    by="max",
                )
            )
            self._do(RecordQuote(instrument=instrument, price=Decimal(2), at=self.world.now))

    def act(self) -> None:
        """Somebody does something."""
        self.world.pass_time()
        acts = {
            self._transfer: 8,
            self._trade: 6,
            self._sell_what_is_held: 3,
            self._quote: 4,
            self._cash: 3,
            self._govern: 3,
        }
        (act,) = self.random.choices(list(acts), list(acts.values()))
        act()

    def _do(self, command: Any) -> None:
        with suppress(Rejected):
            self.world.send(command)

    def _id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def _account(self) -> str:
        return f"a-{self.random.choices(range(5), (5, 5, 3, 4, 1))[0]}"

    def _amount(self) -> Decimal:
        return Decimal(self.random.choice((1, 5, 10, 20, 40, 80)))

    def _deposit(self, account: str) -> None:
        means = self.random.choice(list(PaymentMeans))
        self._do(
            DepositMoney(
                account=account, amount=self._amount(), means=means, at=self.world.now, by="tom"
            )
        )

    def _cash(self) -> None:
        account = self._account()
        if self.random.random() < 0.5:
            self._deposit(account)
            return
        self._do(
            WithdrawMoney(
                account=account,
                amount=self._amount(),
                means=PaymentMeans.CASH,
                at=self.world.now,
                by=self.random.choice(CUSTOMERS),
                roles=self.random.choice((TELLER, CUSTOMER)),
            )
        )

    def _transfer(self) -> None:
        target = None if self.random.random() < 0.2 else self._account()
        self._do(
            RequestTransfer(
                transfer=self._id("t"),
                source=self._account(),
                target=target,
                payee=PAYEE if target is None else None,
                currency="USD",
                amount=self._amount(),
                at=self.world.now,
                by=self.random.choice(CUSTOMERS),
                roles=self.random.choice((TELLER, TELLER, CUSTOMER)),
            )
        )

    def _quote(self) -> None:
        price = Decimal(self.random.randint(1, 4000)) / 1000
        instrument = self.random.choice(list(INSTRUMENTS))
        self._do(RecordQuote(instrument=instrument, price=price, at=self.world.now))

    def _trade(self) -> None:
        account, instrument = self._holder()
        quantity = Decimal(self.random.choice(("0.5", "1", "3.333333", "7")))
        self._place(account, instrument, self.random.choice(list(TradeSide)), quantity)

    def _sell_what_is_held(self) -> None:
        """All of a lot, mostly; sometimes compliance steps in before the money comes."""
        held = [
            (stream.id, instrument, lots[0].quantity)
            for stream in self.world.of(portfolios)
            for instrument, lots in stream.state.lots.items()
        ]
        if not held:
            return
        account, instrument, quantity = self.random.choice(held)
        self._place(account, instrument, TradeSide.SELL, quantity)
        if self.random.random() < 0.3:
            self.world.step()
            now = self.world.now
            self._do(FreezeAccount(account=account, reason="to look at", at=now, by="olga"))

    def _place(self, account: str, instrument: str, side: TradeSide, quantity: Decimal) -> None:
        self._do(
            PlaceTrade(
                trade=self._id("x"),
                account=account,
                instrument=instrument,
                side=side,
                quantity=quantity,
                at=self.world.now,
                by=self.random.choice(CUSTOMERS),
                roles=self.random.choice((TELLER, TELLER, CUSTOMER)),
            )
        )

    def _holder(self) -> tuple[str, str]:
        """An account and an instrument, mostly of its currency."""
        if self.random.random() < 0.1:
            return self._account(), self.random.choice(list(INSTRUMENTS))
        return self.random.choice((("a-0", "XYZ"), ("a-1", "XYZ"), ("a-2", "QRS")))

    def _govern(self) -> None:
        account, now = self._account(), self.world.now
        thaw = UnfreezeAccount(account=account, at=now, by="olga")
        freeze = FreezeAccount(account=account, reason="to look at", at=now, by="olga")
        close = CloseAccount(account=account, at=now, by="tom")
        self._do(self.random.choices((thaw, freeze, close), (7, 4, 0.3))[0])


def sums(log: list[Any]) -> dict[tuple[str, str], Decimal]:
    """Credit less debit of every ledger account by currency, from the entries of all events."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for event in log:
        add(found, event)
    return found


def add(found: dict[tuple[str, str], Decimal], event: Any) -> None:
    """Add the entry of an event, if it has one."""
    posting = getattr(event, "posting", None)
    entry = posting.entry if posting is not None else getattr(event, "entry", None)
    if entry is None:
        return
    for leg in entry.legs:
        sign = 1 if leg.side == "CREDIT" else -1
        found[leg.ledger, entry.currency] += sign * leg.amount


def legs(log: list[Any]) -> dict[str, Counter[str]]:
    """How often each kind of event happened for each transfer or trade."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for event in log:
        reference = getattr(event, "reference", None)
        if reference is not None:
            found[reference.id][type(event).__name__] += 1
    return found
