"""Documents, pages and changes as they are pushed, and how a subscription ends."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from graphql import ExecutionResult

from readmodels.documents import NotReady, TooLate, TooMany
from tests.api.schema.client import ANN, BOB, NOBODY, Client
from tests.api.schema.making import BOOK, LAMP, SALES
from tests.api.schema.shop import Thing

ONE = "subscription ($id: ID!, $atLeast: Token) { thing(id: $id, atLeast: $atLeast) { pieces } }"
PAGE = """
subscription ($where: ThingFilter, $orderBy: [ThingOrder!], $first: Int, $atLeast: Token) {
  things(where: $where, orderBy: $orderBy, first: $first, atLeast: $atLeast) {
    nodes { id } ...more
  }
}
fragment more on ThingConnection { totalCount pageInfo { hasNextPage } }
"""
CHANGES = """
subscription ($where: ThingFilter, $since: Cursor) {
  thingChanges(where: $where, since: $since) {
    cursor reset more entered { id } changed { id pieces } left
  }
}
"""


class Away(NotReady):
    """As an engine tells it: a kind of its own."""


def client(viewer: Any = ANN) -> Client:
    made = Client(viewer)
    made.services.documents.put(LAMP, *SALES)
    return made


async def started(
    asking: Client, text: str, **variables: object
) -> AsyncGenerator[ExecutionResult, None]:
    results = await asking.watch(text, **variables)
    assert not isinstance(results, ExecutionResult), results.errors
    return results


async def following(results: AsyncGenerator[ExecutionResult, None]) -> dict[str, Any]:
    """The data of the next push, which has to succeed."""
    result = await anext(results)
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data


async def test_a_document_is_sent_at_once_and_then_each_newer_state() -> None:
    asking = client()
    async with aclosing(await started(asking, ONE, id="lamp")) as results:
        first = await following(results)
        asking.services.documents.put(replace(LAMP, pieces=9))
        then = await following(results)
        asking.services.documents.drop(Thing, "lamp")
        gone = await following(results)

    assert [first, then, gone] == [
        {"thing": {"pieces": 2}},
        {"thing": {"pieces": 9}},
        {"thing": None},
    ]


async def test_a_page_is_sent_whole_and_again_with_its_total() -> None:
    asking = client()
    order = [{"field": "PRICE"}]
    async with aclosing(await started(asking, PAGE, orderBy=order, first=1)) as results:
        first = await following(results)
        asking.services.documents.put(BOOK)
        then = await following(results)

    assert first == {
        "things": {
            "nodes": [{"id": "lamp"}],
            "totalCount": 1,
            "pageInfo": {"hasNextPage": False},
        }
    }
    assert then == {
        "things": {"nodes": [{"id": "book"}], "totalCount": 2, "pageInfo": {"hasNextPage": True}}
    }


async def test_the_total_of_a_page_is_counted_only_where_it_is_selected() -> None:
    asking = client()
    async with aclosing(await started(asking, "subscription { things { nodes { id } } }")) as page:
        await following(page)
    assert asking.services.documents.counts == 0

    async with aclosing(await started(asking, PAGE)) as page:
        await following(page)
    assert asking.services.documents.counts == 1


async def test_changes_begin_with_the_set_and_go_on_with_what_changes_in_it() -> None:
    asking = client()
    where = {"pieces": {"lt": 10}}
    async with aclosing(await started(asking, CHANGES, where=where)) as results:
        first = await following(results)
        asking.services.documents.put(replace(LAMP, pieces=3), BOOK)
        then = await following(results)
        asking.services.documents.put(replace(LAMP, pieces=30))
        left = await following(results)

    assert first["thingChanges"] == {
        "cursor": "at-1",
        "reset": True,
        "more": False,
        "entered": [{"id": "lamp"}],
        "changed": [],
        "left": [],
    }
    assert then["thingChanges"]["entered"] == [{"id": "book"}]
    assert then["thingChanges"]["changed"] == [{"id": "lamp", "pieces": 3}]
    assert then["thingChanges"]["reset"] is False
    assert left["thingChanges"]["left"] == ["lamp"]


async def test_changes_go_on_after_a_cursor() -> None:
    async with aclosing(await started(client(), CHANGES, since="at-1")) as results:
        assert (await following(results))["thingChanges"]["reset"] is False


async def test_a_link_is_read_anew_with_each_push() -> None:
    asking = client()
    text = 'subscription { thing(id: "lamp") { pieces pastSales { totalCount } } }'
    async with aclosing(await started(asking, text)) as results:
        first = await following(results)
        asking.services.documents.put(replace(SALES[0], id="s9"))
        then = await following(results)

    assert first["thing"]["pastSales"] == {"totalCount": 2}
    assert then["thing"]["pastSales"] == {"totalCount": 3}


async def test_a_document_that_is_linked_to_is_pushed_when_it_changes() -> None:
    asking = client()
    text = 'subscription { sale(id: "s1") { id sold { pieces } } }'
    async with aclosing(await started(asking, text)) as results:
        first = await following(results)
        asking.services.documents.put(replace(LAMP, pieces=3))
        then = await following(results)

    assert first["sale"]["sold"] == {"pieces": LAMP.pieces}
    assert then["sale"]["sold"] == {"pieces": 3}
    assert asking.services.documents.following == {}


async def test_what_is_not_selected_is_not_followed() -> None:
    asking = client()
    async with aclosing(await started(asking, 'subscription { sale(id: "s1") { id } }')) as results:
        await following(results)
        assert asking.services.documents.following == {}


async def test_a_watching_owner_is_shown_only_what_is_theirs() -> None:
    text = "subscription { saleChanges { entered { id } } }"
    async with aclosing(await started(client(BOB), text)) as results:
        data = await following(results)

    assert data == {"saleChanges": {"entered": [{"id": "s2"}, {"id": "s3"}]}}


@pytest.mark.parametrize(
    ("viewer", "text", "code"),
    [
        (NOBODY, 'subscription { sale(id: "s1") { id } }', "UNAUTHENTICATED"),
        (NOBODY, "subscription { saleChanges { cursor } }", "UNAUTHENTICATED"),
        (BOB, "subscription { dailyTallies { totalCount } }", "FORBIDDEN"),
        (BOB, "subscription { dayTallyChanges { cursor } }", "FORBIDDEN"),
        (ANN, 'subscription { thing(id: "") { id } }', "BAD_USER_INPUT"),
        (ANN, "subscription { things(first: 501) { totalCount } }", "LIMIT_EXCEEDED"),
        (ANN, "subscription { things(first: -1) { totalCount } }", "BAD_USER_INPUT"),
        (ANN, "subscription { thingChanges(where: {id: {eq: null}}) { more } }", "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused_does_not_start(viewer: Any, text: str, code: str) -> None:
    asking = client(viewer)

    result = await asking.watch(text)

    assert isinstance(result, ExecutionResult)
    assert [each.extensions for each in result.errors or []] == [{"code": code}]
    assert asking.services.documents.watching == 0


@pytest.mark.parametrize(
    ("text", "failure", "code"),
    [
        (ONE, TooLate("late"), "TIMEOUT"),
        (ONE, NotReady("42 of 100"), "UNAVAILABLE"),
        (PAGE, TooLate("late"), "TIMEOUT"),
        (PAGE, TooMany("too many"), "LIMIT_EXCEEDED"),
        (PAGE, Away("its server is away"), "UNAVAILABLE"),
    ],
)
async def test_a_fault_is_pushed_with_its_path_and_ends_the_subscription(
    text: str, failure: Exception, code: str
) -> None:
    asking = client()
    asking.services.documents.failure = failure
    variables = {"id": "lamp"} if text == ONE else {}

    results = await started(asking, text, **variables)
    pushed = [each async for each in results]

    assert len(pushed) == 1
    [error] = pushed[0].errors or []
    assert (error.message, error.extensions) == (str(failure), {"code": code})
    assert error.path == ["thing" if text == ONE else "things"]
    assert asking.services.documents.watching == 0


async def test_a_cursor_that_the_feed_does_not_know_is_refused() -> None:
    results = await started(client(), CHANGES, since="elsewhere")

    [pushed] = [each async for each in results]

    assert [each.extensions for each in pushed.errors or []] == [{"code": "BAD_USER_INPUT"}]


@pytest.mark.parametrize(("text", "variables"), [(ONE, {"id": "lamp"}), (PAGE, {}), (CHANGES, {})])
async def test_closing_a_subscription_ends_the_watching(
    text: str, variables: dict[str, Any]
) -> None:
    asking = client()
    results = await started(asking, text, **variables)
    await following(results)
    assert asking.services.documents.watching == 1

    await results.aclose()

    assert asking.services.documents.watching == 0


@pytest.mark.parametrize(("text", "variables"), [(ONE, {"id": "lamp"}), (PAGE, {}), (CHANGES, {})])
async def test_a_cancelled_subscriber_ends_the_watching(
    text: str, variables: dict[str, Any]
) -> None:
    asking = client()

    async def subscriber() -> None:
        async with aclosing(await started(asking, text, **variables)) as results:
            async for _ in results:
                received.set()

    received = asyncio.Event()
    task = asyncio.create_task(subscriber())
    await received.wait()
    assert asking.services.documents.watching == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert asking.services.documents.watching == 0
