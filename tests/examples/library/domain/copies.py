"""A copy of a book: on the shelf, lent, or kept for the reader whose turn it is.

Readers wait for a copy in the order in which they reserved it, at most 20 of them. A copy that
comes back is kept for the first of them for three days, then for the next; the shelf comes last.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from domain.model import Aggregate, Rejected, Role, replace, value
from tests.examples.library.domain.copy_messages import (
    AcquireCopy,
    CancelReservation,
    CopyAcquired,
    CopyCommand,
    CopyEvent,
    CopyLent,
    CopyReserved,
    CopyReturned,
    EndReservation,
    LendCopy,
    LoanOverdue,
    NoteOverdue,
    ReaderCalled,
    ReservationEnded,
    ReserveCopy,
    ReturnCopy,
)

LOAN = timedelta(days=21)
COLLECTION = timedelta(days=3)
"""How long a copy is kept for a reader who was called."""
QUEUE_MAX = 20
ID_LENGTH_MAX = 100
TITLE_LENGTH_MAX = 200


@value
class Reservation:
    """A reader who waits."""

    id: str
    reader: str


@value
class Unknown:
    """There is no such copy."""


@value
class OnShelf:
    """Whoever comes first may take it; between two events of one command some may still wait."""

    title: str
    queue: tuple[Reservation, ...] = ()


@value
class Lent:
    """A reader has it."""

    title: str
    queue: tuple[Reservation, ...]
    loan: str
    reader: str
    due_at: datetime
    is_overdue: bool = False


@value
class Kept:
    """It waits at the desk for the reader who was called."""

    title: str
    queue: tuple[Reservation, ...]
    called: Reservation


Copy = Unknown | OnShelf | Lent | Kept


def evolve(state: Copy, event: CopyEvent) -> Copy:
    match event:
        case CopyAcquired(title=title):
            return OnShelf(title=title)
        case CopyLent(title=title, loan=loan, reader=reader, due_at=due_at):
            queue = _queue(state)
            return Lent(title=title, queue=queue, loan=loan, reader=reader, due_at=due_at)
        case CopyReturned(title=title):
            return OnShelf(title=title, queue=_queue(state))
        case LoanOverdue():
            return replace(state, is_overdue=True) if isinstance(state, Lent) else state
        case CopyReserved(reservation=id, reader=reader):
            if isinstance(state, Unknown):
                return state
            return replace(state, queue=(*state.queue, Reservation(id=id, reader=reader)))
        case ReaderCalled(title=title, reservation=id, reader=reader):
            called = Reservation(id=id, reader=reader)
            return Kept(title=title, queue=_without(state, id), called=called)
        case ReservationEnded(title=title, reservation=id, was_called=was_called):
            if was_called:
                return OnShelf(title=title, queue=_queue(state))
            return (
                state if isinstance(state, Unknown) else replace(state, queue=_without(state, id))
            )


def _queue(state: Copy) -> tuple[Reservation, ...]:
    return () if isinstance(state, Unknown) else state.queue


def _without(state: Copy, id: str) -> tuple[Reservation, ...]:
    return tuple(each for each in _queue(state) if each.id != id)


def decide(command: CopyCommand, state: Copy) -> list[CopyEvent]:
    match command, state:
        case AcquireCopy(), Unknown():
            return [_acquired(command)]
        case AcquireCopy(title=title), OnShelf() | Lent() | Kept() if title == state.title:
            return []
        case AcquireCopy(copy=copy), _:
            raise Rejected("COPY_EXISTS", f"copy {copy} is of another book; take another number")
        case _, Unknown():
            raise Rejected("COPY_UNKNOWN", f"there is no copy {command.copy:.40}; acquire it first")
        case LendCopy(), _:
            return [_lent(command, state)]
        case ReturnCopy(copy=copy, at=at), Lent(title=title, loan=loan, reader=reader):
            back = CopyReturned(copy=copy, title=title, loan=loan, reader=reader, at=at)
            return [back, *_call_next(command, state)]
        case ReturnCopy(), OnShelf() | Kept():
            return []
        case ReserveCopy(), _:
            return _reserve(command, state)
        case CancelReservation(by=by), OnShelf() | Lent() | Kept():
            return _end(command, state, lambda each: each.reader == by)
        case EndReservation(reservation=id), OnShelf() | Lent() | Kept():
            return _end(command, state, lambda each: each.id == id)
        case NoteOverdue(copy=copy, loan=loan, at=at), Lent(loan=current, is_overdue=False) if (
            loan == current
        ):
            return [
                LoanOverdue(
                    copy=copy,
                    title=state.title,
                    loan=loan,
                    reader=state.reader,
                    due_at=state.due_at,
                    at=at,
                )
            ]
        case NoteOverdue(), _:
            return []
        case _:
            raise Rejected("WRONG_STATUS", f"copy {command.copy} is not lent")


def _acquired(command: AcquireCopy) -> CopyAcquired:
    return CopyAcquired(
        copy=_checked(command.copy, "copy", ID_LENGTH_MAX),
        title=_checked(command.title, "title", TITLE_LENGTH_MAX),
        shelfmark=_checked(command.shelfmark, "shelfmark", ID_LENGTH_MAX, least=0),
        at=command.at,
    )


def _checked(text: str, what: str, most: int, *, least: int = 1) -> str:
    """The text as it is. Raises Rejected where it is too short, too long, or not printable."""
    if not least <= len(text) <= most or text != text.strip() or not text.isprintable():
        raise Rejected(
            "INVALID_TEXT",
            f"{what} is no plain text of {least} to {most} characters without spaces around it",
        )
    return text


def _lent(command: LendCopy, state: OnShelf | Lent | Kept) -> CopyLent:
    reader = _checked(command.reader, "reader", ID_LENGTH_MAX)
    if isinstance(state, Lent):
        raise Rejected("ALREADY_LENT", f"copy {command.copy} is lent; return it first")
    if isinstance(state, Kept) and state.called.reader != reader:
        raise Rejected("KEPT", f"copy {command.copy} is kept for another reader; reserve it")
    return CopyLent(
        copy=command.copy,
        title=state.title,
        loan=command.loan,
        reader=reader,
        reservation=state.called.id if isinstance(state, Kept) else None,
        due_at=command.at + LOAN,
        at=command.at,
    )


def _reserve(command: ReserveCopy, state: OnShelf | Lent | Kept) -> list[CopyEvent]:
    if isinstance(state, OnShelf):
        raise Rejected("ON_SHELF", f"copy {command.copy} is on the shelf; come and take it")
    if command.by == (state.reader if isinstance(state, Lent) else state.called.reader):
        raise Rejected("YOURS", f"copy {command.copy} is yours already")
    if any(each.reader == command.by for each in state.queue):
        return []
    if len(state.queue) >= QUEUE_MAX:
        raise Rejected(
            "QUEUE_FULL", f"{QUEUE_MAX} readers wait for copy {command.copy}; take another copy"
        )
    return [
        CopyReserved(
            copy=command.copy,
            title=state.title,
            reservation=command.reservation,
            reader=command.by,
            at=command.at,
        )
    ]


def _end(
    command: CancelReservation | EndReservation,
    state: OnShelf | Lent | Kept,
    is_meant: Callable[[Reservation], bool],
) -> list[CopyEvent]:
    """Ends the reservation that is meant, if there still is one, and calls the next."""
    called = state.called if isinstance(state, Kept) else None
    for each in (*state.queue, *([called] if called else [])):
        if is_meant(each):
            ended = ReservationEnded(
                copy=command.copy,
                title=state.title,
                reservation=each.id,
                reader=each.reader,
                was_called=each == called,
                at=command.at,
            )
            return [ended, *(_call_next(command, state) if each == called else [])]
    return []


def _call_next(
    command: ReturnCopy | CancelReservation | EndReservation, state: OnShelf | Lent | Kept
) -> list[ReaderCalled]:
    return [
        ReaderCalled(
            copy=command.copy,
            title=state.title,
            reservation=first.id,
            reader=first.reader,
            collect_by=command.at + COLLECTION,
            at=command.at,
        )
        for first in state.queue[:1]
    ]


copies = Aggregate(
    name="copy",
    key=lambda command: command.copy,
    initial=Unknown,
    decide=decide,
    evolve=evolve,
    history=Role("librarian"),
)
