"""CDNOW's purchases as commands, and the documents that they come to."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from domain.commerce.order_messages import OrderEvent, RecordSale
from domain.commerce.orders import orders
from examples.cdnow import Malformed, commands, main, purchases
from readmodels.commerce.customer_history import customer_histories
from readmodels.commerce.sales_day import sales_days
from readmodels.commerce.sales_hour import sales_hours
from readmodels.model import Projection

EXCERPT = Path(__file__).with_name("cdnow_excerpt.txt")
SAMPLE = Path(__file__).parents[2] / "examples/data/CDNOW_sample.txt"
LINE = " 00004 0001 19970101  2   29.33"

D = TypeVar("D")
Totals = dict[str, tuple[int, int, Decimal]]


def totals(path: Path, *columns: int) -> Totals:
    """Orders, CDs and dollars, read from the file itself, by the text of some columns."""
    found: dict[str, tuple[int, int, Decimal]] = defaultdict(lambda: (0, 0, Decimal(0)))
    for row in path.read_text().split("\n"):
        if cells := row.split():
            key = "".join(cells[each] for each in columns)
            count, cds, dollars = found[key]
            found[key] = (count + 1, cds + int(cells[3]), dollars + Decimal(cells[4]))
    return dict(found)


def recorded(path: Path) -> list[OrderEvent]:
    """The events that the commands of the file give, each on its own order."""
    events: list[OrderEvent] = []
    with path.open() as lines:
        for each in commands(lines):
            given: Any = each["input"]
            command = RecordSale(
                order=given["order"],
                customer=given["customer"],
                units=given["units"],
                amount=Decimal(given["amount"]),
                at=datetime.fromisoformat(str(each["at"])),
                by="importer",
            )
            events += orders.decide(command, orders.initial())
    return events


def folded(projection: Projection[Any, D], events: Iterable[OrderEvent]) -> dict[str, D]:
    documents: dict[str, Any] = {}
    for event in events:
        for key in projection.keys(event):
            documents[key] = projection.evolve(documents.get(key), event)
    return documents


@pytest.mark.parametrize("path", [EXCERPT, SAMPLE], ids=["excerpt", "sample"])
def test_the_documents_equal_the_file_per_customer_and_per_day(path: Path) -> None:
    events = recorded(path)
    by_customer = {
        id: (each.orders, each.units, each.spent)
        for id, each in folded(customer_histories, events).items()
    }
    assert by_customer == totals(path, 1)
    days = folded(sales_days, events)
    by_day = {
        id.replace("-", ""): (each.orders, each.units, each.revenue) for id, each in days.items()
    }
    assert by_day == totals(path, 2)
    hours = folded(sales_hours, events).values()
    assert sum(each.revenue for each in hours) == sum(each.revenue for each in days.values())


def test_the_sample_is_the_one_that_was_published() -> None:
    assert totals(SAMPLE) == {"": (6919, 16479, Decimal("244091.94"))}
    assert len(totals(SAMPLE, 1)) == 2357


def test_a_purchase_becomes_a_sale_at_midnight_of_its_day() -> None:
    assert list(commands([LINE])) == [
        {
            "at": "1997-01-01T00:00:00Z",
            "command": "RecordSale",
            "input": {
                "order": "cdnow-00004-0001-1997-01-01-1",
                "customer": "0001",
                "units": 2,
                "amount": "29.33",
            },
            "commandId": "record-cdnow-00004-0001-1997-01-01-1",
        }
    ]


def test_every_purchase_has_its_own_ids_and_always_the_same() -> None:
    with SAMPLE.open() as lines:
        first = list(commands(lines))
    with SAMPLE.open() as lines:
        assert list(commands(lines)) == first
    assert len({str(each["commandId"]) for each in first}) == 6919
    assert len({json.dumps(each["input"]) for each in first}) == 6919


def test_two_equal_purchases_on_one_day_stay_two() -> None:
    ids = [each["commandId"] for each in commands([LINE, LINE])]
    assert ids == [
        "record-cdnow-00004-0001-1997-01-01-1",
        "record-cdnow-00004-0001-1997-01-01-2",
    ]


def test_the_commands_stand_in_the_order_of_time() -> None:
    with SAMPLE.open() as lines:
        times = [str(each["at"]) for each in commands(lines)]
    assert times == sorted(times)
    assert times[0] == "1997-01-01T00:00:00Z"
    assert times[-1] == "1998-06-30T00:00:00Z"


def test_blank_lines_are_no_purchases() -> None:
    (only,) = purchases(["", LINE + "\r\n", "  \n"])
    assert only.at == datetime(1997, 1, 1, tzinfo=UTC)
    assert only.dollars == Decimal("29.33")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("00004 0001 19970101 2", "line 2: 4 columns"),
        (" 00004 0001 19970101  2   29.33 x", "line 2: 6 columns"),
        (" 00004 0001 19970231  2   29.33", "line 2: the date '19970231'"),
        (" 00004 0001 1997-1-1  2   29.33", "line 2: the date"),
        (" 00004 0001 199711  2   29.33", "line 2: the date"),
        (" 00004 0001 19970101  2.5 29.33", "line 2: the number of CDs"),
        (" 00004 0001 19970101  -2  29.33", "line 2: the number of CDs"),
        (" 00004 0001 19970101  2   NaN", "line 2: the amount"),
        (" 00004 0001 19970101  2   -1.00", "line 2: the amount"),
        (" 00004 0001 19970101  2   29.333", "line 2: the amount"),
        (" 00004 ann  19970101  2   29.33", "line 2: the customer"),
    ],
)
def test_a_line_that_is_no_purchase_is_named(line: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        list(commands([LINE, line]))


def test_a_file_that_is_not_there_is_a_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.txt")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_binary_file_is_a_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(256)))
    assert main([str(path)]) == 1
    assert "line 1" in capsys.readouterr().err


def test_called_wrongly_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_program_writes_one_command_a_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.cdnow", str(EXCERPT)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=30,
    )
    written = [json.loads(line) for line in done.stdout.splitlines()]
    with EXCERPT.open() as lines:
        assert written == list(commands(lines))
