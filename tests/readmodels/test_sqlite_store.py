"""What the embedded store does beyond the contract: indexes that serve, history that is bounded."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from msgspec import json

from eventlog.database import Database
from readmodels import sqlite_query, sqlite_tables
from readmodels.model import index
from readmodels.query import By, Compare, Query, place
from readmodels.sortable import decimal_key, instant_key
from readmodels.sqlite import SqliteStore
from readmodels.sqlite_pages import select
from readmodels.sqlite_query import Fields
from readmodels.store import MISSING, Stored, Write
from tests.contracts.stores import AT, Colour, Grade, Thing, collection_of
from tests.readmodels.questions import VALUES

FIELDS: dict[str, Any] = {
    "name": "a",
    "count": 1,
    "ratio": 0.5,
    "is_open": True,
    "amount": Decimal("1.5"),
    "at": AT,
    "day": AT.date(),
    "colour": Colour.RED,
    "grade": Grade.HIGH,
}
INDEXED = collection_of(
    Thing, indexes=(*(index(name) for name in FIELDS), index("colour", "amount"))
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path)
    await store.prepare(INDEXED)
    yield store
    store.close()


@pytest.fixture
def file(store: SqliteStore, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "documents.sqlite")) as connection:
        sqlite_tables.add_functions(connection)
        yield connection


def plan(file: sqlite3.Connection, query: Query) -> str:
    sql, values = select(sqlite_tables.Table(INDEXED), query)
    return "; ".join(row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {sql}", values))


def indexes(file: sqlite3.Connection) -> dict[str, str]:
    rows = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
    return {name: sql for name, sql in rows if name.startswith("Thing_1")}


@pytest.mark.parametrize("field", FIELDS)
def test_a_declared_index_serves_what_is_filtered_and_sorted_by_it(
    file: sqlite3.Connection, field: str
) -> None:
    served = f"USING INDEX Thing_1_by_{field}"
    value = FIELDS[field]
    assert served in plan(file, Query(where=Compare(field, "eq", value)))
    for descending in (False, True):
        order = (By(field, descending), By("id", descending))
        assert plan(file, Query(order=order)) == f"SCAN Thing_1 {served}"
        found = plan(file, Query(where=Compare(field, "gte", value), order=order))
        assert found == f"SEARCH Thing_1 {served} (<expr>>?)"


def test_a_prefix_is_found_by_the_index(file: sqlite3.Connection) -> None:
    found = plan(file, Query(where=Compare("name", "startsWith", "ab"), order=(By("name"),)))
    assert found == "SEARCH Thing_1 USING INDEX Thing_1_by_name (<expr>>? AND <expr><?)"


def test_an_index_of_two_fields_serves_both(file: sqlite3.Connection) -> None:
    query = Query(where=Compare("colour", "eq", Colour.RED), order=(By("amount"),))
    assert plan(file, query) == ("SEARCH Thing_1 USING INDEX Thing_1_by_colour,amount (<expr>=?)")


async def test_indexes_whose_names_run_together_are_all_made(
    store: SqliteStore, file: sqlite3.Connection
) -> None:
    both = (index("name", "count"), index("name"), index("count", "name"))
    await store.prepare(collection_of(Thing, indexes=both))
    assert set(indexes(file)) == {
        "Thing_1_by_name,count",
        "Thing_1_by_name",
        "Thing_1_by_count,name",
    }


def as_text(fields: Fields, field: str) -> str:
    """How the code of yesterday might have sorted."""
    return f"json_extract(body, '$.{field}')"


async def test_an_index_is_made_anew_where_its_expression_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_amount = collection_of(Thing, indexes=(index("amount"),))
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_query.Fields, "expression", as_text)
        store = SqliteStore(tmp_path)
        await store.prepare(by_amount)
        store.close()
    store = SqliteStore(tmp_path)
    await store.prepare(by_amount)
    store.close()
    with closing(sqlite3.connect(tmp_path / "documents.sqlite")) as connection:
        assert "decimal_key" in indexes(connection)["Thing_1_by_amount"]


async def test_a_list_is_indexed_over_what_is_there_already_and_no_longer_where_none_is_declared(
    store: SqliteStore, file: sqlite3.Connection
) -> None:
    held = Compare("owners", "contains", "ann")
    await store.commit(INDEXED, [Write("one", MISSING, Thing(id="one", owners=("ann",)), {})])
    by_owner = collection_of(Thing, indexes=(index("owners"), index("name")))
    await store.prepare(by_owner)
    assert file.execute('SELECT value, id FROM "Thing_1:owners"').fetchall() == [("ann", "one")]
    assert await store.count(by_owner, held) == 1
    await store.prepare(INDEXED)
    assert file.execute("SELECT 1 FROM sqlite_master WHERE type = 'trigger'").fetchall() == []
    assert await store.count(INDEXED, held) == 1


async def test_the_values_of_a_list_go_with_the_version_that_was_taken_over(
    store: SqliteStore, file: sqlite3.Connection
) -> None:
    old, new = (collection_of(Thing, version, (index("owners"),)) for version in (2, 3))
    for each in (old, new):
        await store.prepare(each)
        await store.commit(each, [Write("one", MISSING, Thing(id="one", owners=("ann",)), {})])
    tables = file.execute("SELECT name FROM sqlite_master WHERE name LIKE 'Thing%:owners'")
    assert tables.fetchall() == [("Thing_3:owners",)]


async def test_the_history_of_changes_is_bounded(
    store: SqliteStore, file: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_tables, "HISTORY_CHANGES_MAX", 100)
    before: Stored[Thing] = MISSING
    for number in range(1000):
        after = Thing(id="one", count=number)
        assert await store.commit(INDEXED, [Write("one", before, after, {})]) == []
        before = Stored(after, before.revision + 1, {})
    (kept,) = file.execute("SELECT count(*) FROM changes").fetchone()
    assert 100 <= kept <= 300


async def test_a_page_after_a_document_seeks_its_place(file: sqlite3.Connection) -> None:
    thing = Thing(id="one", at=AT, name="a")
    query = Query(order=(By("at"),))
    found = plan(file, Query(order=query.order, after=place(query, thing)))
    assert "USING INDEX Thing_1_by_at" in found
    assert "TEMP B-TREE" not in found


async def test_a_file_that_cannot_be_opened_is_left_closed(tmp_path: Path) -> None:
    database = Database(tmp_path / "one.sqlite", durable=True)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.write_now(lambda connection: connection.execute("SELECT * FROM nowhere"))
    with pytest.raises(RuntimeError, match="shutdown"):
        await database.read(lambda connection: None)


@settings(max_examples=500)
@given(VALUES["amount"], VALUES["amount"])
@example(Decimal(-1), Decimal("-1.5"))
@example(Decimal("-1.05"), Decimal("-1.5"))
@example(Decimal("9.99"), Decimal(10))
@example(Decimal("1E+999999"), Decimal("-1E-999999"))
def test_the_key_of_an_amount_sorts_as_the_amount_does(one: Decimal, other: Decimal) -> None:
    mine, theirs = str(decimal_key(str(one))), str(decimal_key(str(other)))
    assert (mine < theirs, mine == theirs) == (one < other, one == other)


@given(VALUES["at"], VALUES["at"])
@example(AT, AT.replace(microsecond=1))
def test_the_key_of_an_instant_sorts_as_the_instant_does(one: datetime, other: datetime) -> None:
    mine, theirs = (str(instant_key(json.decode(json.encode(each)))) for each in (one, other))
    assert (mine < theirs, mine == theirs) == (one < other, one == other)
