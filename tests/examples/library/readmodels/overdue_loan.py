"""The overdue list: the loans that should be over and are not."""

from datetime import datetime

from readmodels.model import Projection, Role, document, index
from tests.examples.library.domain.copy_messages import CopyReturned, LoanOverdue


@document(read=Role("librarian"), indexes=[index("due_at"), index("reader")])
class OverdueLoan:
    """A loan that is overdue; it is on the list only until the copy is back."""

    id: str
    reader: str
    copy: str
    title: str
    due_at: datetime


def evolve(document: OverdueLoan | None, event: LoanOverdue | CopyReturned) -> OverdueLoan | None:
    match event:
        case LoanOverdue():
            return OverdueLoan(
                id=event.loan,
                reader=event.reader,
                copy=event.copy,
                title=event.title,
                due_at=event.due_at,
            )
        case CopyReturned():
            return None


overdue_loans = Projection(document=OverdueLoan, keys=lambda event: [event.loan], evolve=evolve)
