"""Transfers: what is asked for, the legs at the accounts, and the process that joins them."""

from dataclasses import replace
from datetime import datetime

import pytest

from domain.banking import legs, terms
from domain.banking.account_messages import AccountClosed, AccountEvent
from domain.banking.accounts import accounts
from domain.banking.leg_messages import (
    FOR_EVER,
    AccountDebited,
    CreditAccount,
    CreditRefused,
    DebitAccount,
    DebitRefused,
    DebitSettled,
    LegPurpose,
    LegRefusal,
    RefundDebit,
    SettleDebit,
)
from domain.banking.terms import Reference, Remembered
from domain.banking.transfer_messages import (
    CompleteTransfer,
    ExternalPayee,
    RejectTransfer,
    RequestTransfer,
    ReturnTransfer,
    SendTransfer,
    TransferCompleted,
    TransferOrder,
    TransferRejected,
    TransferRequested,
    TransferReturned,
    TransferSent,
)
from domain.banking.transferring import transferring
from domain.banking.transfers import transfers
from domain.testing import given, reacting
from tests.domain.banking.facts import (
    FROZEN,
    T0,
    TRANSFER,
    credited,
    debited,
    deposited,
    minutes,
    money,
    opened,
    refunded,
)

ZOE = ExternalPayee(name="Zoe", account="DE89370400440532013000", country="DE")
REQUEST = RequestTransfer(
    transfer="t-1",
    source="a-1",
    target="b-1",
    currency="USD",
    amount=money("30.00"),
    at=T0,
    by="ann",
    roles=frozenset({"customer"}),
)
ORDER = TransferOrder(
    transfer="t-1",
    source="a-1",
    target="b-1",
    payee=None,
    currency="USD",
    amount=money("30.00"),
    sender="ann",
    requested_at=T0,
)
ABROAD = replace(ORDER, target=None, payee=ZOE)
REQUESTED = TransferRequested(order=ORDER, at=T0, by="ann")
REQUESTED_ABROAD = TransferRequested(order=ABROAD, at=T0, by="ann")
DEBIT = DebitAccount(
    account="a-1",
    reference=TRANSFER,
    purpose=LegPurpose.TRANSFER,
    counterparty="b-1",
    sender="ann",
    currency="USD",
    amount=money("30.00"),
    at=T0,
)
CREDIT = CreditAccount(
    account="b-1",
    reference=TRANSFER,
    purpose=LegPurpose.TRANSFER,
    counterparty="a-1",
    currency="USD",
    amount=money("30.00"),
    at=minutes(1),
)
SETTLE = SettleDebit(account="a-1", reference=TRANSFER, at=minutes(1))
REFUND = RefundDebit(account="a-1", reference=TRANSFER, at=minutes(2))
FUNDED: tuple[AccountEvent, ...] = (opened(), deposited(1, "100.00", "100.00"))
SETTLED = DebitSettled(
    account="a-1", reference=TRANSFER, purpose=LegPurpose.TRANSFER, at=minutes(1)
)


def no_debit(reason: LegRefusal, at: datetime = T0) -> DebitRefused:
    return DebitRefused(
        account="a-1", reference=TRANSFER, purpose=LegPurpose.TRANSFER, reason=reason, at=at
    )


def no_credit(reason: LegRefusal) -> CreditRefused:
    return CreditRefused(
        account="b-1", reference=TRANSFER, purpose=LegPurpose.TRANSFER, reason=reason, at=minutes(1)
    )


def test_a_transfer_is_requested_by_a_customer_or_a_teller() -> None:
    assert given(transfers).when(REQUEST) == [REQUESTED]
    teller = replace(REQUEST, by="tom", roles=frozenset({"teller"}))
    assert given(transfers).when(teller) == [
        TransferRequested(order=replace(ORDER, sender=None), at=T0, by="tom")
    ]
    abroad = replace(REQUEST, target=None, payee=ZOE)
    assert given(transfers).when(abroad) == [REQUESTED_ABROAD]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(REQUEST, target=None), "INVALID_PAYEE"),
        (replace(REQUEST, payee=ZOE), "INVALID_PAYEE"),
        (replace(REQUEST, target="a-1"), "SAME_ACCOUNT"),
        (replace(REQUEST, amount=money("0")), "INVALID_AMOUNT"),
        (replace(REQUEST, amount=money("1.001")), "INVALID_AMOUNT"),
        (replace(REQUEST, currency="ABC"), "UNKNOWN_CURRENCY"),
        (replace(REQUEST, source=""), "INVALID_ID"),
        (replace(REQUEST, target=None, payee=replace(ZOE, country="XX")), "UNKNOWN_COUNTRY"),
        (replace(REQUEST, target=None, payee=replace(ZOE, name="")), "INVALID_TEXT"),
        (replace(REQUEST, target=None, payee=replace(ZOE, account=" ")), "INVALID_ID"),
    ],
)
def test_what_is_no_transfer_is_not_requested(command: RequestTransfer, code: str) -> None:
    assert given(transfers).rejects(command) == code


def test_a_transfer_ends_once() -> None:
    complete = CompleteTransfer(transfer="t-1", owners=("ann",), payees=("bob",), at=minutes(1))
    reject = RejectTransfer(transfer="t-1", reason=LegRefusal.ACCOUNT_FROZEN, at=minutes(1))
    back = ReturnTransfer(
        transfer="t-1", owners=("ann",), reason=LegRefusal.ACCOUNT_FROZEN, at=minutes(1)
    )
    completed = TransferCompleted(order=ORDER, owners=("ann",), payees=("bob",), at=minutes(1))
    rejected = TransferRejected(order=ORDER, reason=LegRefusal.ACCOUNT_FROZEN, at=minutes(1))
    returned = TransferReturned(
        order=ORDER, owners=("ann",), reason=LegRefusal.ACCOUNT_FROZEN, at=minutes(1)
    )
    under_way = given(transfers, REQUESTED)
    assert under_way.when(complete) == [completed]
    assert under_way.when(reject) == [rejected]
    assert under_way.when(back) == [returned]
    for end in (completed, rejected, returned):
        assert given(transfers, REQUESTED, end).when(complete) == []
    assert given(transfers).rejects(complete) == "TRANSFER_UNKNOWN"
    assert given(transfers, REQUESTED).rejects(REQUEST) == "TRANSFER_EXISTS"


def test_money_for_another_bank_leaves_transit_in_a_balanced_entry() -> None:
    send = SendTransfer(transfer="t-1", owners=("ann",), at=minutes(1))
    (sent,) = given(transfers, REQUESTED_ABROAD).when(send)
    assert isinstance(sent, TransferSent)
    assert [(leg.ledger, leg.side.value, leg.amount) for leg in sent.entry.legs] == [
        ("TRANSIT:USD", "DEBIT", money("30.00")),
        ("CLEARING:USD", "CREDIT", money("30.00")),
    ]
    assert given(transfers, REQUESTED_ABROAD, sent).when(send) == []


def test_a_debit_is_taken_once() -> None:
    assert given(accounts, *FUNDED).when(DEBIT) == [debited()]
    assert given(accounts, *FUNDED, debited()).when(DEBIT) == []
    assert given(accounts, *FUNDED, debited(), SETTLED).when(DEBIT) == []
    assert given(accounts, *FUNDED, debited(), refunded()).when(DEBIT) == []


@pytest.mark.parametrize(
    ("past", "command", "reason"),
    [
        ((), DEBIT, LegRefusal.UNKNOWN_ACCOUNT),
        (FUNDED, replace(DEBIT, sender="eve"), LegRefusal.NOT_YOUR_ACCOUNT),
        ((*FUNDED, FROZEN), replace(DEBIT, sender="eve"), LegRefusal.NOT_YOUR_ACCOUNT),
        ((*FUNDED, FROZEN), DEBIT, LegRefusal.ACCOUNT_FROZEN),
        (FUNDED, replace(DEBIT, currency="EUR"), LegRefusal.WRONG_CURRENCY),
        (FUNDED, replace(DEBIT, amount=money("100.01")), LegRefusal.INSUFFICIENT_FUNDS),
    ],
)
def test_a_debit_that_is_not_taken_is_refused_in_an_event(
    past: tuple[AccountEvent, ...], command: DebitAccount, reason: LegRefusal
) -> None:
    assert given(accounts, *past).when(command) == [no_debit(reason)]
    again = given(accounts, *past, no_debit(reason)).when(command)
    assert again == ([no_debit(reason)] if reason in FOR_EVER else [])


def test_nobody_makes_an_account_forget_by_asking_for_the_money_of_somebody_else() -> None:
    bank = given(accounts, *FUNDED)
    stolen = no_debit(LegRefusal.NOT_YOUR_ACCOUNT)
    assert given(accounts, *FUNDED, stolen).state == bank.state


def test_a_refused_debit_stays_refused_though_money_comes() -> None:
    refused = no_debit(LegRefusal.INSUFFICIENT_FUNDS)
    assert given(accounts, opened(), refused, *FUNDED[1:]).when(DEBIT) == []


def test_only_so_many_debits_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legs, "OPEN_DEBITS_MAX", 1)
    other = debited(reference=Reference(id="t-0", begun_at=T0))
    assert given(accounts, *FUNDED, other).when(DEBIT) == [no_debit(LegRefusal.TOO_MANY_UNDER_WAY)]


def test_a_credit_is_given_once_and_a_refused_one_never() -> None:
    to = opened("b-1", "bob")
    assert given(accounts, to).when(CREDIT) == [credited()]
    assert given(accounts, to, credited()).when(CREDIT) == []
    refused = no_credit(LegRefusal.UNKNOWN_ACCOUNT)
    assert given(accounts).when(CREDIT) == [refused]
    assert given(accounts, refused, to).when(CREDIT) == []
    closed = AccountClosed(account="b-1", owners=("bob",), at=T0, by="tom")
    assert given(accounts, to, closed).when(CREDIT) == [no_credit(LegRefusal.ACCOUNT_CLOSED)]


def test_a_refund_comes_back_to_a_frozen_account_too_and_once() -> None:
    under_way = (*FUNDED, debited())
    assert given(accounts, *under_way).when(REFUND) == [refunded()]
    assert given(accounts, *under_way, FROZEN).when(REFUND) == [refunded()]
    assert given(accounts, *under_way, refunded()).when(REFUND) == []
    assert given(accounts, *under_way, SETTLED).when(REFUND) == []
    assert given(accounts).when(REFUND) == []


def test_what_has_arrived_does_not_come_back() -> None:
    assert given(accounts, *FUNDED, debited()).when(SETTLE) == [SETTLED]
    assert given(accounts, *FUNDED, debited(), SETTLED).when(SETTLE) == []
    assert given(accounts).when(SETTLE) == []


def test_what_may_be_forgotten_is_refused_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "REMEMBERED_MAX", 2)
    memory = Remembered()
    for n in (5, 3, 8):
        memory = memory.plus(Reference(id=f"t-{n}", begun_at=minutes(n)))
    assert [each.id for each in memory.latest] == ["t-5", "t-8"]
    assert memory.is_too_late(Reference(id="t-3", begun_at=minutes(3)))
    assert memory.is_too_late(Reference(id="t-1", begun_at=minutes(1)))
    assert not memory.is_too_late(Reference(id="t-4", begun_at=minutes(4)))
    later = [
        DebitSettled(
            account="a-1",
            reference=Reference(id=f"t-{n}", begun_at=minutes(n)),
            purpose=LegPurpose.TRANSFER,
            at=minutes(n),
        )
        for n in (7, 8)
    ]
    past = (*FUNDED, debited(), SETTLED, *later)
    assert given(accounts, *past).when(DEBIT) == [no_debit(LegRefusal.TOO_LATE)]
    again = no_debit(LegRefusal.TOO_LATE)
    assert given(accounts, *past, again).when(DEBIT) == [again]


COMPLETE = CompleteTransfer(transfer="t-1", owners=("ann",), payees=("bob",), at=minutes(1))


def test_a_transfer_takes_gives_and_is_completed() -> None:
    assert reacting(transferring).to(REQUESTED) == [DEBIT]
    assert reacting(transferring, REQUESTED).to(debited()) == [replace(CREDIT, at=T0)]
    course = reacting(transferring, REQUESTED, debited())
    assert course.to(credited()) == [COMPLETE, SETTLE]


def test_a_transfer_to_another_bank_is_sent_and_settled() -> None:
    away = debited(counterparty=ABROAD.counterparty)
    send = SendTransfer(transfer="t-1", owners=("ann",), at=T0)
    assert reacting(transferring, REQUESTED_ABROAD).to(away) == [send]
    (sent,) = given(transfers, REQUESTED_ABROAD).when(replace(send, at=minutes(1)))
    assert isinstance(sent, TransferSent)
    assert reacting(transferring, REQUESTED_ABROAD, away).to(sent) == [SETTLE]


def test_a_refused_debit_rejects_the_transfer() -> None:
    reason = LegRefusal.INSUFFICIENT_FUNDS
    assert reacting(transferring, REQUESTED).to(no_debit(reason)) == [
        RejectTransfer(transfer="t-1", reason=reason, at=T0)
    ]


def test_a_refused_credit_brings_the_money_back() -> None:
    reason = LegRefusal.ACCOUNT_FROZEN
    course = reacting(transferring, REQUESTED, debited())
    assert course.to(no_credit(reason)) == [replace(REFUND, at=minutes(1))]
    course = reacting(transferring, REQUESTED, debited(), no_credit(reason))
    assert course.to(refunded()) == [
        ReturnTransfer(transfer="t-1", owners=("ann",), reason=reason, at=minutes(2))
    ]


def test_the_echo_of_a_leg_changes_nothing() -> None:
    late = no_debit(LegRefusal.TOO_LATE)
    assert reacting(transferring, REQUESTED, debited()).to(late) == [replace(CREDIT, at=T0)]
    course = reacting(transferring, REQUESTED, debited(), credited())
    assert course.to(no_credit(LegRefusal.TOO_LATE)) == [COMPLETE, SETTLE]


def test_accounts_that_are_heard_before_the_request_do_not_puzzle_it() -> None:
    assert reacting(transferring).to(debited()) == []
    assert reacting(transferring, credited(), debited()).to(REQUESTED) == [
        replace(COMPLETE, at=T0),
        replace(SETTLE, at=T0),
    ]


def test_legs_of_trades_are_of_no_transfer() -> None:
    leg = replace(debited(), purpose=LegPurpose.TRADE)
    assert isinstance(leg, AccountDebited)
    assert transferring.key(leg) is None
    assert transferring.key(debited()) == "t-1"
