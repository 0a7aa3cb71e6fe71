"""Facts of one copy and its readers, for the tests of the library."""

from datetime import UTC, datetime, timedelta

from tests.examples.library.domain.copies import COLLECTION, LOAN
from tests.examples.library.domain.copy_messages import (
    CopyAcquired,
    CopyLent,
    CopyReserved,
    CopyReturned,
    LoanOverdue,
    ReaderCalled,
    ReservationEnded,
)

T0 = datetime(2026, 11, 23, 9, tzinfo=UTC)


def day(number: int) -> datetime:
    return T0 + timedelta(days=number)


ACQUIRED = CopyAcquired(copy="c-1", title="Dune", shelfmark="SF 12", at=T0)


def lent(
    loan: str = "l-1", reader: str = "ann", at: int = 1, reservation: str | None = None
) -> CopyLent:
    return CopyLent(
        copy="c-1",
        title="Dune",
        loan=loan,
        reader=reader,
        reservation=reservation,
        due_at=day(at) + LOAN,
        at=day(at),
    )


def returned(loan: str = "l-1", reader: str = "ann", at: int = 9) -> CopyReturned:
    return CopyReturned(copy="c-1", title="Dune", loan=loan, reader=reader, at=day(at))


def reserved(reader: str = "bob", at: int = 2) -> CopyReserved:
    return CopyReserved(
        copy="c-1", title="Dune", reservation=f"r-{reader}", reader=reader, at=day(at)
    )


def called(reader: str = "bob", at: int = 9) -> ReaderCalled:
    return ReaderCalled(
        copy="c-1",
        title="Dune",
        reservation=f"r-{reader}",
        reader=reader,
        collect_by=day(at) + COLLECTION,
        at=day(at),
    )


def ended(reader: str = "bob", at: int = 12, *, was_called: bool = True) -> ReservationEnded:
    return ReservationEnded(
        copy="c-1",
        title="Dune",
        reservation=f"r-{reader}",
        reader=reader,
        was_called=was_called,
        at=day(at),
    )


OVERDUE = LoanOverdue(
    copy="c-1", title="Dune", loan="l-1", reader="ann", due_at=day(22), at=day(22)
)
