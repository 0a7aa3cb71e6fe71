"""The demonstration of the README: CDNOW's purchases, imported, then asked for over the API."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from examples.cdnow import main as cdnow
from tests.alone import COMMERCE
from tests.crash.documents import documents_of
from tests.examples.test_cdnow_recount import check_recount
from tests.serving import Json, ProcessServer, headrace, running_server

SAMPLE = Path(__file__).parents[2] / "examples" / "data" / "CDNOW_sample.txt"


@dataclass
class Total:
    """Purchases added up from the file: how many, how many CDs, for how much."""

    orders: int = 0
    units: int = 0
    dollars: Decimal = Decimal(0)

    def add(self, units: int, dollars: Decimal) -> None:
        self.orders += 1
        self.units += units
        self.dollars += dollars


def totals(column: int) -> dict[str, Total]:
    """The file added up by one of its columns; nothing of the example is used for it."""
    found: dict[str, Total] = defaultdict(Total)
    for text in SAMPLE.read_text().splitlines():
        columns = text.split()
        found[columns[column]].add(int(columns[3]), Decimal(columns[4]))
    return dict(found)


async def all_of(server: ProcessServer, field: str, selection: str) -> dict[str, Json]:
    """Every document of a kind, page by page."""
    token = server.token("ann", "analyst")
    query = f"""query($after: Cursor) {{ page: {field}(first: 500, after: $after) {{
      totalCount nodes {{ id {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
    found: dict[str, Json] = {}
    after: str | None = None
    while True:
        page = (await server.data(query, {"after": after}, token))["page"]
        found |= {each["id"]: each for each in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found


def as_total(document: Json, dollars: str) -> Total:
    return Total(document["orders"], document["units"], Decimal(document[dollars]))


async def test_the_answers_of_the_api_equal_the_file(tmp_path: Path, capsys: Any) -> None:
    assert cdnow([str(SAMPLE)]) == 0
    (tmp_path / "commands.jsonl").write_text(capsys.readouterr().out)
    arguments = (str(tmp_path / "commands.jsonl"), "--data", str(tmp_path / "data"))
    status, output, errors = await headrace("import", *arguments, MODEL=COMMERCE)
    assert status == 0, errors
    assert output.startswith("6,919 commands accepted, 0 of them were there before; 0 refused")
    check_recount(SAMPLE, await documents_of(tmp_path / "data"))

    customers, days = totals(1), totals(2)
    assert len(customers) == 2_357
    async with running_server(tmp_path / "data") as server:
        histories = await all_of(server, "customerHistories", "orders units spent")
        assert {id: as_total(each, "spent") for id, each in histories.items()} == customers

        sales = await all_of(server, "salesDays", "orders units revenue")
        by_date = {id.replace("-", ""): as_total(each, "revenue") for id, each in sales.items()}
        assert by_date == days

        best = max(customers, key=lambda each: customers[each].dollars)
        query = """{ customerHistories(first: 1, orderBy: [{ field: SPENT, direction: DESC }]) {
          nodes { id spent purchases(first: 500) { totalCount nodes { units total } } } } }"""
        (found,) = (await server.data(query, token=server.token("ann", "analyst", "clerk")))[
            "customerHistories"
        ]["nodes"]
        assert (found["id"], Decimal(found["spent"])) == (best, customers[best].dollars)
        assert found["purchases"]["totalCount"] == customers[best].orders
        bought = found["purchases"]["nodes"]
        assert sum(each["units"] for each in bought) == customers[best].units
        assert sum(Decimal(each["total"]) for each in bought) == customers[best].dollars
