"""Accounts, statements and the ledger as they are shown."""

from domain.banking.account_messages import AccountClosed, AccountUnfrozen, OverdraftLimitChanged
from domain.banking.journal import LedgerKind, LedgerSpot, entry
from domain.banking.transfer_messages import ExternalPayee, TransferOrder, TransferSent
from domain.testing import shown
from readmodels.banking.account import Account, AccountNews, AccountStatus, accounts
from readmodels.banking.customer_dashboard import (
    ACCOUNTS_MAX,
    LINES_MAX,
    CurrencyBalance,
    CustomerDashboard,
    DashboardNews,
    customer_dashboards,
)
from readmodels.banking.ledger import LedgerTotal, ledger_days, trial_balances
from readmodels.banking.statement_line import LineKind, statement_lines
from tests.domain.banking.facts import (
    FROZEN,
    T0,
    TRANSFER,
    credited,
    days,
    debited,
    deposited,
    minutes,
    money,
    opened,
    refunded,
    withdrawn,
)

UNFROZEN = AccountUnfrozen(account="a-1", owners=("ann",), at=minutes(1), by="olga")
CLOSED = AccountClosed(account="a-1", owners=("ann",), at=minutes(9), by="tom")
WIDER = OverdraftLimitChanged(
    account="a-1", owners=("ann",), overdraft_limit=money("50.00"), at=T0, by="tom"
)
PAYEE = ExternalPayee(name="Zoe", account="DE89", country="DE")
SENT = TransferSent(
    order=TransferOrder(
        transfer="t-1",
        source="a-1",
        target=None,
        payee=PAYEE,
        currency="USD",
        amount=money("30.00"),
        sender="ann",
        requested_at=T0,
    ),
    owners=("ann",),
    entry=entry(
        "USD",
        money("30.00"),
        debit=LedgerSpot(kind=LedgerKind.TRANSIT),
        credit=LedgerSpot(kind=LedgerKind.CLEARING),
    ),
    at=minutes(3),
)


def account(*events: AccountNews) -> Account:
    return shown(accounts, *events)["a-1"]


def test_an_account_shows_what_is_in_it_and_what_can_leave_it() -> None:
    found = account(opened(), deposited(1, "100.00", "100.00"), WIDER, debited())
    assert (found.balance, found.available) == (money("70.00"), money("120.00"))
    assert (found.line_count, found.last_moved_at) == (2, T0)


def test_the_status_of_an_account_follows_it() -> None:
    assert account(opened()).status is AccountStatus.ACTIVE
    assert account(opened(), FROZEN).status is AccountStatus.FROZEN
    assert account(opened(), FROZEN, UNFROZEN).status is AccountStatus.ACTIVE
    assert account(opened(), CLOSED).status is AccountStatus.CLOSED


def test_an_account_does_not_tell_its_owners_why_it_is_frozen() -> None:
    assert "court order" not in repr(account(opened(), FROZEN))


def test_a_statement_has_numbered_lines_with_the_balance_after_each() -> None:
    lines = shown(statement_lines, deposited(1, "100.00", "100.00"), debited(), refunded())
    assert [
        (each.number, each.kind, each.change, each.balance, each.counterparty, each.reference)
        for each in (lines[id] for id in sorted(lines))
    ] == [
        (1, LineKind.CASH, money("100.00"), money("100.00"), None, None),
        (2, LineKind.TRANSFER, money("-30.00"), money("70.00"), "b-1", TRANSFER.id),
        (3, LineKind.REFUND, money("30.00"), money("100.00"), "b-1", TRANSFER.id),
    ]


def test_the_ids_of_lines_sort_as_their_numbers_do() -> None:
    lines = shown(statement_lines, *(deposited(n, "1.00", f"{n}.00") for n in (2, 9, 10, 100)))
    assert [lines[id].number for id in sorted(lines)] == [2, 9, 10, 100]


def total(kind: LedgerKind, debits: str, credits: str, balance: str) -> LedgerTotal:
    return LedgerTotal(
        kind=kind, debits=money(debits), credits=money(credits), balance=money(balance)
    )


def test_the_ledger_is_balanced_also_while_money_is_in_transit() -> None:
    between = shown(trial_balances, deposited(1, "100.00", "100.00"), debited())["USD"]
    assert between.totals == (
        total(LedgerKind.CUSTOMER, "30.00", "100.00", "70.00"),
        total(LedgerKind.CASH, "100.00", "0.00", "-100.00"),
        total(LedgerKind.TRANSIT, "0.00", "30.00", "30.00"),
    )
    assert (between.difference, between.entries) == (money("0.00"), 2)
    after = shown(trial_balances, deposited(1, "100.00", "100.00"), debited(), credited())["USD"]
    assert after.totals[-1] == total(LedgerKind.TRANSIT, "30.00", "30.00", "0.00")
    assert after.difference == 0


def test_what_is_sent_to_another_bank_leaves_transit_for_clearing() -> None:
    found = shown(trial_balances, deposited(1, "100.00", "100.00"), debited(), SENT)["USD"]
    assert {each.kind: each.balance for each in found.totals} == {
        LedgerKind.CUSTOMER: money("70.00"),
        LedgerKind.CASH: money("-100.00"),
        LedgerKind.CLEARING: money("30.00"),
        LedgerKind.TRANSIT: money("0.00"),
    }


def test_a_day_of_the_ledger_has_what_was_entered_on_it_by_currency() -> None:
    yen = deposited(1, "500", "500", account="c-1", currency="JPY")
    later = withdrawn(3, "10.00", "60.00", at=days(1))
    found = shown(ledger_days, deposited(1, "100.00", "100.00"), debited(), yen, later)
    assert {id: (each.debits, each.credits, each.entries) for id, each in found.items()} == {
        "2026-11-23:USD": (money("130.00"), money("130.00"), 2),
        "2026-11-23:JPY": (money("500"), money("500"), 1),
        "2026-11-24:USD": (money("10.00"), money("10.00"), 1),
    }
    assert not any(each.difference for each in found.values())


def dashboard(*events: DashboardNews) -> CustomerDashboard:
    return shown(customer_dashboards, *events)["ann"]


def test_a_customer_sees_accounts_balances_by_currency_and_the_latest_lines_first() -> None:
    yen = opened("c-1", "ann", "bob", currency="JPY", at=minutes(1))
    into = deposited(
        1, "500", "500", account="c-1", owners=("ann", "bob"), currency="JPY", at=minutes(4)
    )
    found = dashboard(opened(), yen, deposited(1, "100.00", "100.00"), into, debited(), FROZEN)
    assert [(each.account, each.balance, each.status) for each in found.accounts] == [
        ("a-1", money("70.00"), AccountStatus.FROZEN),
        ("c-1", money("500"), AccountStatus.ACTIVE),
    ]
    assert found.balances == (
        CurrencyBalance(currency="JPY", balance=money("500")),
        CurrencyBalance(currency="USD", balance=money("70.00")),
    )
    assert [(each.account, each.number) for each in found.latest] == [
        ("c-1", 1),
        ("a-1", 2),
        ("a-1", 1),
    ]


def test_a_joint_account_stands_on_the_dashboard_of_each_owner() -> None:
    found = shown(customer_dashboards, opened("a-1", "ann", "bob"))
    assert {id: each.account_count for id, each in found.items()} == {"ann": 1, "bob": 1}


def test_a_dashboard_lists_the_accounts_opened_first_and_counts_all() -> None:
    many = [opened(f"a-{n:03}", at=minutes(n)) for n in range(ACCOUNTS_MAX + 3)]
    found = dashboard(*many)
    assert len(found.accounts) == ACCOUNTS_MAX
    assert found.account_count == ACCOUNTS_MAX + 3
    assert found.accounts[-1].account == f"a-{ACCOUNTS_MAX - 1:03}"


def test_a_dashboard_keeps_the_latest_lines_only() -> None:
    lines = [deposited(n, "1.00", f"{n}.00", at=minutes(n)) for n in range(1, LINES_MAX + 5)]
    found = dashboard(opened(), *lines)
    assert [each.number for each in found.latest] == list(range(LINES_MAX + 4, 4, -1))
