"""What is said about a copy of a book: the events of its loans, and the commands for them."""

from datetime import datetime

from domain.model import Actor, NewId, Now, Role, command, event


@event("library.CopyAcquired", version=2)
class CopyAcquired:
    """The library has a new copy; `shelfmark` is where it stands, empty where nobody noted it."""

    copy: str
    title: str
    shelfmark: str
    at: datetime


@event("library.CopyLent", version=2)
class CopyLent:
    """A reader took the copy home; `reservation` is the one it was kept for, if it was."""

    copy: str
    title: str
    loan: str
    reader: str
    reservation: str | None
    due_at: datetime
    at: datetime


@event("library.CopyReturned")
class CopyReturned:
    """The copy is back."""

    copy: str
    title: str
    loan: str
    reader: str
    at: datetime


@event("library.LoanOverdue")
class LoanOverdue:
    """The copy should be back, and is not."""

    copy: str
    title: str
    loan: str
    reader: str
    due_at: datetime
    at: datetime


@event("library.CopyReserved")
class CopyReserved:
    """A reader waits for the copy."""

    copy: str
    title: str
    reservation: str
    reader: str
    at: datetime


@event("library.ReaderCalled")
class ReaderCalled:
    """The copy is kept for the first who waits, until `collect_by`."""

    copy: str
    title: str
    reservation: str
    reader: str
    collect_by: datetime
    at: datetime


@event("library.ReservationEnded")
class ReservationEnded:
    """A reader waits no more: gave it up, or was called and did not come in time."""

    copy: str
    title: str
    reservation: str
    reader: str
    was_called: bool
    at: datetime


CopyEvent = (
    CopyAcquired
    | CopyLent
    | CopyReturned
    | LoanOverdue
    | CopyReserved
    | ReaderCalled
    | ReservationEnded
)


@command(allow=Role("librarian"))
class AcquireCopy:
    """Add a copy under the number on its label."""

    copy: str
    title: str
    shelfmark: str = ""
    at: Now


@command(allow=Role("librarian"))
class LendCopy:
    """Lend a copy to a reader for 21 days."""

    copy: str
    reader: str
    loan: NewId
    at: Now


@command(allow=Role("librarian"))
class ReturnCopy:
    """Take a copy back; whoever waits for it is called."""

    copy: str
    at: Now


@command(allow=Role("reader"))
class ReserveCopy:
    """Wait for a copy that is lent or kept for another."""

    copy: str
    reservation: NewId
    at: Now
    by: Actor


@command(allow=Role("reader"))
class CancelReservation:
    """Wait for a copy no more."""

    copy: str
    at: Now
    by: Actor


@command()
class EndReservation:
    """End a reservation whose reader was called, and does not come."""

    copy: str
    reservation: str
    at: Now


@command()
class NoteOverdue:
    """Note that a loan has reached its due time."""

    copy: str
    loan: str
    at: Now


CopyCommand = (
    AcquireCopy
    | LendCopy
    | ReturnCopy
    | ReserveCopy
    | CancelReservation
    | EndReservation
    | NoteOverdue
)
