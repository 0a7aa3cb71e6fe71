"""What is reported of cash and of transfers, and business days."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.banking.account_messages import PaymentMeans
from domain.banking.transfer_messages import TransferCompleted
from domain.testing import shown
from readmodels.banking.business_days import business_day
from readmodels.banking.cash_reports import (
    DAYS_MAX,
    CashEvent,
    CurrencyTransactionReport,
    StructuringSuspicion,
    currency_transaction_reports,
    structuring_suspicions,
)
from readmodels.banking.reportable_transfer import reportable_transfers
from tests.domain.banking.facts import days, deposited, minutes, money, withdrawn
from tests.readmodels.banking.test_ledger import PAYEE, SENT

MONDAY = "2026-11-23"


def report(*events: CashEvent, person: str = "ann") -> CurrencyTransactionReport:
    return shown(currency_transaction_reports, *events)[f"{person}:{MONDAY}"]


def test_exactly_ten_thousand_is_not_reported_and_a_cent_more_is() -> None:
    assert not report(deposited(1, "10000.00", "10000.00")).is_required
    above = report(deposited(1, "10000.01", "10000.01"))
    assert (above.is_required, above.is_cash_in_reported) == (True, True)
    assert not above.is_cash_out_reported


def test_cash_of_a_day_is_added_up_over_accounts() -> None:
    found = report(
        deposited(1, "6000.00", "6000.00"),
        deposited(1, "5000.00", "5000.00", account="c-1", at=minutes(90)),
    )
    assert (found.cash_in, found.transactions, found.is_required) == (money("11000.00"), 2, True)
    assert found.accounts == ("a-1", "c-1")
    assert (found.first_at, found.last_at) == (minutes(0), minutes(90))


def test_cash_in_and_cash_out_are_not_added_together() -> None:
    found = report(deposited(1, "6000.00", "6000.00"), withdrawn(2, "5000.00", "1000.00"))
    assert (found.cash_in, found.cash_out) == (money("6000.00"), money("5000.00"))
    assert not found.is_required


def test_cash_counts_for_every_owner_and_for_whoever_brings_it() -> None:
    brought = deposited(1, "12000.00", "12000.00", owners=("ann", "bob"), conductor="cem")
    for person in ("ann", "bob", "cem"):
        assert report(brought, person=person).is_required


def test_one_who_brings_cash_for_several_is_reported_for_the_sum() -> None:
    found = report(
        deposited(1, "6000.00", "6000.00", owners=("ann",), conductor="cem"),
        deposited(1, "6000.00", "6000.00", account="b-1", owners=("bob",), conductor="cem"),
        person="cem",
    )
    assert (found.cash_in, found.is_required) == (money("12000.00"), True)


def test_what_is_cleared_or_not_in_dollars_is_no_cash_of_a_report() -> None:
    cleared = deposited(1, "20000.00", "20000.00", means=PaymentMeans.CLEARING)
    yen = deposited(1, "2000000", "2000000", currency="JPY")
    assert shown(currency_transaction_reports, cleared, yen) == {}


def test_days_are_each_for_themselves_but_a_weekend_is_part_of_monday() -> None:
    found = shown(
        currency_transaction_reports,
        deposited(1, "6000.00", "6000.00", at=days(4)),
        deposited(2, "6000.00", "12000.00", at=days(5)),
        deposited(3, "6000.00", "18000.00", at=days(7)),
    )
    assert {id: each.cash_in for id, each in found.items()} == {
        "ann:2026-11-27": money("6000.00"),
        "ann:2026-11-30": money("12000.00"),
    }


@pytest.mark.parametrize(
    ("day", "counts_for"),
    [
        ("2026-11-25", "2026-11-25"),
        ("2026-11-26", "2026-11-27"),
        ("2026-07-04", "2026-07-06"),
        ("2027-07-04", "2027-07-06"),
        ("2026-01-19", "2026-01-20"),
        ("2026-05-25", "2026-05-26"),
        ("2026-12-25", "2026-12-28"),
        ("2028-01-01", "2028-01-03"),
        ("2026-07-03", "2026-07-03"),
    ],
)
def test_holidays_count_for_the_next_business_day(day: str, counts_for: str) -> None:
    at = datetime.fromisoformat(day).replace(hour=11, tzinfo=UTC)
    assert business_day(at) == date.fromisoformat(counts_for)


def suspicion(*events: CashEvent) -> StructuringSuspicion:
    return shown(structuring_suspicions, *events)["ann"]


def cash(day: int, amount: str) -> CashEvent:
    return deposited(1, amount, amount, at=days(day))


def test_three_days_just_below_within_two_weeks_are_suspicious() -> None:
    assert not suspicion(cash(0, "9500.00"), cash(2, "9000.00")).is_suspected
    found = suspicion(cash(0, "9500.00"), cash(2, "9000.00"), cash(9, "8500.00"))
    assert found.is_suspected
    near = found.in_just_below
    assert near is not None
    assert (near.first_day, near.last_day, near.days) == (MONDAY, "2026-12-02", 3)
    assert near.total == money("27000.00")


def test_days_that_are_reported_or_small_or_far_apart_are_not_suspicious() -> None:
    assert not suspicion(*(cash(day, "12000.00") for day in (0, 1, 2))).is_suspected
    assert not suspicion(*(cash(day, "8000.00") for day in (0, 1, 2))).is_suspected
    assert not suspicion(*(cash(day, "9500.00") for day in (0, 7, 14))).is_suspected


def test_small_sums_of_a_day_add_up_to_one_just_below() -> None:
    parts = [cash(day, "3000.00") for day in (0, 0, 0, 1, 1, 1, 2, 2, 2)]
    assert suspicion(*parts).is_suspected


def test_cash_taken_out_just_below_is_as_suspicious() -> None:
    found = suspicion(*(withdrawn(1, "9900.00", "0.00", at=days(day)) for day in (0, 1, 2)))
    assert found.is_suspected
    assert found.in_just_below is None
    assert found.out_just_below is not None


def test_of_days_with_cash_the_latest_are_kept() -> None:
    found = suspicion(*(cash(7 * week, "9500.00") for week in range(DAYS_MAX + 5)))
    assert len(found.days) == DAYS_MAX
    assert found.days[0].day == "2026-12-28"


ACROSS = SENT
HOME = replace(SENT, order=replace(SENT.order, payee=replace(PAYEE, country="US")))
WITHIN = TransferCompleted(
    order=replace(SENT.order, payee=None, target="b-1", amount=money("10000.01")),
    owners=("ann",),
    payees=("bob",),
    at=minutes(1),
)


def test_transfers_across_the_border_are_reported_whatever_the_amount() -> None:
    found = shown(reportable_transfers, ACROSS)["t-1"]
    assert (found.is_cross_border, found.is_large, found.country) == (True, False, "DE")
    assert not found.must_keep_originator
    assert shown(reportable_transfers, HOME) == {}


def test_transfers_of_more_than_ten_thousand_dollars_are_reported() -> None:
    found = shown(reportable_transfers, WITHIN)["t-1"]
    assert (found.is_large, found.is_cross_border, found.must_keep_originator) == (
        True,
        False,
        True,
    )
    ten = replace(WITHIN, order=replace(WITHIN.order, amount=money("10000.00")))
    assert shown(reportable_transfers, ten) == {}
    yen = replace(WITHIN, order=replace(WITHIN.order, currency="JPY", amount=money("20000")))
    assert shown(reportable_transfers, yen) == {}
