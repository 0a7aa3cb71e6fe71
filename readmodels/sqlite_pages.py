"""Pages and counts of the embedded store, each read where its index has it."""

import sqlite3
from collections.abc import Iterable
from typing import Any, cast

from readmodels.indexing import (
    apart,
    conjuncts,
    fields_of,
    leading,
    ordered_branches,
    sought,
)
from readmodels.paging import is_turned, page, paged
from readmodels.query import Compare, Query, Where
from readmodels.sqlite_query import Sql, condition
from readmodels.sqlite_tables import LIVE, Table

STATEMENTS_MAX = 1000
_ALIKE = frozenset({"eq", "gt", "gte", "lt", "lte"})
"""Operators whose SQL is the same whatever the value, if it is one."""


def bodies(connection: sqlite3.Connection, table: Table, query: Query) -> list[str]:
    """The documents of a page as JSON, in order."""
    if query.after is None and not is_turned(query):
        return [row[0] for row in connection.execute(*_prepared(table, query))]

    def read(each: Query) -> list[tuple[Any, ...]]:
        return connection.execute(*select(table, each)).fetchall()

    return [row[0] for row in paged(page(query, lambda _, row: row[1:-1]), read)]


def _prepared(table: Table, query: Query) -> Sql:
    """The statement for a page from the beginning; its text is kept for those that are alike."""
    compared = list(conjuncts(query.where))
    if not all(
        isinstance(each, Compare) and each.operator in _ALIKE and each.value is not None
        for each in compared
    ):
        return select(table, query)
    alike = cast("list[Compare]", compared)
    key = (query.order, *((each.field, each.operator) for each in alike))
    sql = table.statements.get(key)
    if sql is None:
        if len(table.statements) >= STATEMENTS_MAX:
            table.statements.clear()
        sql = table.statements[key] = select(table, query)[0]
    return sql, [*(table.fields.bound(each.field, each.value) for each in alike), query.first]


def body(connection: sqlite3.Connection, table: Table, id: str, where: Where) -> list[str]:
    """The document of that id as JSON, if the condition holds for it."""
    sql, values = condition(table.fields, where)
    found = connection.execute(
        f"SELECT body FROM {table.sql} WHERE id = ? AND {LIVE} AND ({sql})", [id, *values]
    )
    return [each for (each,) in found]


def select(table: Table, query: Query) -> Sql:
    """The statement for a page's stretch: each body, and the values that it is sorted by.

    Where the condition falls apart into parts that an index has in order, SQLite merges them.
    """
    terms = query.terms
    columns = ", ".join(["body", *(table.fields.expression(by.field) for by in terms)])
    parts = [
        condition(table.fields, each) for each in ordered_branches(table.indexes.values(), query)
    ]
    found = " UNION ALL ".join(
        f"SELECT {columns} FROM {table.sql} WHERE {LIVE} AND ({sql})" for sql, _ in parts
    )
    order = ", ".join(
        f"{at} {'DESC' if by.descending else 'ASC'}" for at, by in enumerate(terms, 2)
    )
    values = [value for _, some in parts for value in some]
    return f"{found} ORDER BY {order} LIMIT ?", [*values, query.first]


def count(connection: sqlite3.Connection, table: Table, where: Where) -> int:
    """How many documents the condition holds for."""
    total = 0
    for sql, values in counts(table, where):
        (number,) = connection.execute(sql, values).fetchone()
        total += number
    return total


def counts(table: Table, where: Where) -> list[Sql]:
    """The statements whose counts add up.

    An index that has all the fields of the condition is counted in: then no document is read. Else
    what an index finds is read, and without one the whole table, as it lies in the file.
    """
    match list(conjuncts(where)):
        case [Compare(operator="contains", field=field, value=value)] if field in table.lists:
            sql = f"SELECT count(*) FROM {table.fields.lists[field]} WHERE value = ?"
            return [(sql, [table.fields.bound(field, value)])]
        case _:
            pass
    index = _covering(table, where)
    if index is not None:
        return [_count(table, f'INDEXED BY "{index}"', where)]
    if _is_sought(table, conjuncts(where)):
        return [_count(table, "", where)]
    parts = apart(where, lambda one, _: _is_sought(table, conjuncts(one)))
    if len(parts) == 1:
        return [_count(table, "NOT INDEXED", where)]
    return [each for part in parts for each in counts(table, part)]


def _count(table: Table, by: str, where: Where) -> Sql:
    sql, values = condition(table.fields, where)
    return f"SELECT count(*) FROM {table.sql} {by} WHERE {LIVE} AND ({sql})", values


def _covering(table: Table, where: Where) -> str | None:
    """The index to count in: it has all the fields, and begins with what is sought, if any does."""
    fields = fields_of(where)
    seeks = sought(conjuncts(where))
    if "id" in seeks:
        return None
    covering = {
        name: len(leading(each, seeks))
        for name, each in table.indexes.items()
        if fields <= {*each, "id"}
    }
    if not covering or (_is_sought(table, conjuncts(where)) and not any(covering.values())):
        return None
    return max(covering, key=lambda name: (covering[name], -len(table.indexes[name])))


def _is_sought(table: Table, parts: Iterable[Where]) -> bool:
    """Whether some index begins with what one of the conditions is about."""
    some = list(parts)
    heads = {"id", *(each[0] for each in table.indexes.values() if each)}
    lists = {
        each.field for each in some if isinstance(each, Compare) and each.operator == "contains"
    }
    return bool(heads & sought(some) or lists & table.fields.lists.keys())
