"""The judge of the crash tests, judged: it lets pass what one object could have said, no more."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.crash.linearizable import (
    Accepted,
    Answer,
    Asked,
    NotLinearizable,
    Operation,
    Refused,
    Seen,
    TooManySteps,
    linearized,
)
from tests.sample import Deposit, Deposited, Opened, OpenNamed, Withdraw, Withdrawn, accounts

AT = datetime(2026, 1, 1, tzinfo=UTC)
POOR = Refused(code="INSUFFICIENT_FUNDS")
CONFLICT = Refused(code="CONFLICT")
OPEN = OpenNamed(account="a", owner="ann", at=AT)
OPENED = Accepted(version=1, events=(Opened(account="a", owner="ann", at=AT),))


def deposit(amount: int) -> Deposit:
    return Deposit(account="a", amount=Decimal(amount), at=AT)


def withdraw(amount: int) -> Withdraw:
    return Withdraw(account="a", amount=Decimal(amount), at=AT)


def deposited(version: int, amount: int) -> Accepted:
    """The answer that a deposit has led to this version."""
    event = Deposited(account="a", amount=Decimal(amount), at=AT)
    return Accepted(version=version, events=(event,))


def withdrawn(version: int, amount: int) -> Accepted:
    event = Withdrawn(account="a", amount=Decimal(amount), to=None, at=AT)
    return Accepted(version=version, events=(event,))


def asked(
    id: str,
    command: object,
    answer: Answer | None,
    invoked: float,
    answered: float | None = None,
    expected_version: int | None = None,
) -> Asked:
    """A command that was answered at once unless it is said when, or not at all."""
    if answered is None and answer is not None:
        answered = invoked + 0.5
    return Asked(
        command_id=id,
        command=command,
        expected_version=expected_version,
        invoked=invoked,
        answered=answered,
        answer=answer,
    )


def seen(version: int, at: float) -> Seen:
    return Seen(version=version, invoked=at, answered=at)


FIRST = asked("open", OPEN, OPENED, 0)


def order_of(*operations: Operation) -> list[int]:
    """The places in the history, whose first is the opening, of an order that explains it."""
    history = (FIRST, *operations)
    return [history.index(each) for each in linearized(accounts, history)]


def fails(*operations: Operation) -> bool:
    """Whether nothing explains the history that begins with the opening."""
    try:
        order_of(*operations)
    except NotLinearizable:
        return True
    return False


def test_one_after_the_other_is_explained_as_it_was() -> None:
    assert order_of(
        asked("d", deposit(5), deposited(2, 5), 1),
        asked("w", withdraw(9), POOR, 2),
        asked("x", withdraw(5), withdrawn(3, 5), 3),
        seen(3, 4),
    ) == [0, 1, 2, 3, 4]


def test_what_overlaps_may_have_happened_in_either_order() -> None:
    later = asked("d", deposit(5), deposited(3, 5), 1, 9)
    assert order_of(later, asked("e", deposit(6), deposited(2, 6), 2, 8)) == [0, 2, 1]
    assert not fails(
        asked("d", deposit(5), deposited(2, 5), 1, 9), asked("w", withdraw(5), POOR, 2)
    )


def test_without_an_answer_it_happened_at_any_time_or_never() -> None:
    lost = asked("d", deposit(5), None, 1)
    assert order_of(lost, seen(1, 2)) == [0, 2]
    assert order_of(lost, seen(2, 2)) == [0, 1, 2]
    assert order_of(lost, seen(1, 2), asked("w", withdraw(5), withdrawn(3, 5), 3)) == [0, 2, 1, 3]
    assert fails(seen(2, 0.8), replace(lost, invoked=1.0))
    assert fails(lost, seen(3, 2))


def test_events_of_others_have_their_place_too() -> None:
    event = Deposited(account="a", amount=Decimal(7), at=AT)
    other = Seen(version=2, events=(event,))
    assert order_of(asked("w", withdraw(7), withdrawn(3, 7), 1), other) == [0, 2, 1]
    assert fails(asked("w", withdraw(8), withdrawn(3, 8), 1), other)
    assert fails(asked("w", withdraw(7), POOR, 3), replace(other, invoked=1, answered=2))
    assert fails(asked("w", deposit(7), deposited(2, 7), 1), other)


def test_a_lost_update_is_found() -> None:
    """Both were told that theirs is the second event."""
    one, two = (asked(id, deposit(5), deposited(2, 5), 1, 9) for id in "de")
    assert fails(one, two)
    assert not fails(one, replace(two, answer=deposited(3, 5)))


def test_an_update_of_an_older_state_is_found() -> None:
    """The money was spent twice: the version is right, the state that it was decided on is not."""
    rich = asked("d", deposit(5), deposited(2, 5), 1)
    spent = asked("w", withdraw(5), withdrawn(3, 5), 2)
    assert fails(rich, spent, asked("x", withdraw(5), withdrawn(4, 5), 3))


def test_a_refusal_by_an_older_state_is_found() -> None:
    rich = asked("d", deposit(5), deposited(2, 5), 1, 2)
    assert fails(rich, asked("w", withdraw(5), POOR, 3))
    assert not fails(rich, asked("w", withdraw(5), POOR, 1.5, 3))


def test_a_conflict_by_an_older_version_is_found() -> None:
    rich = asked("d", deposit(5), deposited(2, 5), 1)
    assert fails(rich, asked("w", withdraw(5), CONFLICT, 3, expected_version=2))
    assert not fails(rich, asked("w", withdraw(5), CONFLICT, 3, expected_version=1))
    assert fails(rich, asked("w", withdraw(5), withdrawn(3, 5), 3, expected_version=1))


def test_a_command_that_was_appended_twice_is_found() -> None:
    once = asked("d", deposit(5), deposited(2, 5), 1)
    assert fails(once, seen(3, 2))
    assert fails(once, asked("w", withdraw(1), withdrawn(4, 1), 2))
    again = Seen(version=3, events=deposited(3, 5).events, invoked=1, answered=3)
    assert fails(once, again, seen(2, 4))


def test_an_accepted_command_that_is_not_there_is_found() -> None:
    told = asked("d", deposit(5), deposited(2, 5), 1)
    assert fails(told, seen(1, 2))
    assert fails(told, asked("e", deposit(6), deposited(2, 6), 2))
    assert not fails(told, seen(2, 2))


def test_a_refused_command_that_is_there_is_found() -> None:
    assert fails(asked("w", withdraw(5), POOR, 1), seen(2, 2))


def test_an_order_against_time_is_found() -> None:
    assert fails(
        asked("d", deposit(5), deposited(3, 5), 1, 2), asked("e", deposit(6), deposited(2, 6), 3, 4)
    )


def test_an_accepted_command_sent_again_has_the_first_answer() -> None:
    first = asked("d", deposit(5), deposited(2, 5), 1)
    spent = asked("w", withdraw(5), withdrawn(3, 5), 2)
    assert not fails(first, spent, replace(first, invoked=3, answered=4))
    assert fails(first, spent, asked("d", deposit(5), deposited(4, 5), 3))
    assert fails(first, spent, asked("d", deposit(5), POOR, 3))
    again = asked("open", OPEN, Accepted(version=2, events=()), 3)
    assert fails(first, again)
    assert not fails(first, replace(again, command_id="other"))


def test_a_refused_command_sent_again_is_decided_anew() -> None:
    refused = asked("w", withdraw(5), POOR, 1)
    rich = asked("d", deposit(5), deposited(2, 5), 2)
    assert not fails(refused, rich, asked("w", withdraw(5), withdrawn(3, 5), 3))
    assert fails(refused, rich, asked("w", withdraw(5), POOR, 3))


def test_events_other_than_what_is_decided_are_found() -> None:
    assert fails(asked("d", deposit(5), deposited(2, 6), 1))
    assert fails(asked("d", deposit(5), Accepted(version=2, events=()), 1))


def test_a_search_that_takes_too_long_says_so() -> None:
    crowd = [asked(f"d{n}", deposit(n), None, 1) for n in range(1, 25)]
    impossible = asked("w", withdraw(1_000), withdrawn(26, 1_000), 2)
    with pytest.raises(TooManySteps, match="26 operations"):
        linearized(accounts, [FIRST, *crowd, impossible], steps_max=10_000)


def test_a_failure_says_how_far_it_came_and_what_does_not_fit() -> None:
    wrong = asked("w", withdraw(5), POOR, 3)
    with pytest.raises(NotLinearizable) as failed:
        linearized(accounts, [FIRST, asked("d", deposit(5), deposited(2, 5), 1), wrong])
    assert "explains 2 of 3" in str(failed.value)
    assert "at version 2" in str(failed.value)
    assert str(failed.value).endswith(str(wrong))
