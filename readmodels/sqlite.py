"""The embedded document store: JSON documents in one SQLite file, with its change feed."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from eventlog.database import Database
from eventlog.envelope import Position
from readmodels import sqlite_pages as pages
from readmodels import sqlite_tables as tables
from readmodels.composition import Collection
from readmodels.query import Query, Where
from readmodels.store import (
    Change,
    Committed,
    Parked,
    Place,
    Progress,
    Select,
    ShapeChanged,
    Stored,
    Write,
)

D = TypeVar("D")

_PRUNE_EVERY_COMMITS = 200
QUICK_READS_MAX = 50


class SqliteStore:
    """The documents of one process.

    A commit that returned survives the process; after a loss of power the newest may be missing,
    and are folded again from the log. Each start is an epoch: a cursor of an epoch that lost
    its last commits leads to a reset, never to a gap.
    """

    reads_at_once = 1000
    """More than threads read the file: what is quick does not wait for what is slow."""

    def __init__(
        self, directory: Path, *, tell: Callable[[Committed], None] = lambda committed: None
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._tell = tell
        self._tables: dict[Collection[Any], tables.Table] = {}
        self._database = Database(
            directory / "documents.sqlite", durable=False, prepare=tables.add_functions
        )
        self._epoch = uuid4().hex[:12]
        self._mark = self._database.write_now(self._open)

    def _open(self, connection: sqlite3.Connection) -> int:
        for statement in tables.SCHEMA.split(";\n"):
            connection.execute(statement)
        mark = tables.read_mark(connection, "last")
        connection.execute("INSERT INTO epochs VALUES (?, ?)", (self._epoch, mark))
        return mark

    def close(self) -> None:
        """Finish what is being written."""
        self._database.close()

    @property
    def is_shared(self) -> bool:
        """The file is this process' alone."""
        return False

    async def progress(self, collection: Collection[Any]) -> Progress:
        """How far a prepared collection is by now."""
        name = self._tables[collection].name

        def look(connection: sqlite3.Connection) -> Progress:
            (is_built,) = connection.execute(
                "SELECT is_built FROM collections WHERE name = ?", (name,)
            ).fetchone()
            return Progress(tables.checkpoint_of(connection, name), bool(is_built))

        return await self._database.read(look)

    async def prepare(self, collection: Collection[Any]) -> Progress:
        """Make the collection and its indexes where missing. Raises ShapeChanged."""
        table = tables.Table(collection)

        def make(connection: sqlite3.Connection) -> Progress:
            row = connection.execute(
                "SELECT shape, is_built FROM collections WHERE name = ?", (table.name,)
            ).fetchone()
            if row is None:
                tables.make_table(connection, table)
            elif row[0] != table.shape:
                raise ShapeChanged(
                    f"the fields of {collection.name} are others than those stored: raise version= "
                    f"of its projection above {collection.version}, so that it is built anew"
                )
            tables.make_indexes(connection, table)
            checkpoint = tables.checkpoint_of(connection, table.name)
            tables.bury(connection, table, checkpoint)
            return Progress(checkpoint, bool(row and row[1]))

        progress = await self._database.write(make)
        self._tables[collection] = table
        return progress

    async def load(self, collection: Collection[D], ids: Sequence[str]) -> dict[str, Stored[D]]:
        """Those of the documents that were ever written, deleted ones among them."""
        table = self._tables[collection]

        def look(connection: sqlite3.Connection) -> dict[str, Stored[D]]:
            found: dict[str, Stored[D]] = {}
            for at in range(0, len(ids), 500):
                some = ids[at : at + 500]
                for id, body, revision, positions in connection.execute(
                    f"SELECT id, body, revision, positions FROM {table.sql} "
                    f"WHERE id IN ({', '.join('?' * len(some))})",
                    some,
                ):
                    found[id] = Stored(
                        table.document(body), revision, tables.decode_positions(positions)
                    )
            return found

        is_quick = len(ids) <= QUICK_READS_MAX
        return await (self._database.read_soon if is_quick else self._database.read)(look)

    async def commit(
        self,
        collection: Collection[D],
        writes: Sequence[Write[D]],
        *,
        checkpoint: Mapping[int, int] | None = None,
        park: Sequence[Parked] = (),
        unpark: Sequence[Parked] = (),
        is_built: bool = True,
    ) -> list[str]:
        """Write each document whose revision is still that of `before`; the losers' ids."""
        table = self._tables[collection]

        def write(connection: sqlite3.Connection) -> tuple[list[str], int]:
            mark = self._mark = self._mark + 1  # in the thread that all commits pass through
            losers = [
                each.id for each in writes if not tables.write_document(connection, table, each)
            ]
            lost = set(losers)
            if is_built:
                tables.record_changes(
                    connection, table, mark, [w for w in writes if w.id not in lost]
                )
            if not losers:
                tables.advance(connection, table, checkpoint or {}, is_built)
                tables.set_aside(connection, table, park, unpark)
            if mark % _PRUNE_EVERY_COMMITS == 0:
                tables.prune(connection)
            return losers, mark

        losers, mark = await self._database.write(write)
        if is_built:
            lost = set(losers)
            self._tell(
                Committed(
                    collection,
                    mark,
                    [
                        Change(w.id, w.before.document, w.document)
                        for w in writes
                        if w.id not in lost
                    ],
                    {} if losers else checkpoint or {},
                )
            )
        return losers

    async def parked(self, collection: Collection[Any]) -> list[Parked]:
        """What is set aside, in the order in which it was."""
        name = self._tables[collection].name

        def look(connection: sqlite3.Connection) -> list[Parked]:
            rows = connection.execute(
                "SELECT key, partition, offset, error FROM parked WHERE collection = ? "
                "ORDER BY place",
                (name,),
            )
            return [Parked(key, Position(part, offset), error) for key, part, offset, error in rows]

        return await self._database.read(look)

    async def get(self, collection: Collection[D], id: str) -> D | None:
        """The document, or None."""
        table = self._tables[collection]

        def look(connection: sqlite3.Connection) -> D | None:
            row = connection.execute(f"SELECT body FROM {table.sql} WHERE id = ?", (id,)).fetchone()
            return table.document(row[0]) if row else None

        return await self._database.read(look)

    async def find(self, collection: Collection[D], query: Query) -> list[D]:
        """At most `query.first` documents, in order."""
        table = self._tables[collection]

        def look(connection: sqlite3.Connection) -> list[D]:
            return [table.decode(body) for body in pages.bodies(connection, table, query)]

        return await self._database.read_soon(look)

    async def read(self, selects: Sequence[Select]) -> list[list[Any]]:
        """The rows of each, all in one snapshot."""
        asked = [(each, self._tables[each.collection]) for each in selects]

        def look(connection: sqlite3.Connection) -> list[list[Any]]:
            found: list[list[Any]] = []
            for each, table in asked:
                if each.id is None:
                    some = pages.bodies(connection, table, each.query)
                else:
                    some = pages.body(connection, table, each.id, each.query.where)
                found.append(each.part.list_from_json(f"[{','.join(some)}]") if some else [])
            return found

        if len(asked) > QUICK_READS_MAX:
            return await self._database.read(look)
        return await self._database.read_soon(look)

    async def count(self, collection: Collection[Any], where: Where) -> int:
        """How many documents the condition holds for."""
        table = self._tables[collection]
        return await self._database.read(lambda connection: pages.count(connection, table, where))

    async def snapshot(
        self, collection: Collection[D], where: Where, limit: int
    ) -> tuple[list[D], int]:
        """At most `limit` documents, and the mark of the last commit that they show."""
        look = self._page(collection, Query(where=where, first=limit), with_total=False)
        documents, _, mark = await self._database.read(look)
        return documents, mark

    async def page(
        self, collection: Collection[D], query: Query, *, with_total: bool = False
    ) -> tuple[list[D], int | None, int]:
        """As `find`, with how many there are in all if asked for, and the mark that it shows."""
        return await self._database.read_soon(self._page(collection, query, with_total=with_total))

    def _page(
        self, collection: Collection[D], query: Query, *, with_total: bool
    ) -> Callable[[sqlite3.Connection], tuple[list[D], int | None, int]]:
        table = self._tables[collection]

        def look(connection: sqlite3.Connection) -> tuple[list[D], int | None, int]:
            documents = [table.decode(body) for body in pages.bodies(connection, table, query)]
            total = pages.count(connection, table, query.where) if with_total else None
            return documents, total, tables.read_mark(connection, "last")

        return look

    def cursor(self, place: int | Place) -> str:
        """The mark with the epoch of this start: nothing is held back."""
        return f"{self._epoch}.{place if isinstance(place, int) else place.mark}"

    async def since(
        self, collection: Collection[D], cursor: str
    ) -> tuple[list[Change[D]], int] | None:
        """Each document changed after the cursor, as it was then and is now, and the new mark."""
        table = self._tables[collection]
        epoch, dot, digits = cursor.partition(".")
        if not (dot and digits.isascii() and digits.isdigit() and len(digits) < 18):
            raise ValueError(f"not a cursor of this store: {cursor[:60]!r}")
        after = int(digits)

        def look(connection: sqlite3.Connection) -> tuple[list[Change[D]], int] | None:
            if not tables.reaches(connection, epoch, after):
                return None
            return tables.changes_after(connection, table, after), tables.read_mark(
                connection, "last"
            )

        return await self._database.read(look)
