"""CDNOW through every projection of commerce equals what polars makes of the file."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.commerce.order_messages import OrderEvent
from domain.commerce.recency import RECENCY_CLASSES, RecencyReviewed
from domain.composition import parameter
from readmodels.commerce import PROJECTIONS
from readmodels.commerce.order import OrderStatus
from tests.examples.recount import by_customer, by_day, by_order, purchases
from tests.examples.test_cdnow import EXCERPT, SAMPLE, recorded

CENT = Decimal("0.01")
EMPTY = {
    "FulfilmentPerformance", "LowStockItem", "OrderSignal", "Payment", "Product", "RelatedProduct",
    "Suggestion",
}  # fmt: skip
"""What a sale that was recorded from elsewhere tells nothing for: it has no lines."""


def check_recount(path: Path, shown: Mapping[str, Mapping[str, Any]]) -> None:
    """Each document, by collection and id, says of the file's purchases what polars says."""
    rows = purchases(path)
    commerce = {each.document.__name__ for each in PROJECTIONS}
    assert {name for name in commerce if not shown.get(name)} == EMPTY
    assert {
        id: (each.customer, each.placed_at.date().isoformat(), each.units, cents(each.total))
        for id, each in shown["Order"].items()
        if each.status is OrderStatus.DELIVERED and each.lines == ()
    } == by_order(rows)
    days = by_day(rows)
    for name, suffix in (("SalesDay", ""), ("SalesHour", "T00")):
        assert {
            id: (each.orders, each.units, cents(each.revenue)) for id, each in shown[name].items()
        } == {f"{day}{suffix}": sums for day, sums in days.items()}
    check_customers(by_customer(rows), shown)


def check_customers(
    expected: Mapping[str, Mapping[str, Any]], shown: Mapping[str, Mapping[str, Any]]
) -> None:
    histories, values = shown["CustomerHistory"], shown["CustomerValue"]
    assert histories.keys() == values.keys() == expected.keys()
    for id, sums in expected.items():
        history, value = histories[id], values[id]
        assert (history.orders, history.units) == (sums["purchases"], sums["units"])
        assert cents(history.spent) == cents(value.spent) == sums["cents"]
        assert history.first_order_at == value.first_at == midnight(sums["first"])
        assert history.last_order_at == value.last_at == midnight(sums["last"])
        for name in ("purchases", "frequency", "recency_days"):
            assert getattr(value, name) == sums[name], (id, name)
        for name in ("recency_score", "frequency_score", "monetary_score"):
            assert getattr(value, name) == sums[name], (id, name)
        assert value.monetary == mean(sums["repeat_cents"], sums["frequency"])
        assert cents(value.first_amount) == sums["first_cents"]


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def mean(repeat_cents: int, count: int) -> Decimal:
    exact = Decimal(repeat_cents) / 100 / count if count else Decimal(0)
    return exact.quantize(CENT, ROUND_HALF_EVEN)


def reviews(events: list[OrderEvent]) -> list[RecencyReviewed]:
    """What time alone makes of these customers until the last purchase: a review at each bound."""
    end = max(each.at for each in events)
    last: dict[str, datetime] = {}
    for each in events:
        last[each.customer] = max(each.at, last.get(each.customer, each.at))
    return [
        RecencyReviewed(customer=customer, at=at + each)
        for customer, at in last.items()
        for each in RECENCY_CLASSES
        if at + each <= end
    ]


@pytest.mark.parametrize("path", [EXCERPT, SAMPLE], ids=["excerpt", "sample"])
@pytest.mark.parametrize("is_turned", [False, True], ids=["in order", "turned round"])
def test_every_document_equals_the_recount(path: Path, is_turned: bool) -> None:
    sold = recorded(path)
    events = [*sold, *reviews(sold)]
    shown: dict[str, dict[str, Any]] = {}
    for projection in PROJECTIONS:
        known = parameter(projection.evolve, 1, "a projection")
        documents = shown.setdefault(projection.document.__name__, {})
        for event in reversed(events) if is_turned else events:
            for key in projection.keys(event) if isinstance(event, known) else ():
                placed = [(0, 0, event)]
                documents[key], _ = projection.fold(key, documents.get(key), {}, placed)
    check_recount(path, shown)
