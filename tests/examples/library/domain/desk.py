"""The desk: tells readers when a copy is kept for them or overdue, and lets time pass."""

from domain.model import After, Process, value
from tests.examples.library.domain.copies import COLLECTION
from tests.examples.library.domain.copy_messages import (
    CopyLent,
    CopyReturned,
    EndReservation,
    LoanOverdue,
    NoteOverdue,
    ReaderCalled,
    ReservationEnded,
)
from tests.examples.library.domain.notices import (
    CloseNotice,
    NoticeDeclined,
    NoticeKind,
    SendNotice,
)

DeskEvent = CopyLent | CopyReturned | LoanOverdue | ReaderCalled | ReservationEnded | NoticeDeclined
DeskCommand = SendNotice | CloseNotice | EndReservation | NoteOverdue


@value
class Quiet:
    """Nothing is asked of anyone."""


@value
class Asking:
    """A notice is out."""

    notice: str


@value
class Settled:
    """What the notice asked for has just been done, or is no longer wanted."""

    notice: str


Desk = Quiet | Asking | Settled


def evolve(state: Desk, event: DeskEvent) -> Desk:
    match event:
        case ReaderCalled(reservation=notice) | LoanOverdue(loan=notice):
            return Asking(notice=notice)
        case CopyReturned(loan=over) | ReservationEnded(reservation=over):
            return _settled(state, over)
        case CopyLent(reservation=over):
            return _settled(state, over)
        case NoticeDeclined():
            return state


def _settled(state: Desk, over: str | None) -> Desk:
    """What is left after the loan or reservation is over, as its notice has its id."""
    if not isinstance(state, Asking):
        return Quiet()
    return Settled(notice=state.notice) if state.notice == over else state


def react(state: Desk, event: DeskEvent) -> list[DeskCommand | After[DeskCommand]]:
    match event:
        case ReaderCalled(copy=copy, reservation=reservation):
            until = event.collect_by
            gone = EndReservation(copy=copy, reservation=reservation, at=until)
            return [_notice(event, reservation, NoticeKind.COLLECT), After(COLLECTION, gone)]
        case LoanOverdue(loan=loan):
            return [_notice(event, loan, NoticeKind.BRING_BACK)]
        case CopyLent(copy=copy, loan=loan, due_at=due_at):
            overdue = NoteOverdue(copy=copy, loan=loan, at=due_at)
            return [*_close(state, event), After(due_at - event.at, overdue)]
        case CopyReturned() | ReservationEnded():
            return _close(state, event)
        case NoticeDeclined(copy=copy, notice=notice, at=at):
            return [EndReservation(copy=copy, reservation=notice, at=at)]


def _notice(event: ReaderCalled | LoanOverdue, notice: str, kind: NoticeKind) -> SendNotice:
    return SendNotice(
        notice=notice,
        kind=kind,
        copy=event.copy,
        title=event.title,
        reader=event.reader,
        until=event.collect_by if isinstance(event, ReaderCalled) else event.due_at,
        at=event.at,
    )


def _close(
    state: Desk, event: CopyLent | CopyReturned | ReservationEnded
) -> list[DeskCommand | After[DeskCommand]]:
    return [CloseNotice(notice=state.notice, at=event.at)] if isinstance(state, Settled) else []


desk = Process(
    name="desk",
    key=lambda event: event.copy,
    initial=Quiet,
    evolve=evolve,
    react=react,
)
