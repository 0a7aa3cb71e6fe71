"""Stock Strawberry over documents in memory: plain types, and its own ASGI application."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from strawberry.asgi import GraphQL

from benchmarks import reads_model
from benchmarks.bare_server import serve


@strawberry.enum
class Language(Enum):
    """What a book is written in."""

    ENGLISH = "ENGLISH"
    FRENCH = "FRENCH"
    GERMAN = "GERMAN"


@strawberry.type
class Book:
    """A book of the catalogue."""

    id: strawberry.ID
    title: str
    writer: strawberry.ID
    language: Language
    pages: int
    price: Decimal
    rating: float
    is_in_print: bool
    published_on: date
    added_at: datetime


@strawberry.type
class Books:
    """A page of books."""

    nodes: list[Book]


@strawberry.type
class Writer:
    """A writer of the catalogue."""

    id: strawberry.ID
    name: str

    @strawberry.field
    def books(self, first: int | None = 20) -> Books:
        return Books(nodes=OF_WRITER[self.id][:first])


@strawberry.type
class Writers:
    """A page of writers."""

    nodes: list[Writer]


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    def book(self, id: strawberry.ID) -> Book | None:
        return BY_ID.get(id)

    @strawberry.field
    def books(self, first: int | None = 20) -> Books:
        return Books(nodes=BOOKS[:first])

    @strawberry.field
    def writers(self, first: int | None = 20) -> Writers:
        return Writers(nodes=WRITERS[:first])


def _book(shown: reads_model.Book) -> Book:
    return Book(
        id=strawberry.ID(shown.id),
        title=shown.title,
        writer=strawberry.ID(shown.writer),
        language=Language(shown.language.value),
        pages=shown.pages,
        price=shown.price,
        rating=shown.rating,
        is_in_print=shown.is_in_print,
        published_on=shown.published_on,
        added_at=shown.added_at,
    )


_writers, _books = reads_model.catalogue()
WRITERS = [Writer(id=strawberry.ID(each.id), name=each.name) for each in _writers]
BOOKS = [_book(each) for each in _books]
BY_ID: dict[str, Book] = {each.id: each for each in BOOKS}
OF_WRITER: dict[Any, list[Book]] = {
    writer.id: [each for each in BOOKS if each.writer == writer.id] for writer in WRITERS
}

if __name__ == "__main__":
    serve(GraphQL[None, None](strawberry.Schema(Query)))
