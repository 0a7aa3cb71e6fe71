"""What MongoDB does for a page and a count: keys in order, and no more documents than are shown."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pymongo import MongoClient

from readmodels.mongo_query import LIVE, key_of, order_by, selection
from readmodels.mongo_values import Fields
from readmodels.paging import page, paged
from readmodels.query import Query, Where, place, predicate, sorted_page
from readmodels.store import Store
from tests.contracts.mongo_engine import MongoEngine
from tests.readmodels.ledger import COUNTS, FIRST, PAGES, Entry, entries, fill

FIELDS = Fields(Entry)
SORTED = frozenset({"COLLSCAN", "SORT"})


class Ledger:
    """A store with entries, and its database."""

    def __init__(self, runner: asyncio.Runner, engine: MongoEngine, store: Store) -> None:
        self._runner = runner
        self._store = store
        client: MongoClient[dict[str, Any]] = MongoClient(engine.uri)
        self.database = client[engine.database]
        self.entries = runner.run(fill(store))

    def prepare(self) -> None:
        self._runner.run(self._store.prepare(entries))

    def find(self, query: Query) -> list[Entry]:
        return self._runner.run(self._store.find(entries, query))

    def count(self, where: Where) -> int:
        return self._runner.run(self._store.count(entries, where))

    def explained(self, command: dict[str, Any]) -> dict[str, Any]:
        """What the server did for the command."""
        told = self.database.command({"explain": command, "verbosity": "executionStats"})
        found = told.get("executionStats") or told["stages"][0]["$cursor"]["executionStats"]
        return dict(found)

    def page(self, query: Query) -> Iterator[dict[str, Any]]:
        """What it did for each read that the page takes."""
        found: list[dict[str, Any]] = []

        def read(each: Query) -> list[dict[str, Any]]:
            filter, order = selection(FIELDS, each.where), order_by(FIELDS, each.terms)
            asked = {"filter": filter, "sort": dict(order), "limit": each.first}
            found.append(self.explained({"find": "Entry_1", **asked}))
            return list(self.database["Entry_1"].find(filter, sort=order, limit=each.first))

        paged(page(query, lambda terms, row: key_of(FIELDS, terms, row)), read)
        yield from found


def stages(plan: dict[str, Any]) -> set[str]:
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return {plan["stage"]}.union(*map(stages, inner))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    engine = MongoEngine(Path(tmp_path_factory.mktemp("ledger")))
    with asyncio.Runner() as runner:
        shelf = Ledger(runner, engine, runner.run(engine.open()))
        yield shelf
        shelf.database.client.close()
        runner.run(engine.close())
        runner.run(engine.remove())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sought_and_not_sorted(ledger: Ledger, name: str) -> None:
    query = PAGES[name]
    whole = sorted_page(replace(query, first=len(ledger.entries)), ledger.entries)
    middle = replace(query, after=place(query, whole[len(whole) // 2]))
    for each in (query, middle):
        assert ledger.find(each) == sorted_page(each, ledger.entries)
        for done in ledger.page(each):
            assert not stages(done["executionStages"]) & SORTED
            assert done["totalDocsExamined"] <= 3 * (FIRST + 1)


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_reads_no_document(ledger: Ledger, name: str) -> None:
    where = COUNTS[name]
    expected = sum(map(predicate(where), ledger.entries))
    assert ledger.count(where) == expected
    counting = [{"$match": selection(FIELDS, where)}, {"$group": {"_id": 1, "n": {"$sum": 1}}}]
    done = ledger.explained({"aggregate": "Entry_1", "pipeline": counting, "cursor": {}})
    assert done["totalDocsExamined"] == 0


def test_an_index_of_the_release_before_is_made_anew(ledger: Ledger) -> None:
    of = ledger.database["Entry_1"]
    of.drop_index("by:note,id")
    of.create_index([("body.note", 1), ("_id", 1)], name="by:note,id")
    ledger.prepare()
    made = of.index_information()["by:note,id"]
    assert list(made["key"]) == [("body.note", 1), ("body.id", 1)]
    assert made["partialFilterExpression"] == LIVE
