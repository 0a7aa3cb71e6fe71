"""The values of a document's lists one by one, in a table beside it that triggers keep.

SQLite has no index into a list, so whoever asks for the documents whose list holds a value would
read them all. Here (value, id) is the key.
"""

import sqlite3
from collections.abc import Mapping


def make_lists(connection: sqlite3.Connection, of: str, lists: Mapping[str, str]) -> None:
    """Make and fill the tables of these fields beside the table `of`, and drop all others."""
    present = _present(connection, of)
    for name in present - set(lists.values()):
        _drop(connection, name)
    for field, name in lists.items():
        if name not in present:
            _make(connection, of, field, name)


def drop_lists(connection: sqlite3.Connection, of: str) -> None:
    """Drop all the tables beside the table `of`."""
    for name in _present(connection, of):
        _drop(connection, name)


def _present(connection: sqlite3.Connection, of: str) -> set[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, ?) = ?",
        (len(of) + 1, f"{of}:"),
    )
    return {name for (name,) in rows}


def _drop(connection: sqlite3.Connection, name: str) -> None:
    for event in ("insert", "update", "delete"):
        connection.execute(f'DROP TRIGGER IF EXISTS "{name}:{event}"')
    connection.execute(f'DROP TABLE "{name}"')


def _make(connection: sqlite3.Connection, of: str, field: str, name: str) -> None:
    path = f"'$.{field}'"
    add = (
        f'INSERT INTO "{name}" SELECT DISTINCT value, NEW.id FROM json_each(NEW.body, {path}) '
        "WHERE value IS NOT NULL"
    )
    remove = (
        f'DELETE FROM "{name}" WHERE id = OLD.id '
        f"AND value IN (SELECT value FROM json_each(OLD.body, {path}))"
    )
    changed = f"json_extract(OLD.body, {path}) IS NOT json_extract(NEW.body, {path})"
    connection.execute(
        f'CREATE TABLE "{name}" (value, id TEXT, PRIMARY KEY (value, id)) WITHOUT ROWID'
    )
    connection.execute(
        f'INSERT INTO "{name}" SELECT DISTINCT e.value, d.id '
        f'FROM "{of}" d, json_each(d.body, {path}) e WHERE e.value IS NOT NULL ORDER BY 1, 2'
    )
    for event, when, work in (
        ("insert", "", add),
        ("update", f"WHEN {changed}", f"{remove}; {add}"),
        ("delete", "", remove),
    ):
        connection.execute(
            f'CREATE TRIGGER "{name}:{event}" AFTER {event.upper()} ON "{of}" {when} '
            f"BEGIN {work}; END"
        )
