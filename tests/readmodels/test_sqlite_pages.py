"""What SQLite does for a page and a count: it seeks, and neither sorts nor reads what it counts."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from msgspec.structs import replace

from readmodels import sqlite_tables
from readmodels.paging import page, paged
from readmodels.query import (
    Compare,
    Or,
    Query,
    Where,
    place,
    predicate,
    sorted_page,
)
from readmodels.sqlite import SqliteStore
from readmodels.sqlite_pages import counts, select
from readmodels.sqlite_tables import Table
from tests.readmodels.ledger import COUNTS, PAGES, Entry, entries, fill

TABLE = Table(entries)


class Ledger:
    """A store with entries, and its file."""

    def __init__(self, runner: asyncio.Runner, store: SqliteStore, file: sqlite3.Connection):
        self._runner = runner
        self._store = store
        self.file = file
        self.entries = runner.run(fill(store))

    def find(self, query: Query) -> list[Entry]:
        return self._runner.run(self._store.find(entries, query))

    def count(self, where: Where) -> int:
        return self._runner.run(self._store.count(entries, where))

    def plans(self, query: Query) -> Iterator[str]:
        """The plan of each statement that the page takes."""
        found: list[str] = []

        def read(each: Query) -> list[tuple[object, ...]]:
            sql, values = select(TABLE, each)
            rows = self.file.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            found.append("; ".join(row[3] for row in rows))
            return self.file.execute(sql, values).fetchall()

        paged(page(query, lambda _, row: row[1:-1]), read)
        yield from found

    def reads_documents(self, where: Where) -> bool:
        """Whether the count takes anything from the table itself."""
        root = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (table,) = self.file.execute(root, (TABLE.name,)).fetchone()
        for sql, values in counts(TABLE, where):
            steps = self.file.execute(f"EXPLAIN {sql}", values).fetchall()
            opened = {step[2] for step in steps if step[1] == "OpenRead" and step[3] == table}
            if any(
                step[1] in ("Column", "Rowid", "Rewind") and step[2] in opened for step in steps
            ):
                return True
        return False


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    directory = tmp_path_factory.mktemp("ledger")
    store = SqliteStore(directory)
    file = sqlite3.connect(directory / "documents.sqlite")
    with asyncio.Runner() as runner, closing(store), closing(file):
        sqlite_tables.add_functions(file)
        yield Ledger(runner, store, file)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sought_and_not_sorted(ledger: Ledger, name: str) -> None:
    query = PAGES[name]
    whole = sorted_page(replace(query, first=len(ledger.entries)), ledger.entries)
    middle = replace(query, after=place(query, whole[len(whole) // 2]))
    for each in (query, middle):
        assert ledger.find(each) == sorted_page(each, ledger.entries)
        for plan in ledger.plans(each):
            assert "USING INDEX" in plan
            assert "TEMP B-TREE" not in plan
            assert each.after is None or "SCAN" not in plan


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_reads_no_document(ledger: Ledger, name: str) -> None:
    where = COUNTS[name]
    expected = sum(map(predicate(where), ledger.entries))
    assert ledger.count(where) == expected
    assert not ledger.reads_documents(where)


def test_a_count_over_two_indexes_reads_what_they_find(ledger: Ledger) -> None:
    where = Or((Compare("status", "eq", "OPEN"), Compare("payee", "eq", "user-7")))
    expected = sum(map(predicate(where), ledger.entries))
    assert ledger.count(where) == expected
    for sql, values in counts(TABLE, where):
        plan = [row[3] for row in ledger.file.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert all("SEARCH" in step for step in plan)
