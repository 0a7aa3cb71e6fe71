"""The entries in an embedded store's file, and the statements that one would write by hand."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engines import folder
from benchmarks.pages_entries import DEEP, FIRST, collection, entries
from readmodels.sqlite import SqliteStore
from readmodels.sqlite_tables import Table, add_functions, make_table, write_document
from readmodels.store import Store

_LIVE = "body IS NOT NULL"
_AMOUNT = "decimal_key(json_extract(body, '$.amount'))"
_AT = "instant_key(json_extract(body, '$.at'))"
_OPEN = "json_extract(body, '$.status') = 'OPEN'"
_MINE = """id IN (SELECT id FROM "Entry_1:parties" WHERE value = 'user-7')"""

_LISTS = {
    "all, by id": ("1", ("id",), "ASC"),
    "all, by amount downwards": ("1", (_AMOUNT, "id"), "DESC"),
    "of a status, by time": (_OPEN, (_AT, "id"), "ASC"),
    "an owner's, by id": (_MINE, ("id",), "ASC"),
}
_TOTALS = {
    "all": f"SELECT count(*) FROM Entry_1 WHERE {_LIVE}",
    "of a status": f"SELECT count(*) FROM Entry_1 WHERE {_LIVE} AND {_OPEN}",
    "an owner's": """SELECT count(*) FROM "Entry_1:parties" WHERE value = 'user-7'""",
}


@dataclass(frozen=True)
class SqliteByHand:
    """A connection of its own to the same file."""

    connection: sqlite3.Connection

    async def place(self, name: str) -> tuple[Any, ...]:
        """Where the deep page begins."""
        where, key, way = _LISTS[name]
        order = ", ".join(f"{each} {way}" for each in key)
        sql = f"SELECT {', '.join(key)} FROM Entry_1 WHERE {_LIVE} AND {where} ORDER BY {order}"
        found = self.connection.execute(f"{sql} LIMIT 1 OFFSET ?", [(DEEP - 1) * FIRST - 1])
        return tuple(found.fetchone())

    async def page(self, name: str, after: tuple[Any, ...] | None) -> int:
        """How many documents the page has, each read as JSON."""
        where, key, way = _LISTS[name]
        order = ", ".join(f"{each} {way}" for each in key)
        beyond = ""
        if after is not None:
            marks = ", ".join("?" * len(key))
            at = ">" if way == "ASC" else "<"
            beyond = f"AND ({', '.join(key)}) {at} ({marks}) AND {key[0]} {at}= ?"
            after = (*after, after[0])  # once more, so that the index is entered there
        sql = f"SELECT body FROM Entry_1 WHERE {_LIVE} AND {where} {beyond} ORDER BY {order}"
        return len(self.connection.execute(f"{sql} LIMIT ?", [*(after or ()), FIRST]).fetchall())

    async def total(self, name: str) -> int:
        """How many documents there are."""
        (found,) = self.connection.execute(_TOTALS[name]).fetchone()
        return int(found)


@asynccontextmanager
async def in_sqlite(documents: int) -> AsyncGenerator[tuple[Store, SqliteByHand]]:
    """The store with so many entries, and who reads its file by hand."""
    with folder() as directory:
        with closing(SqliteStore(directory)):
            pass
        with closing(_opened(directory)) as connection:
            _fill(connection, documents)
        with closing(SqliteStore(directory)) as store, closing(_opened(directory)) as connection:
            await store.prepare(collection)
            yield store, SqliteByHand(connection)


def _opened(directory: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(directory / "documents.sqlite", isolation_level=None)
    connection.execute("PRAGMA cache_size=-32768")
    add_functions(connection)
    return connection


def _fill(connection: sqlite3.Connection, documents: int) -> None:
    """Write the rows as the store does; the indexes are made over them afterwards."""
    table = Table(collection)
    connection.execute("BEGIN")
    make_table(connection, table)
    for write in entries(documents):
        write_document(connection, table, write)
    connection.execute("COMMIT")
