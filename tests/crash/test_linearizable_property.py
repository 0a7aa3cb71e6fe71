"""What the judge lets pass is what one object has said, in histories that nobody thought of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, combinations, permutations
from math import inf
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.model import AnyAggregate, Rejected
from tests.crash.linearizable import (
    Accepted,
    Answer,
    Asked,
    NotLinearizable,
    Operation,
    Refused,
    Seen,
    linearized,
)
from tests.sample import Deposit, Deposited, Opened, OpenNamed, Withdraw, accounts

AT = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS: AnyAggregate = accounts
CODES = ("INSUFFICIENT_FUNDS", "CONFLICT", "NOBODY_HOME")


@dataclass
class Teller:
    """One account that serves one caller after the other: what all of this is measured by."""

    state: Any = field(default_factory=ACCOUNTS.initial)
    version: int = 0
    accepted: dict[str, Accepted] = field(default_factory=dict[str, Accepted])

    def serve(self, asked: Asked) -> Answer:
        if asked.command_id in self.accepted:
            return self.accepted[asked.command_id]
        if asked.expected_version not in (None, self.version):
            return Refused(code="CONFLICT")
        try:
            events = ACCOUNTS.decide(asked.command, self.state)
        except Rejected as no:
            return Refused(code=no.code)
        self.append(events)
        answer = Accepted(version=self.version, events=tuple(events))
        self.accepted[asked.command_id] = answer
        return answer

    def append(self, events: Sequence[Any]) -> None:
        for event in events:
            self.state = ACCOUNTS.evolve(self.state, event)
            self.version += 1

    def agrees(self, operation: Operation) -> bool:
        """Whether it answers so, or shows what was seen; it goes on either way."""
        if isinstance(operation, Asked):
            return self.serve(operation) == operation.answer or operation.answer is None
        self.append(operation.events)
        return operation.version == self.version


amounts = st.integers(0, 6).map(Decimal)
commands = st.one_of(
    st.just(OpenNamed(account="a", owner="ann", at=AT)),
    st.builds(Deposit, account=st.just("a"), amount=amounts, at=st.just(AT)),
    st.builds(Withdraw, account=st.just("a"), amount=amounts, at=st.just(AT)),
)


@st.composite
def executions(draw: st.DrawFn, size_max: int, together: int) -> list[Operation]:
    """What callers of one Teller saw; up to `together` units of time pass around each effect."""
    times = st.integers(0, together)
    teller, history, instant = Teller(), list[Operation](), 0
    for number in range(draw(st.integers(1, size_max))):
        instant += draw(st.integers(0, 2))
        one = Asked(
            command_id=f"{draw(st.integers(0, number)) if draw(st.booleans()) else number}",
            command=draw(commands),
            expected_version=draw(st.one_of(st.none(), st.integers(0, 4))),
            invoked=instant - draw(times),
        )
        match draw(st.integers(0, 9)):
            case 0:  # it never comes, and nobody was told anything
                history.append(one)
                continue
            case 1:  # it comes, and nobody was told
                teller.serve(one)
                history.append(one)
                continue
            case 2:
                history.append(Seen(version=teller.version, invoked=instant, answered=instant))
                continue
            case 3:
                before = teller.version
                answer = teller.serve(replace(one, command_id=f"other {number}"))
                if isinstance(answer, Accepted) and before < answer.version:
                    history.append(Seen(version=answer.version, events=answer.events))
                continue
            case _:
                pass
        answered = instant + draw(times)
        history.append(replace(one, answer=teller.serve(one), answered=answered))
    return history


def spoilt(operation: Operation, data: st.DataObject) -> Operation:
    """The same with another answer."""
    if isinstance(operation, Seen):
        change = data.draw(st.sampled_from([-1, 1]))
        return replace(operation, version=operation.version + change)
    deposited = Deposited(account="a", amount=Decimal(1), at=AT)
    opened = Opened(account="a", owner="ann", at=AT)
    match operation.answer:
        case Accepted(version=version, events=events):
            versions, changed = range(version - 2, version + 3), ((), events, (*events, deposited))
        case _:
            versions, changed = range(5), ((), (opened,), (deposited,))
    others: list[Answer] = [Refused(code=each) for each in CODES]
    others += [Accepted(version=v, events=each) for v in versions for each in changed]
    different = [each for each in others if each != operation.answer]
    return replace(operation, answer=data.draw(st.sampled_from(different)))


def orders(history: Sequence[Operation]) -> Iterator[tuple[Operation, ...]]:
    """Every order that time allows, with any of what was never answered left out."""
    sure = [each for each in history if isinstance(each, Seen) or each.answer is not None]
    unsure = [each for each in history if isinstance(each, Asked) and each.answer is None]
    some = chain.from_iterable(combinations(unsure, n) for n in range(len(unsure) + 1))
    for each in some:
        for order in permutations([*sure, *each]):
            if not any(_ended(b) < a.invoked for a, b in combinations(order, 2)):
                yield order


def _ended(operation: Operation) -> float:
    return inf if operation.answered is None else operation.answered


def explained(history: Sequence[Operation]) -> bool:
    """The same question asked of every order in turn."""
    return any(_explains(order) for order in orders(history))


def _explains(order: Sequence[Operation]) -> bool:
    teller = Teller()
    return all(teller.agrees(each) for each in order)


@settings(deadline=None)
@given(executions(24, together=3))
def test_what_one_object_has_said_always_passes(history: list[Operation]) -> None:
    assert _explains(linearized(ACCOUNTS, history))


@settings(deadline=None, max_examples=300)
@given(executions(5, together=4), st.data())
def test_it_finds_an_order_exactly_where_there_is_one(
    history: list[Operation], data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(0, 2 if history else 0))):
        n = data.draw(st.integers(0, len(history) - 1))
        history[n] = spoilt(history[n], data)
    try:
        order = linearized(ACCOUNTS, history)
    except NotLinearizable:
        assert not explained(history)
    else:
        assert _explains(order)


@settings(deadline=None)
@given(executions(20, together=0), st.data())
def test_another_answer_never_passes_where_one_came_after_the_other(
    history: list[Operation], data: st.DataObject
) -> None:
    history = [replace(each, invoked=n, answered=n) for n, each in enumerate(history)]
    history = [each for each in history if isinstance(each, Seen) or each.answer is not None]
    assume(history)
    assume(_explains(history))
    n = data.draw(st.integers(0, len(history) - 1))
    history[n] = spoilt(history[n], data)
    with pytest.raises(NotLinearizable):
        linearized(ACCOUNTS, history)
