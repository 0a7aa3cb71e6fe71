"""Whatever is asked of an account or a portfolio, in whatever order: a plain model agrees."""

from collections import deque
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.banking.account_messages import (
    AccountCommand,
    ChangeOverdraftLimit,
    CloseAccount,
    DepositMoney,
    FreezeAccount,
    PaymentMeans,
    UnfreezeAccount,
    WithdrawMoney,
)
from domain.banking.account_states import Account, Closed, Frozen, Unopened
from domain.banking.accounts import accounts
from domain.banking.leg_messages import (
    AccountCredited,
    AccountDebited,
    CreditAccount,
    CreditRefused,
    DebitAccount,
    DebitRefunded,
    DebitRefused,
    LegPurpose,
    RefundDebit,
    SettleDebit,
)
from domain.banking.lots import quantity_of
from domain.banking.portfolio_messages import (
    AddUnits,
    PortfolioCommand,
    RestoreUnits,
    SettleSale,
    TakeUnits,
    UnitsBought,
    UnitsRestored,
    UnitsSold,
)
from domain.banking.portfolios import LOTS_MAX, portfolios
from domain.banking.terms import REMEMBERED_MAX, Reference
from domain.model import Rejected
from tests.domain.banking.facts import T0, minutes, money, opened

AMOUNTS = st.integers(1, 200).map(lambda units: Decimal(units) / 4)
REFERENCES = st.integers(0, 90)
FEW = settings(max_examples=40, stateful_step_count=40, deadline=None)


def reference(number: int) -> Reference:
    return Reference(id=f"t-{number}", begun_at=minutes(number))


class AccountAtWork(RuleBasedStateMachine):
    """An account beside the sum of what it says that it did."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Account = accounts.evolve(Unopened(), opened(limit="50.00"))
        self.limit, self.sum, self.lines = money("50.00"), money("0.00"), 0
        self.did: dict[str, list[str]] = {}

    def _send(self, command: AccountCommand) -> list[Any]:
        events: list[Any] = []
        with suppress(Rejected):
            events = accounts.decide(command, self.state)
        for event in events:
            self.state = accounts.evolve(self.state, event)
            posting = getattr(event, "posting", None)
            if posting is not None:
                self.sum, self.lines = self.sum + posting.change, self.lines + 1
                assert (posting.balance, posting.number) == (self.sum, self.lines)
            if hasattr(event, "reference"):
                self.did.setdefault(event.reference.id, []).append(type(event).__name__)
        return events

    @rule(amount=AMOUNTS, means=st.sampled_from(PaymentMeans))
    def deposit(self, amount: Decimal, means: PaymentMeans) -> None:
        self._send(DepositMoney(account="a-1", amount=amount, means=means, at=T0, by="tom"))

    @rule(amount=AMOUNTS, by=st.sampled_from(("ann", "eve")))
    def withdraw(self, amount: Decimal, by: str) -> None:
        command = WithdrawMoney(
            account="a-1",
            amount=amount,
            means=PaymentMeans.CASH,
            at=T0,
            by=by,
            roles=frozenset({"customer"}),
        )
        assert not self._send(command) or by == "ann"

    @rule(number=REFERENCES, amount=AMOUNTS, sender=st.sampled_from(("ann", "eve", None)))
    def debit(self, number: int, amount: Decimal, sender: str | None) -> None:
        command = DebitAccount(
            account="a-1",
            reference=reference(number),
            purpose=LegPurpose.TRANSFER,
            counterparty="b-1",
            sender=sender,
            currency="USD",
            amount=amount,
            at=T0,
        )
        events = self._send(command)
        assert self._send(command) == [] or isinstance(events[0], DebitRefused)

    @rule(number=REFERENCES, amount=AMOUNTS)
    def credit(self, number: int, amount: Decimal) -> None:
        command = CreditAccount(
            account="a-1",
            reference=reference(100 + number),
            purpose=LegPurpose.TRADE,
            counterparty="XYZ",
            currency="USD",
            amount=amount,
            at=T0,
        )
        events = self._send(command)
        assert self._send(command) == [] or isinstance(events[0], CreditRefused)

    @rule(number=REFERENCES, is_refund=st.booleans())
    def end(self, number: int, is_refund: bool) -> None:
        command = RefundDebit if is_refund else SettleDebit
        self._send(command(account="a-1", reference=reference(number), at=T0))

    @rule(limit=st.sampled_from(("0", "25.00", "50.00", "80.00")))
    def change_limit(self, limit: str) -> None:
        command = ChangeOverdraftLimit(account="a-1", overdraft_limit=money(limit), at=T0, by="tom")
        if self._send(command):
            self.limit = money(limit)

    @rule(is_frozen=st.booleans())
    def govern(self, is_frozen: bool) -> None:
        if is_frozen:
            self._send(FreezeAccount(account="a-1", reason="to look at", at=T0, by="olga"))
        else:
            self._send(UnfreezeAccount(account="a-1", at=T0, by="olga"))

    @rule()
    def close(self) -> None:
        is_frozen = isinstance(self.state, Frozen)
        closed = self._send(CloseAccount(account="a-1", at=T0, by="tom"))
        assert not closed or not is_frozen

    @invariant()
    def it_is_never_overdrawn_beyond_its_limit(self) -> None:
        assert not isinstance(self.state, Unopened)
        book = self.state.book
        assert (book.balance, book.lines, book.overdraft_limit) == (
            self.sum,
            self.lines,
            self.limit,
        )
        assert book.balance >= -self.limit

    @invariant()
    def no_leg_is_taken_twice_and_nothing_closed_is_under_way(self) -> None:
        assert not isinstance(self.state, Unopened)
        book = self.state.book
        for id, did in self.did.items():
            assert did.count(AccountDebited.__name__) <= 1
            assert did.count(AccountCredited.__name__) <= 1
            assert did.count(DebitRefunded.__name__) + did.count("DebitSettled") <= 1
            debited, ended = AccountDebited.__name__ in did, {"DebitRefunded", "DebitSettled"}
            assert (id in book.open_debits) == (debited and not ended & {*did})
        assert len(book.remembered.latest) <= REMEMBERED_MAX
        if isinstance(self.state, Closed):
            assert self.sum == 0
            assert not book.open_debits


class PortfolioAtWork(RuleBasedStateMachine):
    """A portfolio beside a queue of single thousandths of units with what each cost."""

    def __init__(self) -> None:
        super().__init__()
        self.state = portfolios.initial()
        self.units: deque[int] = deque()
        self.spent = self.earned = self.realised = money("0.00")
        self.number = 0

    def _send(self, command: PortfolioCommand) -> list[Any]:
        events = portfolios.decide(command, self.state)
        for event in events:
            self.state = portfolios.evolve(self.state, event)
        return events

    def _next(self) -> Reference:
        self.number += 1
        return reference(self.number)

    @rule(quantity=st.integers(1, 9_000), price=AMOUNTS)
    def buy(self, quantity: int, price: Decimal) -> None:
        units = Decimal(quantity) / 1000
        cost = max((units * price).quantize(money("0.01")), money("0.01"))
        command = AddUnits(
            portfolio="a-1",
            owners=("ann",),
            reference=self._next(),
            instrument="XYZ",
            currency="USD",
            quantity=units,
            price=price,
            cost=cost,
            at=T0,
        )
        (event,) = self._send(command)
        if isinstance(event, UnitsBought):
            self.units.extend([event.lot.number] * quantity)
            self.spent += cost
        assert self._send(command) == []

    @rule(quantity=st.integers(1, 12_000), price=AMOUNTS, comes_back=st.booleans())
    def sell(self, quantity: int, price: Decimal, comes_back: bool) -> None:
        units = Decimal(quantity) / 1000
        proceeds = max((units * price).quantize(money("0.01")), money("0.01"))
        command = TakeUnits(
            portfolio="a-1",
            sender="ann",
            reference=self._next(),
            instrument="XYZ",
            quantity=units,
            price=price,
            proceeds=proceeds,
            at=T0,
        )
        (event,) = self._send(command)
        if not isinstance(event, UnitsSold):
            assert quantity > len(self.units) or not self.state.owners
            return
        taken = [self.units.popleft() for _ in range(quantity)]
        assert {p.number: int(p.quantity * 1000) for p in event.parts} == {
            n: taken.count(n) for n in {*taken}
        }
        if comes_back:
            back = RestoreUnits(portfolio="a-1", reference=command.reference, at=T0)
            (restored,) = self._send(back)
            assert isinstance(restored, UnitsRestored)
            assert restored.realised == -event.realised
            self.units.extendleft(reversed(taken))
        else:
            self._send(SettleSale(portfolio="a-1", reference=command.reference, at=T0))
            self.earned, self.realised = self.earned + proceeds, self.realised + event.realised
        assert self._send(replace(command, at=minutes(1))) == []

    @invariant()
    def lots_sum_to_the_holding_and_profit_to_the_flows_of_cash(self) -> None:
        lots = self.state.lots.get("XYZ", ())
        assert quantity_of(lots) * 1000 == len(self.units)
        assert len(lots) <= LOTS_MAX
        assert all(each.quantity > 0 and each.cost >= 0 for each in lots)
        cost = sum((each.cost for each in lots), money("0.00"))
        assert cost - self.realised == self.spent - self.earned


TestAccount = AccountAtWork.TestCase
TestAccount.settings = FEW
TestPortfolio = PortfolioAtWork.TestCase
TestPortfolio.settings = FEW
