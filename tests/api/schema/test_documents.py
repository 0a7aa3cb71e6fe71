"""One document by its id: its fields, who may see it, and what it waits for."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from readmodels.documents import NotReady
from tests.api.schema.client import ANN, BOB, NOBODY, Client
from tests.api.schema.making import BOOK, LAMP, SALES, TALLY
from tests.api.schema.shop import Thing

EVERYTHING = """
query Thing($id: ID!, $atLeast: Token) {
  thing(id: $id, atLeast: $atLeast) {
    id title price pieces weightKg inStock condition rank note madeOn seenAt tags
    sizes { widthMm depthMm } size { widthMm } watchers facts
  }
}
"""


def client(*documents: Any, viewer: Any = ANN) -> Client:
    made = Client(viewer)
    made.services.documents.put(*(documents or (LAMP, BOOK, TALLY, *SALES)))
    return made


async def test_every_type_of_field_is_shown() -> None:
    data = await client().ask(EVERYTHING, id="lamp")

    assert data["thing"] == {
        "id": "lamp",
        "title": "A lamp",
        "price": "12.50",
        "pieces": 2,
        "weightKg": 1.25,
        "inStock": True,
        "condition": "NEW",
        "rank": "HIGH",
        "note": "mind the cable",
        "madeOn": "1961-05-04",
        "seenAt": "2026-01-02T03:04:05.678900Z",
        "tags": ["light", "metal"],
        "sizes": [{"widthMm": 3, "depthMm": 10}, {"widthMm": 4, "depthMm": 5}],
        "size": None,
        "watchers": ["ann", "bob"],
        "facts": {"watts": 40, "cost": "1.20", "by": {"name": "Ada"}},
    }


async def test_what_is_not_there_is_null() -> None:
    data = await client().ask(EVERYTHING, id="book")

    assert [data["thing"][each] for each in ("rank", "note", "madeOn", "seenAt", "size")] == (
        [None] * 5
    )


async def test_a_document_that_is_not_there_is_null() -> None:
    assert await client().ask(EVERYTHING, id="nothing") == {"thing": None}


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1E+3", "1000"), ("1E-7", "0.0000001"), ("-0.00", "-0.00"), ("1.10", "1.10")],
)
async def test_a_decimal_is_written_plainly_and_whole(amount: str, shown: str) -> None:
    tally = replace(TALLY, revenue=Decimal(amount))

    data = await client(tally).ask('{ dayTally(id: "2026-01-02") { revenue } }')

    assert data == {"dayTally": {"revenue": shown}}


async def test_a_number_beyond_32_bits_is_an_error_that_names_it() -> None:
    result = await client(replace(LAMP, pieces=2**31)).run('{ thing(id: "lamp") { pieces } }')

    [error] = result.errors or []
    assert "Thing.pieces is 2147483648" in error.message
    assert error.path == ["thing", "pieces"]


async def test_a_document_waits_for_the_token() -> None:
    asking = client()
    asking.services.documents.passed[3] = 42

    data = await asking.ask(EVERYTHING, id="lamp", atLeast="3:42")
    code, _ = await asking.refused(EVERYTHING, id="lamp", atLeast="3:43")

    assert data["thing"]["id"] == "lamp"
    assert code == "TIMEOUT"


@pytest.mark.parametrize(
    "token", ["", "3", "3:", ":3", "a:b", "-1:2", "3:4:5", "3.5:1", "9" * 50, f"1:{2**63}", 7]
)
async def test_a_wrong_token_is_refused(token: object) -> None:
    result = await client().run(EVERYTHING, id="lamp", atLeast=token)

    [error] = result.errors or []
    assert "atLeast" in error.message
    assert "Token" in error.message


@pytest.mark.parametrize("id", ["", "x" * 201, "a\x00b", "\ud800"])
async def test_a_wrong_id_is_refused(id: str) -> None:
    code, message = await client().refused(EVERYTHING, id=id)

    assert code == "BAD_USER_INPUT"
    assert message.startswith("id ")


async def test_documents_that_are_being_built_are_unavailable() -> None:
    asking = client()
    asking.services.documents.failure = NotReady("42 of 100 events are folded")

    assert await asking.refused(EVERYTHING, id="lamp") == (
        "UNAVAILABLE",
        "42 of 100 events are folded",
    )


async def test_a_public_document_is_for_everyone() -> None:
    data = await client(viewer=NOBODY).ask(EVERYTHING, id="lamp")

    assert data["thing"]["title"] == "A lamp"


async def test_an_owner_sees_what_is_theirs_and_nothing_else() -> None:
    data = await client(viewer=BOB).ask(
        '{ mine: sale(id: "s2") { thing } other: sale(id: "s1") { thing } sales { totalCount } }'
    )

    assert data == {"mine": {"thing": "lamp"}, "other": None, "sales": {"totalCount": 2}}


@pytest.mark.parametrize(
    ("viewer", "field", "code"),
    [
        (NOBODY, 'sale(id: "s1") { id }', "UNAUTHENTICATED"),
        (NOBODY, "sales { totalCount }", "UNAUTHENTICATED"),
        (NOBODY, 'dayTally(id: "d") { id }', "UNAUTHENTICATED"),
        (BOB, 'dayTally(id: "d") { id }', "FORBIDDEN"),
        (BOB, "dailyTallies { totalCount }", "FORBIDDEN"),
        (NOBODY, "things { nodes { pastSales { totalCount } } }", "UNAUTHENTICATED"),
    ],
)
async def test_who_can_never_see_any_is_told_so(viewer: Any, field: str, code: str) -> None:
    asking = client(LAMP, viewer=viewer)

    assert (await asking.refused(f"{{ {field} }}"))[0] == code


async def test_plain_fields_answer_without_a_wrapper() -> None:
    thing: Any = Client().schema.type_map["Thing"]

    assert thing.fields["title"].resolve(LAMP, None) == "A lamp"
    assert thing.fields["title"].resolve.__module__ == "api.schema.book"
    assert Thing.__dict__.get("__strawberry_definition__") is None
