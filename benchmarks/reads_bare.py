"""The limits of the reads: bare routes over documents in memory, in SQLite and in MongoDB.

Its arguments are `memory`, `sqlite FILE` or `mongo URI`. A route knows the operation by its name,
and answers with the very data that every other server has to give.
"""

import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from motor.motor_asyncio import AsyncIOMotorClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.bare_server import serve
from benchmarks.reads_model import answered, catalogue, shown_books, shown_writers
from readmodels.model import AnyProjection

Json = dict[str, Any]
Answers = Mapping[str, Callable[[Json], Awaitable[Json]]]
"""The data of each operation, by its name, from its variables."""


def application(answers: Answers) -> Starlette:
    """One route, JSON in and out."""

    async def answer(request: Request) -> Response:
        body = orjson.loads(await request.body())
        data = await answers[body["operationName"]](body["variables"])
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


def in_memory() -> Answers:
    """Documents that are as they are answered, and a mutation that keeps one more."""
    writers, books = (list(map(answered, each)) for each in catalogue())
    by_id = {each["id"]: each for each in books}
    of_writer = {
        writer["id"]: [book for book in books if book["writer"] == writer["id"]]
        for writer in writers
    }

    async def list_books(variables: Json) -> Json:
        return {"books": {"nodes": books[: variables["first"]]}}

    async def one_book(variables: Json) -> Json:
        return {"book": by_id.get(variables["id"])}

    async def list_writers(variables: Json) -> Json:
        nodes = [
            {
                "id": each["id"],
                "name": each["name"],
                "books": {"nodes": list(map(_brief, of_writer[each["id"]][: variables["books"]]))},
            }
            for each in writers[: variables["writers"]]
        ]
        return {"writers": {"nodes": nodes}}

    async def add_book(variables: Json) -> Json:
        given = variables["input"]
        added = {"id": given.pop("book"), **given}
        by_id[added["id"]] = added
        return {"addBook": {"__typename": "Accepted", "query": {"book": added}}}

    return {"Books": list_books, "Book": one_book, "Writers": list_writers, "AddBook": add_book}


def in_sqlite(file: str) -> Answers:
    """The finds that the embedded store runs, over its file."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA cache_size=-32768")
    page = "SELECT body FROM {} WHERE body IS NOT NULL {} ORDER BY id LIMIT ?"
    all_books = page.format(_table(shown_books), "")
    all_writers = page.format(_table(shown_writers), "")
    of_writer = page.format(_table(shown_books), "AND json_extract(body, '$.writer') = ?")
    one = f"SELECT body FROM {_table(shown_books)} WHERE id = ?"

    def found(sql: str, *values: object) -> list[Json]:
        return [orjson.loads(body) for (body,) in connection.execute(sql, values)]

    async def list_books(variables: Json) -> Json:
        return {"books": {"nodes": list(map(_book, found(all_books, variables["first"])))}}

    async def one_book(variables: Json) -> Json:
        books = found(one, variables["id"])
        return {"book": _book(books[0]) if books else None}

    async def list_writers(variables: Json) -> Json:
        nodes: list[Json] = []
        for each in found(all_writers, variables["writers"]):
            books = found(of_writer, each["id"], variables["books"])
            nodes.append({**each, "books": {"nodes": list(map(_brief, books))}})
        return {"writers": {"nodes": nodes}}

    return {"Books": list_books, "Book": one_book, "Writers": list_writers}


def in_mongo(uri: str) -> Answers:
    """The finds that the store on MongoDB runs, by the same driver."""
    database = AsyncIOMotorClient[Json](uri).get_default_database()
    books, writers = database[_name(shown_books)], database[_name(shown_writers)]

    async def found(collection: Any, first: int, **more: Json) -> list[Json]:
        rows = collection.find(
            {"body.id": {"$gte": ""}, **more},
            {"_id": 0, "body": 1},
            sort={"body.id": 1},
            limit=first,
        )
        return [each["body"] for each in await rows.to_list(length=None)]

    async def list_books(variables: Json) -> Json:
        return {"books": {"nodes": list(map(_book, await found(books, variables["first"])))}}

    async def one_book(variables: Json) -> Json:
        row = await books.find_one({"_id": {"$eq": variables["id"]}}, {"_id": 0, "body": 1})
        return {"book": _book(row["body"]) if row else None}

    async def list_writers(variables: Json) -> Json:
        nodes: list[Json] = []
        for each in await found(writers, variables["writers"]):
            of_one = {"body.writer": {"$eq": each["id"]}}
            some = await found(books, variables["books"], **of_one)
            nodes.append({**each, "books": {"nodes": list(map(_brief, some))}})
        return {"writers": {"nodes": nodes}}

    return {"Books": list_books, "Book": one_book, "Writers": list_writers}


def _name(projection: AnyProjection) -> str:
    return f"{projection.document.__name__}_{projection.version}"


def _table(projection: AnyProjection) -> str:
    return f'"{_name(projection)}"'


def _book(stored: Json) -> Json:
    return {
        "id": stored["id"],
        "title": stored["title"],
        "writer": stored["writer"],
        "language": stored["language"],
        "pages": stored["pages"],
        "price": stored["price"],
        "rating": stored["rating"],
        "isInPrint": stored["is_in_print"],
        "publishedOn": stored["published_on"],
        "addedAt": stored["added_at"],
    }


def _brief(stored: Json) -> Json:
    return {
        "id": stored["id"],
        "title": stored["title"],
        "pages": stored["pages"],
        "price": stored["price"],
    }


_PLACES: Mapping[str, Callable[..., Answers]] = {
    "memory": in_memory,
    "sqlite": in_sqlite,
    "mongo": in_mongo,
}

if __name__ == "__main__":
    place, *where = sys.argv[1:]
    serve(application(_PLACES[place](*where)))
