"""The catalogue: where each copy is, for everyone."""

from datetime import datetime
from enum import StrEnum

from readmodels.model import Projection, Public, document, index, replace
from tests.examples.library.domain.copy_messages import (
    CopyAcquired,
    CopyLent,
    CopyReserved,
    CopyReturned,
    ReaderCalled,
    ReservationEnded,
)


class CopyStatus(StrEnum):
    """Where a copy is."""

    ON_SHELF = "ON_SHELF"
    LENT = "LENT"
    KEPT = "KEPT"


@document(
    read=Public(),
    indexes=[index("title"), index("status", "due_at"), index("waiting")],
    plural="copies",
)
class Copy:
    """A copy of a book. `due_at` is when it should be back; `waiting` counts those called too."""

    id: str
    title: str
    shelfmark: str
    status: CopyStatus
    due_at: datetime | None
    waiting: int


CopyNews = CopyAcquired | CopyLent | CopyReturned | CopyReserved | ReaderCalled | ReservationEnded


def evolve(document: Copy | None, event: CopyNews) -> Copy | None:
    match event:
        case CopyAcquired(copy=id, title=title, shelfmark=shelfmark):
            return Copy(
                id=id,
                title=title,
                shelfmark=shelfmark,
                status=CopyStatus.ON_SHELF,
                due_at=None,
                waiting=0,
            )
        case CopyLent(due_at=due_at, reservation=reservation):
            return document and replace(
                document,
                status=CopyStatus.LENT,
                due_at=due_at,
                waiting=document.waiting - (reservation is not None),
            )
        case CopyReturned():
            return document and replace(document, status=CopyStatus.ON_SHELF, due_at=None)
        case CopyReserved():
            return document and replace(document, waiting=document.waiting + 1)
        case ReaderCalled():
            return document and replace(document, status=CopyStatus.KEPT)
        case ReservationEnded(was_called=was_called):
            return document and replace(
                document,
                status=CopyStatus.ON_SHELF if was_called else document.status,
                waiting=document.waiting - 1,
            )


copies = Projection(document=Copy, keys=lambda event: [event.copy], evolve=evolve, version=2)
