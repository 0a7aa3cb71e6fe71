"""The model that the reads are measured on: writers, and their books with ten plain fields each."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from domain.model import Aggregate, Public, Rejected, command, event, value
from readmodels.composition import Model, build
from readmodels.model import Projection, document, index, many

WRITERS = 20
BOOKS_OF_EACH = 20
_START = datetime(2026, 1, 1, tzinfo=UTC)

T = TypeVar("T")


class Language(StrEnum):
    """What a book is written in."""

    ENGLISH = "ENGLISH"
    FRENCH = "FRENCH"
    GERMAN = "GERMAN"


@event("reads.WriterAdded")
class WriterAdded:
    """A writer is in the catalogue."""

    writer: str
    name: str


@event("reads.BookAdded")
class BookAdded:
    """A book is in the catalogue."""

    book: str
    title: str
    writer: str
    language: Language
    pages: int
    price: Decimal
    rating: float
    is_in_print: bool
    published_on: date
    added_at: datetime


@command(allow=Public())
class AddWriter:
    """Put a writer into the catalogue."""

    writer: str
    name: str


@command(allow=Public())
class AddBook:
    """Put a book into the catalogue."""

    book: str
    title: str
    writer: str
    language: Language
    pages: int
    price: Decimal
    rating: float
    is_in_print: bool
    published_on: date
    added_at: datetime


@value
class Unknown:
    """It is not in the catalogue."""


@value
class Known:
    """It is in the catalogue."""


State = Unknown | Known


def _evolve_writer(state: State, event: WriterAdded) -> State:
    return Known()


def _decide_writer(command: AddWriter, state: State) -> list[WriterAdded]:
    if isinstance(state, Known):
        raise Rejected("ALREADY_KNOWN", f"writer {command.writer:.40} is there already")
    return [WriterAdded(writer=command.writer, name=command.name)]


def _evolve_book(state: State, event: BookAdded) -> State:
    return Known()


def _decide_book(command: AddBook, state: State) -> list[BookAdded]:
    if isinstance(state, Known):
        raise Rejected("ALREADY_KNOWN", f"book {command.book:.40} is there already")
    return [_alike(command, BookAdded)]


writers = Aggregate(
    name="writer",
    key=lambda command: command.writer,
    initial=Unknown,
    decide=_decide_writer,
    evolve=_evolve_writer,
)
books = Aggregate(
    name="book",
    key=lambda command: command.book,
    initial=Unknown,
    decide=_decide_book,
    evolve=_evolve_book,
)


@document(read=Public(), links=[many("books", to="Book", by="writer")])
class Writer:
    """A writer of the catalogue."""

    id: str
    name: str


@document(read=Public(), indexes=[index("writer"), index("price")])
class Book:
    """A book of the catalogue."""

    id: str
    title: str
    writer: str
    language: Language
    pages: int
    price: Decimal
    rating: float
    is_in_print: bool
    published_on: date
    added_at: datetime


def _show_writer(document: Writer | None, event: WriterAdded) -> Writer:
    return Writer(id=event.writer, name=event.name)


def _show_book(document: Book | None, event: BookAdded) -> Book:
    return _alike(event, Book, id=event.book)


shown_writers = Projection(document=Writer, keys=lambda event: [event.writer], evolve=_show_writer)
shown_books = Projection(document=Book, keys=lambda event: [event.book], evolve=_show_book)


def _alike(given: Any, cls: type[T], **more: object) -> T:
    """An object of the class with the fields of the given one that it has too."""
    names = [each.name for each in fields(cls)]  # type: ignore[arg-type]  # all are dataclasses
    return cls(**{name: getattr(given, name) for name in names if name not in more}, **more)


def model() -> Model:
    """`headrace serve --model benchmarks.reads_model:model` serves it."""
    return build(aggregates=[writers, books], projections=[shown_writers, shown_books])


def additions() -> Iterator[AddWriter | AddBook]:
    """What fills the catalogue: every writer with all of their books."""
    for number in range(WRITERS):
        writer = f"writer-{number:03}"
        yield AddWriter(writer=writer, name=f"A Writer of Number {number}")
        for each in range(number * BOOKS_OF_EACH, (number + 1) * BOOKS_OF_EACH):
            yield book(f"book-{each:05}", writer, each)


def book(id: str, writer: str, number: int) -> AddBook:
    """A book like others, with its own values in every field."""
    return AddBook(
        book=id,
        title=f"The Book of Number {number}",
        writer=writer,
        language=[*Language][number % len(Language)],
        pages=100 + number,
        price=Decimal(999 + number * 50) / 100,
        rating=1 + number % 9 / 2,
        is_in_print=number % 3 > 0,
        published_on=date(1990, 1, 1) + timedelta(days=number * 11),
        added_at=_START + timedelta(seconds=number * 1_001),
    )


def catalogue() -> tuple[list[Writer], list[Book]]:
    """The documents that a filled catalogue shows, by their ids."""
    written = [*additions()]
    return (
        [Writer(id=each.writer, name=each.name) for each in written if isinstance(each, AddWriter)],
        [_alike(each, Book, id=each.book) for each in written if isinstance(each, AddBook)],
    )


def answered(document: Writer | Book) -> dict[str, object]:
    """The document as a GraphQL answer writes it: its names in camelCase, its values as JSON."""
    return {camel(name): each for name, each in msgspec.to_builtins(document).items()}


def camel(name: str) -> str:
    """The GraphQL name of a field."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)
