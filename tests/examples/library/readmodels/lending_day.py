"""The lending of each day, UTC: one document that every copy feeds."""

from readmodels.model import Projection, Role, document, index, replace
from tests.examples.library.domain.copy_messages import CopyLent, CopyReturned


@document(read=Role("librarian"), indexes=[index("lent"), index("returned")])
class LendingDay:
    """How many copies went out and came back on a day, `2026-11-23`."""

    id: str
    lent: int
    returned: int


def keys(event: CopyLent | CopyReturned) -> list[str]:
    return [event.at.date().isoformat()]


def evolve(document: LendingDay | None, event: CopyLent | CopyReturned) -> LendingDay | None:
    (day,) = keys(event)
    known = document or LendingDay(id=day, lent=0, returned=0)
    match event:
        case CopyLent():
            return replace(known, lent=known.lent + 1)
        case CopyReturned():
            return replace(known, returned=known.returned + 1)


lending_days = Projection(document=LendingDay, keys=keys, evolve=evolve)
