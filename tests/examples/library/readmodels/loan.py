"""The loans of each reader, open and past."""

from datetime import datetime

from readmodels.model import Owner, Projection, Role, document, index, replace
from tests.examples.library.domain.copy_messages import CopyLent, CopyReturned


@document(
    read=Owner("reader") | Role("librarian"),
    indexes=[index("reader", "lent_at"), index("returned_at"), index("due_at")],
)
class Loan:
    """A loan as its reader sees it; `returned_at` is null while the copy is out."""

    id: str
    reader: str
    copy: str
    title: str
    lent_at: datetime
    due_at: datetime
    returned_at: datetime | None


def evolve(document: Loan | None, event: CopyLent | CopyReturned) -> Loan | None:
    match event:
        case CopyLent():
            return Loan(
                id=event.loan,
                reader=event.reader,
                copy=event.copy,
                title=event.title,
                lent_at=event.at,
                due_at=event.due_at,
                returned_at=None,
            )
        case CopyReturned(at=at):
            return document and replace(document, returned_at=at)


loans = Projection(document=Loan, keys=lambda event: [event.loan], evolve=evolve)
