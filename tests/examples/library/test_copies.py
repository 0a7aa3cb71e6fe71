"""A copy of a book: who has it, who waits for it, whose turn it is."""

from dataclasses import replace

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.model import Rejected
from domain.testing import given
from tests.examples.library.domain.copies import QUEUE_MAX, Copy, Kept, Lent, OnShelf, copies
from tests.examples.library.domain.copy_messages import (
    AcquireCopy,
    CancelReservation,
    CopyCommand,
    EndReservation,
    LendCopy,
    NoteOverdue,
    ReserveCopy,
    ReturnCopy,
)
from tests.examples.library.facts import (
    ACQUIRED,
    OVERDUE,
    T0,
    called,
    day,
    ended,
    lent,
    reserved,
    returned,
)

ACQUIRE = AcquireCopy(copy="c-1", title="Dune", shelfmark="SF 12", at=T0)
LEND = LendCopy(copy="c-1", reader="ann", loan="l-1", at=day(1))
RETURN = ReturnCopy(copy="c-1", at=day(9))
OUT = (ACQUIRED, lent())
WANTED = (*OUT, reserved("bob"), reserved("cem"))
KEPT = (*WANTED, returned(), called("bob"))


def reserve(reader: str, at: int = 2) -> ReserveCopy:
    return ReserveCopy(copy="c-1", reservation=f"r-{reader}", by=reader, at=day(at))


def cancel(reader: str, at: int = 12) -> CancelReservation:
    return CancelReservation(copy="c-1", by=reader, at=day(at))


def end(reader: str, at: int = 12) -> EndReservation:
    return EndReservation(copy="c-1", reservation=f"r-{reader}", at=day(at))


def test_a_copy_is_acquired_once() -> None:
    assert given(copies).when(ACQUIRE) == [ACQUIRED]
    assert given(copies, ACQUIRED).when(ACQUIRE) == []
    other = replace(ACQUIRE, title="Emma")
    assert given(copies, *OUT).rejects(other) == "COPY_EXISTS"


@pytest.mark.parametrize("title", ["", " Dune", "Du\nne", "x" * 201])
def test_a_title_is_plain_text(title: str) -> None:
    assert given(copies).rejects(replace(ACQUIRE, title=title)) == "INVALID_TEXT"


def test_nothing_can_be_done_with_an_unknown_copy() -> None:
    assert given(copies).rejects(LEND) == "COPY_UNKNOWN"
    assert given(copies).rejects(reserve("bob")) == "COPY_UNKNOWN"


def test_a_copy_on_the_shelf_is_lent_for_21_days_to_one_reader() -> None:
    assert given(copies, ACQUIRED).when(LEND) == [lent()]
    assert given(copies, *OUT).rejects(LEND) == "ALREADY_LENT"


def test_a_copy_that_nobody_waits_for_goes_back_to_the_shelf() -> None:
    assert given(copies, *OUT).when(RETURN) == [returned()]
    assert given(copies, *OUT, returned()).when(RETURN) == []


def test_a_copy_that_comes_back_is_kept_for_the_first_who_waits() -> None:
    assert given(copies, *WANTED).when(RETURN) == [returned(), called("bob")]


def test_a_reader_waits_once_and_not_for_what_can_be_had() -> None:
    assert given(copies, *OUT).when(reserve("bob")) == [reserved("bob")]
    assert given(copies, *OUT, reserved("bob")).when(reserve("bob")) == []
    assert given(copies, ACQUIRED).rejects(reserve("bob")) == "ON_SHELF"
    assert given(copies, *OUT).rejects(reserve("ann")) == "YOURS"
    assert given(copies, *KEPT).rejects(reserve("bob")) == "YOURS"


def test_a_queue_has_an_end() -> None:
    crowd = [reserved(f"reader-{number}") for number in range(QUEUE_MAX)]
    assert given(copies, *OUT, *crowd[1:]).when(reserve("bob")) == [reserved("bob")]
    assert given(copies, *OUT, *crowd).rejects(reserve("bob")) == "QUEUE_FULL"


def test_a_kept_copy_is_lent_to_the_reader_who_was_called_only() -> None:
    collect = replace(LEND, reader="bob", loan="l-2", at=day(10))
    assert given(copies, *KEPT).when(collect) == [lent("l-2", "bob", 10, reservation="r-bob")]
    assert given(copies, *KEPT).rejects(replace(collect, reader="cem")) == "KEPT"


def test_a_copy_that_is_not_collected_is_kept_for_the_next_and_then_for_nobody() -> None:
    assert given(copies, *KEPT).when(end("bob")) == [ended("bob"), called("cem", 12)]
    last = given(copies, *KEPT, ended("bob"), called("cem", 12))
    assert last.when(end("cem", 15)) == [ended("cem", 15)]
    nobody = given(copies, *KEPT, ended("bob"), called("cem", 12), ended("cem", 15))
    assert nobody.state == OnShelf(title="Dune")


def test_the_time_of_a_reader_who_came_runs_out_without_effect() -> None:
    collected = lent("l-2", "bob", 10, reservation="r-bob")
    assert given(copies, *KEPT, collected).when(end("bob")) == []


def test_a_reader_stops_waiting_in_the_queue_or_when_called() -> None:
    left = ended("cem", was_called=False)
    assert given(copies, *WANTED).when(cancel("cem")) == [left]
    assert given(copies, *WANTED, left).when(cancel("cem")) == []
    assert given(copies, *KEPT).when(cancel("bob")) == [ended("bob"), called("cem", 12)]


def test_a_loan_is_overdue_once_and_only_while_it_lasts() -> None:
    note = NoteOverdue(copy="c-1", loan="l-1", at=day(22))
    assert given(copies, *OUT).when(note) == [OVERDUE]
    assert given(copies, *OUT, OVERDUE).when(note) == []
    assert given(copies, *OUT, returned()).when(note) == []
    assert given(copies, *OUT, returned(), lent("l-2", "bob", 10)).when(note) == []


READERS = [f"reader-{number}" for number in range(QUEUE_MAX + 3)]


def commands(reader: str, number: int) -> list[CopyCommand]:
    """Whatever may be asked of a copy, for this reader."""
    lend = replace(LEND, reader=reader, loan=f"l-{number}")
    return [lend, RETURN, reserve(reader), reserve(reader), cancel(reader), end(reader)]


@settings(max_examples=60, deadline=None)
@for_all(st.lists(st.tuples(st.sampled_from(READERS), st.integers(0, 5)), max_size=80))
def test_whatever_is_asked_the_queue_is_short_fair_and_never_waits_for_a_copy_on_the_shelf(
    asked: list[tuple[str, int]],
) -> None:
    state: Copy = given(copies, ACQUIRED).state
    for number, (reader, which) in enumerate(asked):
        before = state
        try:
            events = copies.decide(commands(reader, number)[which], state)
        except Rejected:
            continue
        for event in events:
            state = copies.evolve(state, event)
        assert isinstance(state, OnShelf | Lent | Kept)
        waiting = [each.reader for each in state.queue]
        assert len(set(waiting)) == len(waiting) <= QUEUE_MAX
        assert not (isinstance(state, OnShelf) and waiting)
        assert not (isinstance(state, Lent) and state.reader in waiting)
        if isinstance(state, Kept) and isinstance(before, Lent):
            assert state.called == before.queue[0]
