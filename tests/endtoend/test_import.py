"""`headrace import`: each line once, at its own time, with all that follows from it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from readmodels.commerce.order import OrderStatus
from tests.alone import COMMERCE, commerce_alone
from tests.crash.documents import check_documents, documents_of
from tests.crash.learning import check_learnt
from tests.crash.ledger import check_money, check_stock, check_streams, read_log
from tests.histories import STOCK, line, write_history
from tests.serving import Json

NOON = datetime(1997, 1, 1, 12, tzinfo=UTC)
LISTING = {"product": "cd", "name": "A CD", "category": "music", "price": "9.99", "stock": 5}

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_MODEL", COMMERCE)


def imported(file: Path, data: Path) -> int:
    """The exit status of the import of a file."""
    return main(["import", str(file), "--data", str(data)])


def written(path: Path, *lines: Json | str) -> Path:
    texts = (each if isinstance(each, str) else json.dumps(each) for each in lines)
    path.write_text("".join(f"{each}\n" for each in texts))
    return path


def listed(product: str, at: datetime = NOON) -> Json:
    return line(at, "ListProduct", f"list-{product}", **{**LISTING, "product": product})


def products(data: Path) -> set[str]:
    """What was listed, as the log has it."""
    return {each.stream.removeprefix("product-") for each in asyncio.run(read_log(data))}


def test_orders_of_1997_go_the_way_that_they_would_have_gone_then(
    tmp_path: Path, capsys: Said
) -> None:
    bought = write_history(tmp_path / "history.jsonl", count=45)
    assert imported(tmp_path / "history.jsonl", tmp_path / "data") == 0
    assert (
        "108 commands accepted, 0 of them were there before; 0 refused" in capsys.readouterr().out
    )
    events = asyncio.run(read_log(tmp_path / "data"))
    check_streams(events)
    check_money(events)
    check_stock(events)
    check_learnt(events)
    asyncio.run(check_documents(tmp_path / "data", events, commerce_alone()))
    documents = asyncio.run(documents_of(tmp_path / "data"))

    last = max(each.at for each in events)
    for each in bought:
        order = documents["Order"][each.order]
        assert order.placed_at == each.at
        assert order.total == each.amount
        if each.is_delivered:
            assert order.status is OrderStatus.DELIVERED
            assert order.delivered_at == each.at + timedelta(days=1)
        elif each.is_paid:
            assert order.status is OrderStatus.PAID
            assert order.paid_at == each.at + timedelta(minutes=5)
        elif each.at + timedelta(minutes=30) <= last:
            assert order.status is OrderStatus.CANCELLED
            assert order.timeline[-1].at == each.at + timedelta(minutes=30)
            assert order.timeline[-1].note == "unpaid for 30 minutes"
    stock = sum(each.stock for each in documents["Product"].values())
    assert stock == 3 * STOCK - sum(each.quantity for each in bought if each.is_delivered)


def test_a_second_run_takes_nothing_anew(tmp_path: Path, capsys: Said) -> None:
    file = tmp_path / "history.jsonl"
    write_history(file, count=30)
    assert imported(file, tmp_path / "data") == 0
    events = asyncio.run(read_log(tmp_path / "data"))
    documents = asyncio.run(documents_of(tmp_path / "data"))
    capsys.readouterr()
    assert imported(file, tmp_path / "data") == 0
    assert "73 commands accepted, 73 of them were there before" in capsys.readouterr().out
    assert asyncio.run(read_log(tmp_path / "data")) == events
    assert asyncio.run(documents_of(tmp_path / "data")) == documents


def test_a_longer_file_goes_on_where_the_shorter_one_ended(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    write_history(file, count=30)
    lines = file.read_text().splitlines()
    assert imported(written(tmp_path / "part.jsonl", *lines[:40]), tmp_path / "data") == 0
    assert imported(file, tmp_path / "data") == 0
    assert imported(file, tmp_path / "other") == 0
    assert asyncio.run(documents_of(tmp_path / "data")) == asyncio.run(
        documents_of(tmp_path / "other")
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("{", "no command"),
        ("[]", "no command"),
        ('{"at": "1997-01-01T12:00:00Z"}', "no command"),
        ({**listed("x"), "more": 1}, "more"),
        ({**listed("x"), "at": "yesterday"}, "no command"),
        ({**listed("x"), "at": "1997-01-01T12:00:00"}, "offset"),
        ({**listed("x"), "at": "0001-01-01T00:00:00+14:00"}, "year"),
        ({**listed("x"), "commandId": ""}, "commandId"),
        ({**listed("x"), "command": "ListNothing"}, "ListNothing"),
        ({**listed("x"), "command": "ReserveStock"}, "ReserveStock"),
        ({**listed("x"), "input": {"product": "x"}}, "name"),
        ({**listed("x"), "input": {**LISTING, "colour": "red"}}, "colour"),
        ({**listed("x"), "input": {**LISTING, "price": 9.99}}, "price"),
        ({**listed("x"), "input": {**LISTING, "stock": 10**30}}, "stock"),
        ("x" * (1024 * 1024 + 1), "longer"),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "no command"),
    ],
)
def test_a_wrong_line_is_named_and_those_before_it_are_taken(
    tmp_path: Path, capsys: Said, wrong: Any, reason: str
) -> None:
    file = written(tmp_path / "lines.jsonl", listed("a"), listed("b"), "", wrong, listed("c"))
    assert imported(file, tmp_path / "data") == 1
    errors = capsys.readouterr().err.splitlines()
    said = next(each for each in errors if each.startswith("headrace: line 4"))
    assert reason in said
    assert len(said) < 1000
    assert products(tmp_path / "data") == {"a", "b"}
    fixed = written(tmp_path / "lines.jsonl", listed("a"), listed("b"), "", listed("c"))
    assert imported(fixed, tmp_path / "data") == 0
    assert products(tmp_path / "data") == {"a", "b", "c"}


def test_a_refused_command_is_told_and_the_others_are_taken(tmp_path: Path, capsys: Said) -> None:
    refused = line(NOON, "RestockProduct", "restock-1", product="nothing", quantity=1)
    file = written(tmp_path / "lines.jsonl", listed("a"), refused, listed("b"))
    assert imported(file, tmp_path / "data") == 1
    said = capsys.readouterr()
    assert "2 commands accepted, 0 of them were there before; 1 refused" in said.out
    assert "line 2: PRODUCT_UNKNOWN" in said.err
    assert products(tmp_path / "data") == {"a", "b"}


def test_lines_out_of_order_keep_their_own_times(tmp_path: Path) -> None:
    later, earlier = listed("a", NOON), listed("b", NOON - timedelta(days=400))
    assert imported(written(tmp_path / "lines.jsonl", later, earlier), tmp_path / "data") == 0
    events = asyncio.run(read_log(tmp_path / "data"))
    assert [(each.stream, each.at) for each in events] == [
        ("product-a", NOON),
        ("product-b", NOON - timedelta(days=400)),
    ]


def test_many_lines_of_one_instant_are_all_taken_in_their_order(tmp_path: Path) -> None:
    restocks = [
        line(NOON, "RestockProduct", f"restock-{n}", product="a", quantity=1) for n in range(1200)
    ]
    file = written(tmp_path / "lines.jsonl", listed("a"), *restocks)
    assert imported(file, tmp_path / "data") == 0
    assert asyncio.run(documents_of(tmp_path / "data"))["Product"]["a"].stock == 1205


def test_an_empty_file_is_no_fault(tmp_path: Path, capsys: Said) -> None:
    assert imported(written(tmp_path / "lines.jsonl"), tmp_path / "data") == 0
    assert "0 commands accepted" in capsys.readouterr().out
