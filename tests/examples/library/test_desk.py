"""The desk: what it sends when something happens to a copy or to a notice."""

from datetime import timedelta

from domain.model import After
from domain.testing import reacting
from tests.examples.library.domain.copy_messages import EndReservation, NoteOverdue
from tests.examples.library.domain.desk import desk
from tests.examples.library.domain.notices import (
    CloseNotice,
    NoticeDeclined,
    NoticeKind,
    SendNotice,
)
from tests.examples.library.facts import OVERDUE, called, day, ended, lent, returned


def overdue_after(loan: str, at: int) -> After[NoteOverdue]:
    note = NoteOverdue(copy="c-1", loan=loan, at=day(at + 21))
    return After(timedelta(days=21), note)


def notice(id: str, kind: NoticeKind, reader: str, until: int, at: int) -> SendNotice:
    return SendNotice(
        notice=id,
        kind=kind,
        copy="c-1",
        title="Dune",
        reader=reader,
        until=day(until),
        at=day(at),
    )


def close(id: str, at: int) -> CloseNotice:
    return CloseNotice(notice=id, at=day(at))


def test_a_loan_starts_the_clock_of_its_21_days() -> None:
    assert reacting(desk).to(lent()) == [overdue_after("l-1", 1)]


def test_a_reader_who_is_called_is_told_and_has_three_days() -> None:
    gone = EndReservation(copy="c-1", reservation="r-bob", at=day(12))
    assert reacting(desk, lent(), returned()).to(called()) == [
        notice("r-bob", NoticeKind.COLLECT, "bob", 12, 9),
        After(timedelta(days=3), gone),
    ]


def test_an_overdue_loan_is_told_to_its_reader_until_the_copy_is_back() -> None:
    asked = notice("l-1", NoticeKind.BRING_BACK, "ann", 22, 22)
    assert reacting(desk, lent()).to(OVERDUE) == [asked]
    assert reacting(desk, lent(), OVERDUE).to(returned(at=30)) == [close("l-1", 30)]
    assert reacting(desk, lent()).to(returned()) == []


def test_a_copy_that_is_collected_settles_its_notice() -> None:
    collected = lent("l-2", "bob", 10, reservation="r-bob")
    assert reacting(desk, lent(), returned(), called()).to(collected) == [
        close("r-bob", 10),
        overdue_after("l-2", 10),
    ]


def test_a_reservation_that_ends_settles_its_own_notice_only() -> None:
    waiting = reacting(desk, lent(), returned(), called())
    assert waiting.to(ended("bob")) == [close("r-bob", 12)]
    assert waiting.to(ended("cem", was_called=False)) == []
    over = reacting(desk, lent(), returned(), called(), ended("bob"))
    assert over.to(ended("cem", was_called=False)) == []


def test_a_reader_who_declines_leaves_the_copy_to_the_next() -> None:
    declined = NoticeDeclined(notice="r-bob", copy="c-1", reader="bob", at=day(10))
    end = EndReservation(copy="c-1", reservation="r-bob", at=day(10))
    assert reacting(desk, lent(), returned(), called()).to(declined) == [end]
