"""The library's first day: copies are acquired, lent and returned, and everyone sees it.

One file, whole: what happens, what may happen, what is shown. The package beside it is what
became of it; what this one has written to a log, that one reads.
"""

from datetime import datetime, timedelta

from domain.model import Aggregate, NewId, Now, Rejected, Role, command, event, replace, value
from readmodels.composition import Model, build
from readmodels.model import Projection, Public, document, index

# 1. What happens


@event("library.CopyAcquired")
class CopyAcquired:
    """The library has a new copy."""

    copy: str
    title: str
    at: datetime


@event("library.CopyLent")
class CopyLent:
    """A reader took the copy home."""

    copy: str
    title: str
    loan: str
    reader: str
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


Event = CopyAcquired | CopyLent | CopyReturned


# 2. What may be asked, and by whom


@command(allow=Role("librarian"))
class AcquireCopy:
    """Add a copy under the number on its label."""

    copy: str
    title: str
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
    """Take a copy back."""

    copy: str
    at: Now


Command = AcquireCopy | LendCopy | ReturnCopy


# 3. What has to be known to say yes or no


@value
class Unknown:
    """There is no such copy."""


@value
class OnShelf:
    """Whoever comes first may take it."""

    title: str


@value
class Lent:
    """A reader has it."""

    title: str
    loan: str
    reader: str


State = Unknown | OnShelf | Lent


def evolve(state: State, event: Event) -> State:
    match event:
        case CopyAcquired(title=title) | CopyReturned(title=title):
            return OnShelf(title=title)
        case CopyLent(title=title, loan=loan, reader=reader):
            return Lent(title=title, loan=loan, reader=reader)


# 4. Yes or no


def decide(command: Command, state: State) -> list[Event]:
    match command, state:
        case AcquireCopy(copy=copy, title=title, at=at), Unknown():
            return [CopyAcquired(copy=copy, title=title, at=at)]
        case LendCopy(copy=copy, reader=reader, loan=loan, at=at), OnShelf(title=title):
            due_at = at + timedelta(days=21)
            return [
                CopyLent(copy=copy, title=title, loan=loan, reader=reader, due_at=due_at, at=at)
            ]
        case ReturnCopy(copy=copy, at=at), Lent(title=title, loan=loan, reader=reader):
            return [CopyReturned(copy=copy, title=title, loan=loan, reader=reader, at=at)]
        case ReturnCopy(), OnShelf():
            return []
        case LendCopy(copy=copy), Lent():
            raise Rejected("ALREADY_LENT", f"copy {copy} is lent; return it first")
        case AcquireCopy(copy=copy), _:
            raise Rejected("COPY_EXISTS", f"copy {copy} exists; take another number")
        case _:
            raise Rejected("COPY_UNKNOWN", f"there is no copy {command.copy:.40}; acquire it first")


copies = Aggregate(
    name="copy",
    key=lambda command: command.copy,
    initial=Unknown,
    decide=decide,
    evolve=evolve,
    history=Role("librarian"),
)


# 5. What is shown, and to whom


@document(read=Public(), indexes=[index("title"), index("due_at")], plural="copies")
class Copy:
    """A copy of a book; `due_at` is when it should be back, null while it is on the shelf."""

    id: str
    title: str
    due_at: datetime | None


def show(document: Copy | None, event: Event) -> Copy | None:
    match event:
        case CopyAcquired(copy=id, title=title):
            return Copy(id=id, title=title, due_at=None)
        case CopyLent(due_at=due_at):
            return document and replace(document, due_at=due_at)
        case CopyReturned():
            return document and replace(document, due_at=None)


catalogue = Projection(document=Copy, keys=lambda event: [event.copy], evolve=show)


# 6. All of it


def model() -> Model:
    """The first day, put together and checked."""
    return build(aggregates=[copies], projections=[catalogue])
