"""The limits: what SQLite, JSON and a bare route do with nothing of ours around them."""

import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eventlog.envelope import Recorded
from eventlog.sqlite_rows import INSERT, SCHEMA, row_of


def inserts(events: Sequence[Recorded], per_commit: int) -> float:
    """Events/s of a bare loop that inserts the same rows with the same commits, durably."""
    with tempfile.TemporaryDirectory() as directory:
        connection = sqlite3.connect(Path(directory) / "bare.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for statement in SCHEMA.split(";\n"):
            connection.execute(statement)
        rows = [row_of(each) for each in events]
        started = time.perf_counter()
        for at in range(0, len(rows), per_commit):
            connection.execute("BEGIN")
            connection.executemany(INSERT, rows[at : at + per_commit])
            connection.execute("COMMIT")
        elapsed = time.perf_counter() - started
        connection.close()
    return len(rows) / elapsed


def json_loop(events: Sequence[Recorded]) -> float:
    """Events/s of a bare loop that decodes each event's JSON and encodes it again."""
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    started = time.perf_counter()
    for each in events:
        encode(decode(each.data))
    return len(events) / (time.perf_counter() - started)


def upserts(bodies: Sequence[tuple[str, str]], per_commit: int) -> float:
    """Documents/s of a bare loop that writes the same documents, without indexes or history."""
    with tempfile.TemporaryDirectory() as directory:
        connection = sqlite3.connect(Path(directory) / "bare.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE documents (id TEXT PRIMARY KEY, body TEXT)")
        started = time.perf_counter()
        for at in range(0, len(bodies), per_commit):
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO documents VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET body = excluded.body",
                bodies[at : at + per_commit],
            )
            connection.execute("COMMIT")
        elapsed = time.perf_counter() - started
        connection.close()
    return len(bodies) / elapsed


async def _answer(request: Request) -> Response:
    body = msgspec.json.decode(await request.body())
    return Response(msgspec.json.encode({"data": body["variables"]}), media_type="application/json")


app = Starlette(routes=[Route("/graphql", _answer, methods=["POST"])])
