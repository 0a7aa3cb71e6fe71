"""Accounts: what may be done with them by hand, and what is refused."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.banking.account_messages import (
    AccountClosed,
    AccountCommand,
    AccountEvent,
    AccountUnfrozen,
    ChangeOverdraftLimit,
    CloseAccount,
    DepositMoney,
    FreezeAccount,
    OpenAccount,
    OverdraftLimitChanged,
    PaymentMeans,
    UnfreezeAccount,
    WithdrawMoney,
)
from domain.banking.accounts import OWNERS_MAX, accounts
from domain.banking.currencies import AMOUNT_MAX, MINOR_UNITS
from domain.testing import given
from tests.domain.banking.facts import (
    FROZEN,
    T0,
    debited,
    deposited,
    money,
    opened,
    withdrawn,
)

OPEN = OpenAccount(account="a-1", owners=("ann",), currency="USD", at=T0, by="tom")
DEPOSIT = DepositMoney(
    account="a-1", amount=money("100.00"), means=PaymentMeans.CASH, at=T0, by="tom"
)
WITHDRAW = WithdrawMoney(
    account="a-1",
    amount=money("30.00"),
    means=PaymentMeans.CASH,
    at=T0,
    by="ann",
    roles=frozenset({"customer"}),
)
FREEZE = FreezeAccount(account="a-1", reason="court order", at=T0, by="olga")
UNFREEZE = UnfreezeAccount(account="a-1", at=T0, by="olga")
CLOSE = CloseAccount(account="a-1", at=T0, by="tom")
LIMIT = ChangeOverdraftLimit(account="a-1", overdraft_limit=money("50.00"), at=T0, by="tom")
FUNDED = (opened(), deposited(1, "100.00", "100.00"))
CLOSED = AccountClosed(account="a-1", owners=("ann",), at=T0, by="tom")


def test_an_account_is_opened_empty() -> None:
    assert given(accounts).when(OPEN) == [opened()]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(OPEN, owners=()), "INVALID_OWNERS"),
        (replace(OPEN, owners=tuple(f"o-{n}" for n in range(OWNERS_MAX + 1))), "INVALID_OWNERS"),
        (replace(OPEN, owners=("ann", "ann")), "INVALID_OWNERS"),
        (replace(OPEN, owners=(" ann",)), "INVALID_ID"),
        (replace(OPEN, currency="XXX"), "UNKNOWN_CURRENCY"),
        (replace(OPEN, currency="usd"), "UNKNOWN_CURRENCY"),
        (replace(OPEN, overdraft_limit=money("-1")), "INVALID_AMOUNT"),
        (replace(OPEN, overdraft_limit=money("NaN")), "INVALID_AMOUNT"),
        (replace(OPEN, currency="JPY", overdraft_limit=money("0.5")), "INVALID_AMOUNT"),
    ],
)
def test_what_is_no_account_is_not_opened(command: OpenAccount, code: str) -> None:
    assert given(accounts).rejects(command) == code


def test_an_account_is_opened_once() -> None:
    assert given(accounts, opened()).rejects(OPEN) == "ACCOUNT_EXISTS"


def test_ten_owners_may_share_an_account() -> None:
    owners = tuple(f"o-{n}" for n in range(OWNERS_MAX))
    (event,) = given(accounts).when(replace(OPEN, owners=owners))
    assert event == opened("a-1", *owners)


def test_a_deposit_is_a_balanced_entry_and_a_line_of_the_statement() -> None:
    assert given(accounts, opened()).when(DEPOSIT) == [deposited(1, "100.00", "100.00")]
    cleared = replace(DEPOSIT, means=PaymentMeans.CLEARING)
    assert given(accounts, opened()).when(cleared) == [
        deposited(1, "100.00", "100.00", means=PaymentMeans.CLEARING)
    ]


def test_cash_may_be_brought_by_somebody_else() -> None:
    brought = replace(DEPOSIT, conductor="cem")
    assert given(accounts, opened()).when(brought) == [
        deposited(1, "100.00", "100.00", conductor="cem")
    ]
    cleared = replace(brought, means=PaymentMeans.CLEARING)
    assert given(accounts, opened()).rejects(cleared) == "NO_CONDUCTOR"


@pytest.mark.parametrize("amount", ["0", "-5", "0.001", "NaN", "Infinity", "1000000000000.01"])
def test_an_amount_is_positive_and_in_whole_minor_units(amount: str) -> None:
    bank = given(accounts, *FUNDED)
    assert bank.rejects(replace(DEPOSIT, amount=Decimal(amount))) == "INVALID_AMOUNT"
    assert bank.rejects(replace(WITHDRAW, amount=Decimal(amount))) == "INVALID_AMOUNT"


@pytest.mark.parametrize(
    ("currency", "fine", "finer"), [("JPY", "1", "0.5"), ("KWD", "0.001", "0.0005")]
)
def test_each_currency_has_its_own_minor_unit(currency: str, fine: str, finer: str) -> None:
    bank = given(accounts, opened(currency=currency))
    assert bank.when(replace(DEPOSIT, amount=Decimal(fine)))
    assert bank.rejects(replace(DEPOSIT, amount=Decimal(finer))) == "INVALID_AMOUNT"
    assert Decimal(fine) == Decimal(1).scaleb(-MINOR_UNITS[currency])


def test_a_balance_has_a_limit() -> None:
    full = (opened(), deposited(1, f"{AMOUNT_MAX}.00", f"{AMOUNT_MAX}.00"))
    assert given(accounts, *full).rejects(DEPOSIT) == "BALANCE_TOO_LARGE"


def test_an_owner_takes_what_there_is_and_no_more() -> None:
    assert given(accounts, *FUNDED).when(WITHDRAW) == [withdrawn(2, "30.00", "70.00")]
    all_of_it = replace(WITHDRAW, amount=money("100.00"))
    assert given(accounts, *FUNDED).when(all_of_it) == [withdrawn(2, "100.00", "0.00")]
    more = replace(WITHDRAW, amount=money("100.01"))
    assert given(accounts, *FUNDED).rejects(more) == "INSUFFICIENT_FUNDS"


def test_an_account_goes_below_zero_to_its_overdraft_limit() -> None:
    bank = given(accounts, opened(limit="50.00"))
    deep = replace(WITHDRAW, amount=money("50.00"))
    assert bank.when(deep) == [withdrawn(1, "50.00", "-50.00")]
    assert bank.rejects(replace(WITHDRAW, amount=money("50.01"))) == "INSUFFICIENT_FUNDS"


def test_nobody_but_an_owner_or_a_teller_takes_money() -> None:
    eve = replace(WITHDRAW, by="eve")
    assert given(accounts, *FUNDED).rejects(eve) == "NOT_YOUR_ACCOUNT"
    assert given(accounts, *FUNDED, FROZEN).rejects(eve) == "NOT_YOUR_ACCOUNT"
    assert given(accounts, opened(), CLOSED).rejects(eve) == "NOT_YOUR_ACCOUNT"
    teller = replace(eve, by="tom", roles=frozenset({"teller"}), conductor="cem")
    assert given(accounts, *FUNDED).when(teller) == [
        withdrawn(2, "30.00", "70.00", by="tom", conductor="cem")
    ]
    cleared = replace(WITHDRAW, means=PaymentMeans.CLEARING)
    assert given(accounts, *FUNDED).rejects(cleared) == "CASH_ONLY"
    sent = replace(WITHDRAW, conductor="cem")
    assert given(accounts, *FUNDED).rejects(sent) == "NO_CONDUCTOR"


def test_a_frozen_account_neither_takes_nor_gives() -> None:
    assert given(accounts, *FUNDED).when(FREEZE) == [FROZEN]
    frozen = given(accounts, *FUNDED, FROZEN)
    for command in (DEPOSIT, WITHDRAW, CLOSE, LIMIT):
        assert frozen.rejects(command) == "ACCOUNT_FROZEN"
    thawed = AccountUnfrozen(account="a-1", owners=("ann",), at=T0, by="olga")
    assert frozen.when(UNFREEZE) == [thawed]
    assert given(accounts, *FUNDED, FROZEN, thawed).when(WITHDRAW)


def test_freezing_and_unfreezing_twice_changes_nothing() -> None:
    assert given(accounts, *FUNDED, FROZEN).when(FREEZE) == []
    assert given(accounts, *FUNDED).when(UNFREEZE) == []


def test_freezing_needs_a_reason() -> None:
    assert given(accounts, *FUNDED).rejects(replace(FREEZE, reason=" ")) == "INVALID_TEXT"


def test_an_account_is_closed_empty_with_nothing_under_way() -> None:
    assert given(accounts, opened()).when(CLOSE) == [CLOSED]
    assert given(accounts, *FUNDED).rejects(CLOSE) == "BALANCE_NOT_ZERO"
    sending = (*FUNDED, debited(2, "100.00", "0.00"))
    assert given(accounts, *sending).rejects(CLOSE) == "DEBITS_UNDER_WAY"
    assert given(accounts, opened(), CLOSED).when(CLOSE) == []


@pytest.mark.parametrize("command", [DEPOSIT, WITHDRAW, FREEZE, UNFREEZE, LIMIT])
def test_a_closed_account_takes_nothing(command: AccountCommand) -> None:
    assert given(accounts, opened(), CLOSED).rejects(command) == "ACCOUNT_CLOSED"


@pytest.mark.parametrize("command", [DEPOSIT, WITHDRAW, FREEZE, UNFREEZE, LIMIT, CLOSE])
def test_an_account_that_nobody_opened_takes_nothing(command: AccountCommand) -> None:
    assert given(accounts).rejects(command) == "ACCOUNT_UNKNOWN"


def test_the_overdraft_limit_stays_beyond_the_balance() -> None:
    wider: list[AccountEvent] = [
        OverdraftLimitChanged(
            account="a-1", owners=("ann",), overdraft_limit=money("50.00"), at=T0, by="tom"
        )
    ]
    assert given(accounts, opened()).when(LIMIT) == wider
    assert given(accounts, opened(limit="50.00")).when(LIMIT) == []
    below = (opened(limit="90.00"), withdrawn(1, "60.00", "-60.00"))
    assert given(accounts, *below).rejects(LIMIT) == "OVERDRAWN"
