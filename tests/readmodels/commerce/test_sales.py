"""Sales by customer, day and hour, and how fast orders are carried out."""

from dataclasses import replace
from datetime import UTC, datetime

from domain.commerce.order_messages import OrderPaid, OrderRefunded, SaleRecorded
from domain.testing import shown
from readmodels.commerce.customer_history import CustomerHistory, customer_histories
from readmodels.commerce.fulfilment_performance import (
    NONE_YET,
    FulfilmentPerformance,
    StepEvent,
    fulfilment_performances,
)
from readmodels.commerce.sales_day import SalesDay, sales_days
from readmodels.commerce.sales_hour import SalesHour, sales_hours
from tests.domain.commerce.facts import (
    DELIVERED,
    FIRST_PART,
    LAST_PART,
    PAID,
    ROBOT,
    T0,
    minutes,
    money,
)

SaleEvent = OrderPaid | SaleRecorded | OrderRefunded
LATE = datetime(2026, 11, 23, 23, 59, 59, 999999, tzinfo=UTC)
NEXT_DAY = datetime(2026, 11, 24, tzinfo=UTC)
RECORDED = SaleRecorded(
    order="old-7", customer="bob", units=2, amount=money("29.33"), at=LATE, by="clara"
)
FREE = replace(RECORDED, order="old-8", units=1, amount=money("0.00"), at=NEXT_DAY)
REFUNDED = OrderRefunded(order="o-1", customer="ann", amount=money("9.50"), at=NEXT_DAY, by=ROBOT)


def history(
    id: str, orders: int, units: int, spent: str, refunded: str, first: datetime, last: datetime
) -> CustomerHistory:
    return CustomerHistory(
        id=id,
        orders=orders,
        units=units,
        spent=money(spent),
        refunded=money(refunded),
        first_order_at=first,
        last_order_at=last,
    )


def day(id: str, orders: int, units: int, revenue: str, refunded: str = "0.00") -> SalesDay:
    return SalesDay(
        id=id, orders=orders, units=units, revenue=money(revenue), refunded=money(refunded)
    )


def histories(*events: SaleEvent) -> dict[str, CustomerHistory]:
    return shown(customer_histories, *events)


def days(*events: SaleEvent) -> dict[str, SalesDay]:
    return shown(sales_days, *events)


def hours(*events: SaleEvent) -> dict[str, SalesHour]:
    return shown(sales_hours, *events)


def performance(*events: StepEvent) -> dict[str, FulfilmentPerformance]:
    return shown(fulfilment_performances, *events)


def test_a_customers_history_counts_paid_orders_and_recorded_sales() -> None:
    assert histories(PAID, RECORDED, FREE) == {
        "ann": history("ann", 1, 3, "25.00", "0.00", minutes(10), minutes(10)),
        "bob": history("bob", 2, 3, "29.33", "0.00", LATE, NEXT_DAY),
    }


def test_what_is_refunded_was_not_spent() -> None:
    assert histories(PAID, REFUNDED) == {
        "ann": history("ann", 1, 3, "15.50", "9.50", minutes(10), minutes(10))
    }


def test_the_first_order_is_the_earliest_whichever_is_heard_of_first() -> None:
    found = histories(FREE, RECORDED)["bob"]
    assert (found.first_order_at, found.last_order_at) == (LATE, NEXT_DAY)


def test_an_order_counts_on_the_day_it_is_paid_and_a_refund_on_its_own() -> None:
    assert days(PAID, RECORDED, FREE, REFUNDED) == {
        "2026-11-23": day("2026-11-23", 2, 5, "54.33"),
        "2026-11-24": day("2026-11-24", 1, 1, "0.00", "9.50"),
    }


def test_a_day_may_have_refunds_only() -> None:
    assert days(REFUNDED) == {"2026-11-24": day("2026-11-24", 0, 0, "0.00", "9.50")}


def test_sales_are_shown_by_the_hour_too() -> None:
    found = hours(PAID, RECORDED, REFUNDED)
    assert list(found) == ["2026-11-23T09", "2026-11-23T23", "2026-11-24T00"]
    assert found["2026-11-23T09"] == SalesHour(
        id="2026-11-23T09", orders=1, units=3, revenue=money("25.00"), refunded=money("0.00")
    )
    assert found["2026-11-24T00"].refunded == money("9.50")


def test_the_time_from_step_to_step_is_shown_on_the_day_it_ends() -> None:
    delivered = replace(DELIVERED, at=NEXT_DAY, shipped_at=minutes(70))
    found = performance(PAID, FIRST_PART, LAST_PART, delivered)
    assert list(found) == ["2026-11-23", "2026-11-24"]
    first, second = found.values()
    paid, sent, arrived = first.placed_to_paid, first.paid_to_shipped, second.shipped_to_delivered
    assert (paid.count, paid.mean_seconds, paid.total_seconds) == (1, 600.0, money("600"))
    assert (sent.count, sent.mean_seconds) == (1, 3600.0)
    assert (arrived.count, arrived.mean_seconds) == (1, (NEXT_DAY - minutes(70)).total_seconds())
    assert first.shipped_to_delivered == NONE_YET == second.placed_to_paid


def test_the_median_and_the_slowest_are_within_one_percent() -> None:
    paid = [replace(PAID, placed_at=T0, at=minutes(number)) for number in range(1, 21)]
    step = performance(*paid)["2026-11-23"].placed_to_paid
    assert step.count == 20
    assert step.mean_seconds == 630.0
    assert step.p50_seconds is not None
    assert abs(step.p50_seconds - 600) <= 6.0001
    assert step.p95_seconds is not None
    assert abs(step.p95_seconds - 1140) <= 11.4001


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    found = performance(replace(PAID, placed_at=NEXT_DAY))["2026-11-23"]
    assert found.placed_to_paid.mean_seconds == 0.0
    assert found.placed_to_paid.p50_seconds == 0.0
