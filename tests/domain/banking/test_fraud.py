"""The fraud watch: what is like a customer, what is not, and what becomes of an alert."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.banking.baselines import WINDOW, MedianBaseline, MomentBaseline
from domain.banking.fraud_alerts import fraud_alerts
from domain.banking.fraud_messages import (
    ConfirmFraudAlert,
    DismissFraudAlert,
    FraudAlertConfirmed,
    FraudAlertDismissed,
    FraudAlertRaised,
    RaiseFraudAlert,
)
from domain.banking.fraud_watch import Watch, fraud_watch, initial, payment_of
from domain.banking.habits import FRESH_MAX, LEARNT_MIN, PAYEES_MAX, Habits
from domain.banking.leg_messages import AccountDebited, LegPurpose
from domain.banking.suspecting import OddityKind
from domain.banking.terms import Reference
from domain.testing import given, reacting
from tests.domain.banking.facts import T0, debited, minutes, withdrawn

LONG = 120
"""How many days of a quiet life come first."""


def paid(number: int, amount: str, payee: str, at_day: float) -> AccountDebited:
    """A transfer of a customer, so many days after everything began."""
    return debited(
        number,
        f"{Decimal(amount):.2f}",
        "0.00",
        reference=Reference(id=f"t-{number}", begun_at=T0),
        counterparty=payee,
        at=T0 + timedelta(days=at_day),
    )


def quiet_life() -> list[AccountDebited]:
    """A payment a day, at nine, of twenty to sixty dollars, to the same few payees, and rent."""
    daily = [
        paid(n, str(20 + n * 7 % 41), f"shop-{n % 5}", n + (n % 3) / 24) for n in range(1, LONG)
    ]
    rent = [paid(900 + n, "900", "landlord", 30 * n + 0.1) for n in range(1, 4)]
    return sorted([*daily, *rent], key=lambda each: each.at)


def lived() -> Watch:
    state = initial()
    for event in quiet_life():
        state = fraud_watch.evolve(state, event)
    return state


def after_a_quiet_life(event: AccountDebited) -> RaiseFraudAlert | None:
    """The alert that the event raises, if it does."""
    state = fraud_watch.evolve(lived(), event)
    found = fraud_watch.react(state, event)
    assert len(found) <= 1
    return found[0] if found and isinstance(found[0], RaiseFraudAlert) else None


def test_a_quiet_life_raises_no_alert() -> None:
    state = initial()
    for event in quiet_life():
        state = fraud_watch.evolve(state, event)
        assert fraud_watch.react(state, event) == []


def test_a_payment_as_usual_and_the_rent_raise_none() -> None:
    assert after_a_quiet_life(paid(1000, "45", "shop-1", LONG)) is None
    assert after_a_quiet_life(paid(1000, "905", "landlord", LONG)) is None


def test_a_large_sum_to_somebody_new_at_night_raises_one_with_its_reasons() -> None:
    event = paid(1000, "2500", "thief", LONG + 0.7)
    alert = after_a_quiet_life(event)
    assert alert is not None
    assert (alert.alert, alert.payment, alert.at) == ("a-1:1000", payment_of(event), event.at)
    kinds = {each.kind for each in alert.assessment.reasons}
    assert kinds >= {OddityKind.LARGE_AMOUNT, OddityKind.UNUSUAL_HOUR, OddityKind.NEW_PAYEE}
    weights = [each.weight for each in alert.assessment.reasons]
    assert weights == sorted(weights, reverse=True)


def test_many_payments_to_new_payees_within_an_hour_raise_one() -> None:
    state, alerts = lived(), list[RaiseFraudAlert]()
    for n in range(6):
        event = paid(1000 + n, "60", f"thief-{n}", LONG + n / 300)
        state = fraud_watch.evolve(state, event)
        alerts += [e for e in fraud_watch.react(state, event) if isinstance(e, RaiseFraudAlert)]
    assert alerts
    kinds = {each.kind for each in alerts[-1].assessment.reasons}
    assert OddityKind.MANY_IN_AN_HOUR in kinds


def test_nobody_is_suspected_before_there_is_something_to_judge_by() -> None:
    early = [paid(n, "20", "shop", n / 10) for n in range(LEARNT_MIN + 5)]
    assert reacting(fraud_watch, *early).to(paid(99, "5000", "thief", 9)) == []


def test_a_payment_is_held_against_what_was_learnt_before_it() -> None:
    before = lived()
    event = paid(1000, "2500", "thief", LONG)
    assert payment_of(event).payee not in {each.payee for each in before.habits.payees}
    state = fraud_watch.evolve(before, event)
    assert state.assessment is not None
    assert state.assessment.is_alarming
    assert state.habits.count == before.habits.count + 1


def test_cash_is_a_payee_like_others_and_trades_are_none() -> None:
    taken = withdrawn(2, "30.00", "70.00")
    assert (payment_of(taken).payee, fraud_watch.key(taken)) == ("CASH", "ann")
    assert fraud_watch.key(replace(debited(), purpose=LegPurpose.TRADE)) is None


def test_the_customer_is_the_owner_who_pays_or_the_first_where_the_bank_does() -> None:
    assert fraud_watch.key(withdrawn(1, "5.00", "0.00", owners=("ann", "bob"), by="bob")) == "bob"
    assert fraud_watch.key(withdrawn(1, "5.00", "0.00", owners=("ann", "bob"), by="tom")) == "ann"
    assert fraud_watch.key(debited(sender=None)) == "ann"


def test_what_is_learnt_is_bounded() -> None:
    habits = Habits()
    for n in range(PAYEES_MAX + 20):
        habits = habits.plus(payment_of(paid(n, "5", f"payee-{n}", n / 10_000)))
    assert (len(habits.payees), len(habits.fresh)) == (PAYEES_MAX, FRESH_MAX)
    median = MedianBaseline()
    for n in range(WINDOW + 9):
        median = median.plus(float(n))
    assert median.count == WINDOW


@settings(max_examples=30, deadline=None)
@for_all(st.lists(st.floats(-5, 15), min_size=20, max_size=60))
def test_baselines_find_the_middle_usual_and_more_above_it_the_odder(numbers: list[float]) -> None:
    for begin in (MedianBaseline(), MomentBaseline()):
        usual = begin
        for number in numbers:
            usual = usual.plus(number)
        assert min(usual.deviation(each) for each in numbers) <= 0
        assert max(usual.deviation(each) for each in numbers) >= 0
        assert usual.deviation(20) <= usual.deviation(21)


def test_a_few_wild_numbers_do_not_move_the_median() -> None:
    median, moments = MedianBaseline(), MomentBaseline()
    for n in range(40):
        number = 100.0 if n % 10 == 0 else 3 + n % 3
        median, moments = median.plus(number), moments.plus(number)
    assert median.deviation(100.0) > 50 > 5 > moments.deviation(100.0)


def raised() -> tuple[RaiseFraudAlert, FraudAlertRaised]:
    command = after_a_quiet_life(paid(7, "2500", "thief", LONG + 0.7))
    assert command is not None
    (event,) = given(fraud_alerts).when(command)
    assert isinstance(event, FraudAlertRaised)
    return command, event


CONFIRM = ConfirmFraudAlert(alert="a-1:7", note="called her", at=minutes(1), by="olga")
DISMISS = DismissFraudAlert(alert="a-1:7", note="she bought a car", at=minutes(1), by="olga")
CONFIRMED = FraudAlertConfirmed(alert="a-1:7", note="called her", at=minutes(1), by="olga")
DISMISSED = FraudAlertDismissed(alert="a-1:7", note="she bought a car", at=minutes(1), by="olga")


def test_an_alert_is_raised_once_and_decided_once() -> None:
    command, event = raised()
    assert given(fraud_alerts, event).when(command) == []
    assert given(fraud_alerts, event).when(CONFIRM) == [CONFIRMED]
    assert given(fraud_alerts, event).when(DISMISS) == [DISMISSED]
    assert given(fraud_alerts, event, CONFIRMED).when(CONFIRM) == []
    assert given(fraud_alerts, event, DISMISSED).when(DISMISS) == []
    assert given(fraud_alerts, event, CONFIRMED).rejects(DISMISS) == "ALERT_DECIDED"
    assert given(fraud_alerts, event, DISMISSED).rejects(CONFIRM) == "ALERT_DECIDED"
    assert given(fraud_alerts, event, DISMISSED).when(command) == []


def test_nobody_decides_on_what_was_not_raised_or_without_a_note() -> None:
    assert given(fraud_alerts).rejects(CONFIRM) == "ALERT_UNKNOWN"
    _, event = raised()
    assert given(fraud_alerts, event).rejects(replace(CONFIRM, note="")) == "INVALID_TEXT"
