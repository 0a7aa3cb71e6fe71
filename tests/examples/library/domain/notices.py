"""A notice to a reader: come for a copy, or bring one back. It is open until that is settled."""

from datetime import datetime
from enum import StrEnum

from domain.model import Actor, Aggregate, Now, Rejected, Role, command, event, value


class NoticeKind(StrEnum):
    """What a notice asks of its reader."""

    COLLECT = "COLLECT"
    BRING_BACK = "BRING_BACK"


@event("library.NoticeSent")
class NoticeSent:
    """A reader is asked for something, `until` it is too late or since it was due."""

    notice: str
    kind: NoticeKind
    copy: str
    title: str
    reader: str
    until: datetime
    at: datetime


@event("library.NoticeDeclined")
class NoticeDeclined:
    """The reader does not want what the notice offers."""

    notice: str
    copy: str
    reader: str
    at: datetime


@event("library.NoticeClosed")
class NoticeClosed:
    """The notice asks for nothing any more."""

    notice: str
    at: datetime


NoticeEvent = NoticeSent | NoticeDeclined | NoticeClosed


@command()
class SendNotice:
    """Ask something of a reader."""

    notice: str
    kind: NoticeKind
    copy: str
    title: str
    reader: str
    until: datetime
    at: Now


@command()
class CloseNotice:
    """Settle a notice, if it was ever sent."""

    notice: str
    at: Now


@command(allow=Role("reader"))
class DeclineNotice:
    """Leave a copy that is kept for you to the next reader."""

    notice: str
    at: Now
    by: Actor


NoticeCommand = SendNotice | CloseNotice | DeclineNotice


@value
class Unsent:
    """There is no such notice."""


@value
class Open:
    """The reader has it."""

    kind: NoticeKind
    copy: str
    reader: str


@value
class Over:
    """It was declined or closed."""

    reader: str


Notice = Unsent | Open | Over


def evolve(state: Notice, event: NoticeEvent) -> Notice:
    match event:
        case NoticeSent(kind=kind, copy=copy, reader=reader):
            return Open(kind=kind, copy=copy, reader=reader)
        case NoticeDeclined() | NoticeClosed():
            return Over(reader=state.reader) if isinstance(state, Open) else state


def decide(command: NoticeCommand, state: Notice) -> list[NoticeEvent]:
    match command, state:
        case SendNotice(), Unsent():
            return [
                NoticeSent(
                    notice=command.notice,
                    kind=command.kind,
                    copy=command.copy,
                    title=command.title,
                    reader=command.reader,
                    until=command.until,
                    at=command.at,
                )
            ]
        case SendNotice(), _:
            return []
        case CloseNotice(notice=notice, at=at), Open():
            return [NoticeClosed(notice=notice, at=at)]
        case CloseNotice(), _:
            return []
        case DeclineNotice(by=by), Open(reader=reader) | Over(reader=reader) if by == reader:
            return _decline(command, state)
        case _:
            raise Rejected("NOTICE_UNKNOWN", f"you have no notice {command.notice:.40}")


def _decline(command: DeclineNotice, state: Notice) -> list[NoticeEvent]:
    match state:
        case Open(kind=NoticeKind.COLLECT, copy=copy, reader=reader):
            return [NoticeDeclined(notice=command.notice, copy=copy, reader=reader, at=command.at)]
        case Open():
            raise Rejected("CANNOT_DECLINE", "a loan that is due is to be brought back")
        case _:
            return []


notices = Aggregate(
    name="notice",
    key=lambda command: command.notice,
    initial=Unsent,
    decide=decide,
    evolve=evolve,
)
