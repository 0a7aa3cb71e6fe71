"""A lending library: copies of books, the readers who wait for them, and the desk between both."""

from domain.composition import Upcaster
from domain.model import AnyAggregate, AnyProcess
from tests.examples.library.domain import copies, desk, notices

AGGREGATES: tuple[AnyAggregate, ...] = (copies.copies, notices.notices)
PROCESSES: tuple[AnyProcess, ...] = (desk.desk,)
UPCASTERS: tuple[Upcaster, ...] = (
    Upcaster("library.CopyAcquired", 1, lambda written: {**written, "shelfmark": ""}),
    Upcaster("library.CopyLent", 1, lambda written: {**written, "reservation": None}),
)
