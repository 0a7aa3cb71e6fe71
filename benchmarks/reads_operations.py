"""What the reads ask: one text for every server, and its requests as they are sent."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.reads_model import BOOKS_OF_EACH, WRITERS, additions, book, camel

LISTED = 100
BOOK = "id title writer language pages price rating isInPrint publishedOn addedAt"
BRIEF = "id title pages price"
NEW_WRITER = "writer-new"

Variables = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation under its name, which a bare route goes by, and what it is asked with."""

    title: str
    name: str
    text: str
    variables: Sequence[Variables]
    is_repeated: bool = True
    """Whether a request may be sent again, for the same answer."""

    def bodies(self) -> list[str]:
        """The bodies of its requests, each asked in turn."""
        return [self.body(each) for each in self.variables]

    def body(self, variables: Variables) -> str:
        """The body of one request."""
        return json.dumps(self.request(variables), separators=(",", ":"))

    def request(self, variables: Variables) -> dict[str, Any]:
        """What one request asks."""
        return {"operationName": self.name, "query": self.text, "variables": variables}


LIST = Operation(
    title=f"a list of {LISTED} documents of 10 fields",
    name="Books",
    text=f"query Books($first: Int) {{ books(first: $first) {{ nodes {{ {BOOK} }} }} }}",
    variables=[{"first": LISTED}],
)
BY_ID = Operation(
    title="one document by its id",
    name="Book",
    text=f"query Book($id: ID!) {{ book(id: $id) {{ {BOOK} }} }}",
    variables=[{"id": f"book-{each:05}"} for each in range(WRITERS * BOOKS_OF_EACH)],
)
NESTED = Operation(
    title=f"{WRITERS} documents with {BOOKS_OF_EACH} others under each",
    name="Writers",
    text=(
        "query Writers($writers: Int, $books: Int) { writers(first: $writers) { nodes { id name "
        f"books(first: $books) {{ nodes {{ {BRIEF} }} }} }} }} }}"
    ),
    variables=[{"writers": WRITERS, "books": BOOKS_OF_EACH}],
)
READS = (LIST, BY_ID, NESTED)

_RESULT = "__typename ... on Rejected { code message }"


def addition(ids: Iterable[str]) -> Operation:
    """A mutation that adds a book with each of these ids, and reads it in the same answer."""
    inputs = [_input(book(id, NEW_WRITER, number)) for number, id in enumerate(ids)]
    return Operation(
        title="a mutation that reads its document in the same answer",
        name="AddBook",
        text=(
            "mutation AddBook($input: AddBookInput!, $id: ID!) { addBook(input: $input) { "
            f"{_RESULT} ... on Accepted {{ query {{ book(id: $id) {{ {BOOK} }} }} }} }} }}"
        ),
        variables=[{"input": each, "id": each["book"]} for each in inputs],
        is_repeated=False,
    )


def filling() -> list[str]:
    """The bodies of the requests that fill an empty catalogue."""
    return [_filling(type(each).__name__, _input(each)) for each in additions()]


def _filling(command: str, input: Mapping[str, Any]) -> str:
    field = command[0].lower() + command[1:]
    text = (
        f"mutation {command}($input: {command}Input!) {{ {field}(input: $input) {{ {_RESULT} }} }}"
    )
    asked = Operation(title="", name=command, text=text, variables=[])
    return asked.body({"input": input})


def _input(command: object) -> dict[str, Any]:
    return {camel(name): each for name, each in msgspec.to_builtins(command).items()}
