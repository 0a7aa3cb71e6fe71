"""The notices of each reader: an inbox that is live."""

from datetime import datetime
from enum import StrEnum

from readmodels.model import Owner, Projection, Role, document, index, replace
from tests.examples.library.domain.notices import (
    NoticeClosed,
    NoticeDeclined,
    NoticeEvent,
    NoticeKind,
    NoticeSent,
)


class NoticeStatus(StrEnum):
    """What became of a notice."""

    OPEN = "OPEN"
    DECLINED = "DECLINED"
    CLOSED = "CLOSED"


@document(
    read=Owner("reader") | Role("librarian"),
    indexes=[index("reader", "sent_at"), index("status")],
)
class Notice:
    """What a reader is asked for; its id is that of the reservation or of the loan it is about."""

    id: str
    reader: str
    kind: NoticeKind
    status: NoticeStatus
    copy: str
    title: str
    until: datetime
    sent_at: datetime


def evolve(document: Notice | None, event: NoticeEvent) -> Notice | None:
    match event:
        case NoticeSent():
            return Notice(
                id=event.notice,
                reader=event.reader,
                kind=event.kind,
                status=NoticeStatus.OPEN,
                copy=event.copy,
                title=event.title,
                until=event.until,
                sent_at=event.at,
            )
        case NoticeDeclined():
            return document and replace(document, status=NoticeStatus.DECLINED)
        case NoticeClosed():
            return document and replace(document, status=NoticeStatus.CLOSED)


notices = Projection(document=Notice, keys=lambda event: [event.notice], evolve=evolve)
