"""Lists of documents: pages, cursors, orders, totals and the lists nested in a document."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from eventlog.envelope import Position
from tests.api.schema.client import ANN, BOB, Client
from tests.api.schema.making import BOOK, CHAIR, LAMP, SALES, THINGS, thing
from tests.api.schema.shop import Sale, Thing

PAGE = """
query Page($where: ThingFilter, $orderBy: [ThingOrder!], $first: Int, $after: Cursor) {
  things(where: $where, orderBy: $orderBy, first: $first, after: $after) {
    edges { cursor node { id } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}
"""


def client(*documents: Any, viewer: Any = ANN) -> Client:
    made = Client(viewer)
    made.services.documents.put(*(documents or (*THINGS, *SALES)))
    return made


def ids(data: dict[str, Any]) -> list[str]:
    return [each["id"] for each in data["things"]["nodes"]]


async def test_a_page_follows_relay() -> None:
    data = await client().ask(PAGE, first=2)

    page = data["things"]
    assert ids(data) == ["book", "chair"]
    assert [each["node"] for each in page["edges"]] == page["nodes"]
    assert page["totalCount"] == 3
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": page["edges"][0]["cursor"],
        "endCursor": page["edges"][1]["cursor"],
    }


async def test_an_empty_page_has_no_cursors() -> None:
    data = await client().ask(PAGE, where={"title": {"eq": "none"}})

    assert data["things"] == {
        "edges": [],
        "nodes": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
        "totalCount": 0,
    }


async def test_a_page_has_20_documents_unless_told() -> None:
    asking = client(*(thing(number) for number in range(30)))

    assert len(ids(await asking.ask(PAGE))) == 20
    assert len(ids(await asking.ask("{ things(first: null) { nodes { id } } }"))) == 20


async def test_the_total_is_counted_only_where_it_is_selected() -> None:
    asking = client()

    await asking.ask("{ things { nodes { id } } }")
    assert asking.services.documents.counts == 0
    await asking.ask("{ things { totalCount } }")
    assert asking.services.documents.counts == 1


ORDERS: list[list[dict[str, str]]] = [
    [],
    [{"field": "PRICE"}],
    [{"field": "PRICE", "direction": "DESC"}],
    [{"field": "NOTE"}, {"field": "PIECES", "direction": "DESC"}],
    [{"field": "SEEN_AT", "direction": "DESC"}],
    [{"field": "MADE_ON"}],
    [{"field": "RANK"}, {"field": "CONDITION"}],
    [{"field": "IN_STOCK"}, {"field": "WEIGHT_KG"}],
    [{"field": "ID", "direction": "DESC"}],
    [{"field": "TITLE"}, {"field": "ID", "direction": "DESC"}],
]


@pytest.mark.parametrize("order", ORDERS)
async def test_cursors_walk_through_every_order_without_gap_or_repeat(
    order: list[dict[str, str]],
) -> None:
    asking = client(*THINGS, *(thing(number) for number in range(6)))
    whole = ids(await asking.ask(PAGE, orderBy=order, first=500))

    walked: list[str] = []
    after = None
    while True:
        data = await asking.ask(PAGE, orderBy=order, first=2, after=after)
        walked += ids(data)
        info = data["things"]["pageInfo"]
        assert info["hasPreviousPage"] == (after is not None)
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break

    assert walked == whole
    assert len(set(walked)) == 9


async def test_the_order_is_ascending_unless_told_and_the_id_breaks_ties() -> None:
    same = [thing(3), thing(0), thing(6)]
    asking = client(*THINGS, *same)

    data = await asking.ask(PAGE, orderBy=[{"field": "PRICE"}])

    assert ids(data) == ["thing-000", "thing-003", "thing-006", "book", "lamp", "chair"]


async def test_an_order_names_a_field_once() -> None:
    code, message = await client().refused(PAGE, orderBy=[{"field": "PRICE"}, {"field": "PRICE"}])

    assert code == "BAD_USER_INPUT"
    assert message.startswith("orderBy ")


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (501, "LIMIT_EXCEEDED"),
        (2**31 - 1, "LIMIT_EXCEEDED"),
        (0, "BAD_USER_INPUT"),
        (-1, "BAD_USER_INPUT"),
    ],
)
async def test_the_length_of_a_page_is_limited(first: int, code: str) -> None:
    assert (await client().refused(PAGE, first=first))[0] == code


async def test_500_documents_are_a_page() -> None:
    assert len(ids(await client().ask(PAGE, first=500))) == 3


async def cursor_of(order: list[dict[str, str]]) -> str:
    data = await client().ask(PAGE, orderBy=order, first=1)
    return str(data["things"]["pageInfo"]["endCursor"])


async def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = await cursor_of([{"field": "PRICE"}])

    for order in ([], [{"field": "PRICE", "direction": "DESC"}], [{"field": "PIECES"}]):
        code, message = await client().refused(PAGE, orderBy=order, after=cursor)
        assert code == "BAD_USER_INPUT"
        assert message.startswith("after ")


async def test_a_cursor_of_another_document_is_refused() -> None:
    cursor = await cursor_of([])

    code, _ = await client().refused(
        "query ($c: Cursor) { sales(after: $c) { totalCount } }", c=cursor
    )

    assert code == "BAD_USER_INPUT"


async def test_a_cursor_stays_good_while_documents_change() -> None:
    asking = client()
    cursor = (await asking.ask(PAGE, first=2))["things"]["pageInfo"]["endCursor"]
    asking.services.documents.drop(Thing, "chair")

    assert ids(await asking.ask(PAGE, after=cursor)) == ["lamp"]


def forged(cursor: str, *values: object) -> str:
    """The cursor with other values behind its fingerprint."""
    text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return urlsafe_b64encode(json.dumps([json.loads(text)[0], *values]).encode()).decode()


async def test_garbage_is_no_cursor() -> None:
    good = await cursor_of([{"field": "PRICE"}])
    wrong = [
        "?",
        "AAAA",
        "a" * 10_000,
        good[:-4],
        good + "AAAA",
        forged(good),
        forged(good, "book"),
        forged(good, "1.5", "book", "more"),
        forged(good, "high", "book"),
        forged(good, None, "book"),
        forged(good, 1.5, 7),
        urlsafe_b64encode(b"null").decode(),
        urlsafe_b64encode(b"[1e999]").decode(),
        urlsafe_b64encode(b"\xff\xfe").decode(),
    ]

    for each in wrong:
        code, message = await client().refused(PAGE, orderBy=[{"field": "PRICE"}], after=each)
        assert (each, code) == (each, "BAD_USER_INPUT")
        assert message.startswith("after ")


@pytest.mark.parametrize("cursor", ["", "ü", "a" * 70_000, 5, True])
async def test_what_cannot_be_a_cursor_is_refused_at_once(cursor: object) -> None:
    result = await client().run(PAGE, after=cursor)

    assert result.data is None
    assert "after" in str(result.errors)


async def test_a_list_waits_for_the_token() -> None:
    asking = client()
    asking.services.documents.passed[3] = 7

    await asking.ask('{ things(atLeast: "3:7") { totalCount } }')

    assert asking.services.documents.waited == [(Thing, Position(3, 7))]
    assert (await asking.refused('{ things(atLeast: "3:8") { totalCount } }'))[0] == "TIMEOUT"


async def test_a_link_to_one_is_the_document_that_is_named() -> None:
    asking = client()
    found = await asking.ask("{ sales { nodes { id sold { title pastSales { totalCount } } } } }")
    titles = {
        each["id"]: each["sold"] and each["sold"]["title"] for each in found["sales"]["nodes"]
    }

    assert titles == {each.id: _title(each.thing) for each in SALES}


def _title(thing: str) -> str | None:
    return {each.id: each.title for each in (LAMP, BOOK)}.get(thing)


LINKS = """
query Links($where: SaleFilter, $first: Int, $after: Cursor) {
  things(orderBy: [{ field: ID }]) {
    nodes {
      id
      pastSales(where: $where, first: $first, after: $after, orderBy: [{ field: BUYER }]) {
        nodes { id } totalCount pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""


async def test_a_link_lists_what_holds_the_id() -> None:
    data = await client().ask(LINKS)

    assert {
        each["id"]: [sale["id"] for sale in each["pastSales"]["nodes"]]
        for each in data["things"]["nodes"]
    } == {"book": ["s3"], "chair": [], "lamp": ["s1", "s2"]}


async def test_a_link_can_be_filtered_and_counts_its_own() -> None:
    data = await client(LAMP, *SALES).ask(LINKS, where={"buyer": {"eq": "bob"}})

    assert data["things"]["nodes"] == [
        {
            "id": "lamp",
            "pastSales": {
                "nodes": [{"id": "s2"}],
                "totalCount": 1,
                "pageInfo": {
                    "endCursor": data["things"]["nodes"][0]["pastSales"]["pageInfo"]["endCursor"],
                    "hasNextPage": False,
                },
            },
        }
    ]


async def test_a_link_is_paged() -> None:
    asking = client(LAMP, *SALES)
    first = (await asking.ask(LINKS, first=1))["things"]["nodes"][0]["pastSales"]
    then = await asking.ask(LINKS, first=1, after=first["pageInfo"]["endCursor"])

    assert first["pageInfo"]["hasNextPage"] is True
    assert then["things"]["nodes"][0]["pastSales"]["nodes"] == [{"id": "s2"}]


async def test_a_link_keeps_to_the_read_rule_of_its_documents() -> None:
    data = await client(LAMP, BOOK, CHAIR, *SALES, viewer=BOB).ask(LINKS)

    assert [each["pastSales"]["totalCount"] for each in data["things"]["nodes"]] == [1, 0, 1]


async def test_a_link_waits_for_what_its_document_waited_for() -> None:
    asking = client(LAMP, *SALES)
    asking.services.documents.passed[3] = 7

    await asking.ask(
        '{ things(atLeast: "3:7") { edges { node { title pastSales { totalCount } } } } }'
    )

    assert asking.services.documents.waited == [(Thing, Position(3, 7)), (Sale, Position(3, 7))]
