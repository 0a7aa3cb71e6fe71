"""Notices: sent once, declined by their reader, settled by the desk."""

import pytest

from domain.testing import given
from tests.examples.library.domain.notices import (
    CloseNotice,
    DeclineNotice,
    NoticeClosed,
    NoticeDeclined,
    NoticeKind,
    NoticeSent,
    SendNotice,
    notices,
)
from tests.examples.library.facts import day

SEND = SendNotice(
    notice="r-bob",
    kind=NoticeKind.COLLECT,
    copy="c-1",
    title="Dune",
    reader="bob",
    until=day(12),
    at=day(9),
)
SENT = NoticeSent(
    notice="r-bob",
    kind=NoticeKind.COLLECT,
    copy="c-1",
    title="Dune",
    reader="bob",
    until=day(12),
    at=day(9),
)
DUE = NoticeSent(
    notice="l-1",
    kind=NoticeKind.BRING_BACK,
    copy="c-1",
    title="Dune",
    reader="ann",
    until=day(22),
    at=day(22),
)
CLOSE = CloseNotice(notice="r-bob", at=day(10))
CLOSED = NoticeClosed(notice="r-bob", at=day(10))
DECLINED = NoticeDeclined(notice="r-bob", copy="c-1", reader="bob", at=day(10))


def decline(reader: str, notice: str = "r-bob") -> DeclineNotice:
    return DeclineNotice(notice=notice, by=reader, at=day(10))


def test_a_notice_is_sent_once() -> None:
    assert given(notices).when(SEND) == [SENT]
    assert given(notices, SENT).when(SEND) == []
    assert given(notices, SENT, CLOSED).when(SEND) == []


def test_a_notice_is_closed_once_if_ever_sent() -> None:
    assert given(notices).when(CLOSE) == []
    assert given(notices, SENT).when(CLOSE) == [CLOSED]
    assert given(notices, SENT, CLOSED).when(CLOSE) == []


def test_a_reader_declines_what_is_kept_once() -> None:
    assert given(notices, SENT).when(decline("bob")) == [DECLINED]
    assert given(notices, SENT, DECLINED).when(decline("bob")) == []
    assert given(notices, SENT, CLOSED).when(decline("bob")) == []


@pytest.mark.parametrize("past", [[], [SENT], [SENT, CLOSED]])
def test_the_notice_of_another_reader_might_as_well_not_exist(past: list[NoticeSent]) -> None:
    assert given(notices, *past).rejects(decline("eve")) == "NOTICE_UNKNOWN"


def test_a_loan_that_is_due_cannot_be_declined() -> None:
    assert given(notices, DUE).rejects(decline("ann", "l-1")) == "CANNOT_DECLINE"
