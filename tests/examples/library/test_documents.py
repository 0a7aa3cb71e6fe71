"""What is shown of the library, however the events are delivered."""

from dataclasses import replace

from domain.testing import interleaved, shown
from tests.examples.library.domain.copy_messages import CopyLent, CopyReturned
from tests.examples.library.domain.notices import NoticeEvent
from tests.examples.library.facts import (
    ACQUIRED,
    OVERDUE,
    called,
    day,
    ended,
    lent,
    reserved,
    returned,
)
from tests.examples.library.readmodels.copy import Copy, CopyNews, CopyStatus, copies
from tests.examples.library.readmodels.lending_day import LendingDay, lending_days
from tests.examples.library.readmodels.loan import Loan, loans
from tests.examples.library.readmodels.notice import NoticeStatus, notices
from tests.examples.library.readmodels.overdue_loan import OverdueLoan, overdue_loans
from tests.examples.library.test_notices import CLOSED, DECLINED, SENT

OUT = (ACQUIRED, lent())
WANTED = (*OUT, reserved("bob"), reserved("cem"))
KEPT = (*WANTED, returned(), called("bob"))


def the_copy(*events: CopyNews) -> Copy:
    return shown(copies, *events)["c-1"]


def test_a_copy_is_on_the_shelf_lent_or_kept() -> None:
    on_shelf = Copy(
        id="c-1",
        title="Dune",
        shelfmark="SF 12",
        status=CopyStatus.ON_SHELF,
        due_at=None,
        waiting=0,
    )
    assert the_copy(ACQUIRED) == on_shelf
    assert the_copy(*OUT) == replace(on_shelf, status=CopyStatus.LENT, due_at=day(22))
    assert the_copy(*OUT, returned()) == on_shelf
    assert the_copy(*KEPT) == replace(on_shelf, status=CopyStatus.KEPT, waiting=2)


def test_those_who_wait_are_counted_until_they_have_it_or_stop() -> None:
    assert the_copy(*WANTED).waiting == 2
    assert the_copy(*WANTED, ended("cem", was_called=False)).waiting == 1
    assert the_copy(*WANTED, ended("cem", was_called=False)).status == CopyStatus.LENT
    assert the_copy(*KEPT, lent("l-2", "bob", 10, reservation="r-bob")).waiting == 1
    over = the_copy(*KEPT, ended("bob"), called("cem", 12), ended("cem", 15))
    assert (over.waiting, over.status) == (0, CopyStatus.ON_SHELF)


def test_a_loan_is_open_and_then_past() -> None:
    loan = Loan(
        id="l-1",
        reader="ann",
        copy="c-1",
        title="Dune",
        lent_at=day(1),
        due_at=day(22),
        returned_at=None,
    )
    assert shown(loans, lent()) == {"l-1": loan}
    assert shown(loans, lent(), returned(), lent("l-2", "bob", 10)) == {
        "l-1": replace(loan, returned_at=day(9)),
        "l-2": replace(loan, id="l-2", reader="bob", lent_at=day(10), due_at=day(31)),
    }


def test_a_loan_is_on_the_overdue_list_until_the_copy_is_back() -> None:
    late = OverdueLoan(id="l-1", reader="ann", copy="c-1", title="Dune", due_at=day(22))
    assert shown(overdue_loans, OVERDUE) == {"l-1": late}
    assert shown(overdue_loans, OVERDUE, returned(at=30)) == {}


def test_a_notice_is_open_until_it_is_declined_or_closed() -> None:
    def status(*events: NoticeEvent) -> NoticeStatus:
        return shown(notices, *events)["r-bob"].status

    assert status(SENT) == NoticeStatus.OPEN
    assert status(SENT, DECLINED) == NoticeStatus.DECLINED
    assert status(SENT, CLOSED) == NoticeStatus.CLOSED


Moves = list[CopyLent | CopyReturned]


def test_a_day_counts_every_copy_in_whatever_order_their_events_come() -> None:
    one: Moves = [lent(at=1), returned(at=1), lent("l-2", "bob", 1)]
    other: Moves = [replace(each, copy="c-2") for each in (lent(at=1), returned(at=2))]
    for events in interleaved(one, other):
        assert shown(lending_days, *events) == {
            "2026-11-24": LendingDay(id="2026-11-24", lent=3, returned=1),
            "2026-11-25": LendingDay(id="2026-11-25", lent=0, returned=1),
        }
