"""The embedded store's tables: documents, checkpoints, what is parked, and recent changes."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from readmodels.composition import Collection
from readmodels.indexing import list_fields, owner_lists
from readmodels.sortable import decimal_key, instant_key
from readmodels.sqlite_lists import drop_lists, make_lists
from readmodels.sqlite_query import Fields
from readmodels.store import Change, Parked, Write

HISTORY_CHANGES_MAX = 100_000
"""How many changes a cursor may lie behind before its history is gone, at least."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (
    name TEXT PRIMARY KEY, shape TEXT NOT NULL, is_built INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS checkpoints (
    collection TEXT, partition INTEGER, offset INTEGER NOT NULL,
    PRIMARY KEY (collection, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parked (
    place INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL,
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, error TEXT NOT NULL,
    UNIQUE (collection, key, partition, offset)
);
CREATE TABLE IF NOT EXISTS changes (
    place INTEGER PRIMARY KEY, collection TEXT NOT NULL, mark INTEGER NOT NULL,
    id TEXT NOT NULL, before TEXT
);
CREATE INDEX IF NOT EXISTS changes_by_mark ON changes (collection, mark);
CREATE TABLE IF NOT EXISTS epochs (epoch TEXT PRIMARY KEY, first_mark INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, mark INTEGER NOT NULL);
"""

LIVE = "body IS NOT NULL"
"""Not deleted. Every index is over these alone, so it tells without a look at the table."""

decode_positions = msgspec.json.Decoder(dict[int, int]).decode
_encode = msgspec.json.Encoder().encode


class Table:
    """A collection's table, and how its documents are read and bound."""

    def __init__(self, collection: Collection[Any]) -> None:
        self.name = f"{collection.name}_{collection.version}"
        self.sql = f'"{self.name}"'
        self.lists = _lists(self.name, collection)
        """The fields whose values stand one by one in a table of their own, and its name."""
        self.indexes = _indexes(self.name, collection)
        """The fields of each index, by its name; one over the id where there is no other."""
        self.fields = Fields(
            collection.document, {field: f'"{name}"' for field, name in self.lists.items()}
        )
        self.decode: Callable[[str], Any] = msgspec.json.Decoder(collection.document).decode
        self.shape = _shape(collection.document)
        self.statements: dict[tuple[Any, ...], str] = {}
        """The statements of pages, by what is asked of which fields in which order."""

    def document(self, body: str | None) -> Any:
        return None if body is None else self.decode(body)


def _lists(name: str, collection: Collection[Any]) -> dict[str, str]:
    lists = list_fields(collection.document)
    named = [field for index in collection.indexes for field in index.fields if field in lists]
    return {field: f"{name}:{field}" for field in named + owner_lists(collection.document)}


def _indexes(name: str, collection: Collection[Any]) -> dict[str, tuple[str, ...]]:
    lists = list_fields(collection.document)
    plain = [tuple(f for f in index.fields if f not in lists) for index in collection.indexes]
    wanted = [each for each in plain if each] or [()]
    return {f"{name}_by_{','.join(each)}": each for each in wanted}


def _shape(document: type[Any]) -> str:
    """The fields as JSON schema, without the sentences: to say it better changes no document."""
    schema = msgspec.json.schema(document)
    for definition in schema["$defs"].values():
        definition.pop("title", None)
        definition.pop("description", None)
    return _encode(schema).decode()


def add_functions(connection: sqlite3.Connection) -> None:
    """The functions that `Fields.expression` calls. One that raised would stop every write."""
    connection.create_function("decimal_key", 1, decimal_key, deterministic=True)
    connection.create_function("instant_key", 1, instant_key, deterministic=True)


def read_mark(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT mark FROM marks WHERE name = ?", (name,)).fetchone()
    return row[0] if row else 0


def make_table(connection: sqlite3.Connection, table: Table) -> None:
    connection.execute(
        f"CREATE TABLE {table.sql} (id TEXT PRIMARY KEY, body TEXT, "
        "revision INTEGER NOT NULL, positions TEXT NOT NULL)"
    )
    connection.execute("INSERT INTO collections VALUES (?, ?, 0)", (table.name, table.shape))


def make_indexes(connection: sqlite3.Connection, table: Table) -> None:
    """Make the declared indexes, and drop those that are declared no more, or differently."""
    wanted: dict[str, str] = {}
    for name, fields in table.indexes.items():
        terms = ", ".join(table.fields.expression(field) for field in (*fields, "id"))
        wanted[name] = f'CREATE INDEX "{name}" ON {table.sql} ({terms}) WHERE {LIVE}'
    present = dict(
        connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? "
            "AND sql IS NOT NULL",
            (table.name,),
        ).fetchall()
    )
    for name, sql in present.items():
        if wanted.get(name) != sql:
            connection.execute(f'DROP INDEX "{name}"')
    for name, sql in wanted.items():
        if present.get(name) != sql:
            connection.execute(sql)
    make_lists(connection, table.name, table.lists)


def checkpoint_of(connection: sqlite3.Connection, name: str) -> dict[int, int]:
    return dict(
        connection.execute(
            "SELECT partition, offset FROM checkpoints WHERE collection = ?", (name,)
        ).fetchall()
    )


def bury(connection: sqlite3.Connection, table: Table, checkpoint: Mapping[int, int]) -> None:
    """Remove deleted documents whose events the checkpoint has passed: none comes again."""
    graves = connection.execute(
        f"SELECT id, positions FROM {table.sql} WHERE body IS NULL"
    ).fetchall()
    for id, positions in graves:
        seen = decode_positions(positions)
        if all(checkpoint.get(partition, -1) >= offset for partition, offset in seen.items()):
            connection.execute(f"DELETE FROM {table.sql} WHERE id = ?", (id,))


def write_document(connection: sqlite3.Connection, table: Table, write: Write[Any]) -> bool:
    body = None if write.document is None else _encode(write.document).decode()
    positions = _encode(write.positions).decode()
    revision = write.before.revision
    if revision:
        done = connection.execute(
            f"UPDATE {table.sql} SET body = ?, revision = ?, positions = ? "
            "WHERE id = ? AND revision = ?",
            (body, revision + 1, positions, write.id, revision),
        )
    else:
        done = connection.execute(
            f"INSERT INTO {table.sql} VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING",
            (write.id, body, positions),
        )
    return done.rowcount == 1


def record_changes(
    connection: sqlite3.Connection, table: Table, mark: int, writes: Sequence[Write[Any]]
) -> None:
    connection.execute("INSERT OR REPLACE INTO marks VALUES ('last', ?)", (mark,))
    connection.executemany(
        "INSERT INTO changes (collection, mark, id, before) VALUES (?, ?, ?, ?)",
        [
            (
                table.name,
                mark,
                each.id,
                None if each.before.document is None else _encode(each.before.document).decode(),
            )
            for each in writes
        ],
    )


def advance(
    connection: sqlite3.Connection, table: Table, checkpoint: Mapping[int, int], is_built: bool
) -> None:
    connection.executemany(
        "INSERT INTO checkpoints VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
        "SET offset = max(offset, excluded.offset)",
        [(table.name, partition, offset) for partition, offset in checkpoint.items()],
    )
    if is_built:
        done = connection.execute(
            "UPDATE collections SET is_built = 1 WHERE name = ? AND is_built = 0", (table.name,)
        )
        if done.rowcount:
            _retire_others(connection, table)


def _retire_others(connection: sqlite3.Connection, table: Table) -> None:
    """Drop the versions of the collection that this one has taken over from."""
    for (name,) in connection.execute("SELECT name FROM collections").fetchall():
        if name != table.name and name.rpartition("_")[0] == table.name.rpartition("_")[0]:
            drop_lists(connection, name)
            connection.execute(f'DROP TABLE "{name}"')
            connection.execute("DELETE FROM collections WHERE name = ?", (name,))
            for kept in ("checkpoints", "parked", "changes"):
                connection.execute(f"DELETE FROM {kept} WHERE collection = ?", (name,))


def set_aside(
    connection: sqlite3.Connection,
    table: Table,
    park: Sequence[Parked],
    unpark: Sequence[Parked],
) -> None:
    """Park and unpark; what is both keeps its place, with the new error."""
    again = {_parked_at(table, each): each for each in park}
    for each in unpark:
        at = _parked_at(table, each)
        if at in again:
            connection.execute(f"UPDATE parked SET error = ? WHERE {_AT}", (again[at].error, *at))
        else:
            connection.execute(f"DELETE FROM parked WHERE {_AT}", at)
    connection.executemany(
        "INSERT OR IGNORE INTO parked (collection, key, partition, offset, error) "
        "VALUES (?, ?, ?, ?, ?)",
        [(*_parked_at(table, each), each.error) for each in park],
    )


_AT = "collection = ? AND key = ? AND partition = ? AND offset = ?"


def _parked_at(table: Table, each: Parked) -> tuple[str, str, int, int]:
    return table.name, each.key, each.position.partition, each.position.offset


def prune(connection: sqlite3.Connection) -> None:
    """Forget the oldest changes, and remember up to which mark they are forgotten."""
    (last,) = connection.execute("SELECT max(place) FROM changes").fetchone()
    oldest = (last or 0) - HISTORY_CHANGES_MAX
    (mark,) = connection.execute(
        "SELECT max(mark) FROM changes WHERE place <= ?", (oldest,)
    ).fetchone()
    if mark is not None:
        connection.execute("DELETE FROM changes WHERE place <= ?", (oldest,))
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('forgotten', ?)", (mark,))


def reaches(connection: sqlite3.Connection, epoch: str, after: int) -> bool:
    """Whether all that was committed after a cursor is still known."""
    row = connection.execute(
        "SELECT rowid, first_mark FROM epochs WHERE epoch = ?", (epoch,)
    ).fetchone()
    if row is None or after < read_mark(connection, "forgotten"):
        return False
    following = connection.execute(
        "SELECT first_mark FROM epochs WHERE rowid > ? ORDER BY rowid LIMIT 1", (row[0],)
    ).fetchone()
    end = following[0] if following else read_mark(connection, "last")
    return bool(after <= end)


def changes_after(connection: sqlite3.Connection, table: Table, after: int) -> list[Change[Any]]:
    rows = connection.execute(
        f"SELECT c.id, c.before, d.body FROM changes c LEFT JOIN {table.sql} d ON d.id = c.id "
        "WHERE c.place IN (SELECT min(place) FROM changes WHERE collection = ? AND mark > ? "
        "GROUP BY id) ORDER BY c.place",
        (table.name, after),
    )
    return [Change(id, table.document(before), table.document(after)) for id, before, after in rows]
