"""What clients may send, and what is refused with the way to it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.api.schema.client import Client
from tests.api.schema.shop import Condition, Mark, Size

OFFER = """
mutation Offer($input: OfferThingInput!) {
  offerThing(input: $input) { __typename }
}
"""
BUY = """
mutation Buy($thing: ID!, $commandId: ID, $expectedVersion: Int) {
  buyThing(input: { thing: $thing }, commandId: $commandId, expectedVersion: $expectedVersion) {
    __typename
  }
}
"""
LEAST: dict[str, Any] = {"title": "Vase", "price": "9.90"}


async def sent(**fields: object) -> dict[str, Any]:
    """The fields of the command that is dispatched for the input."""
    client = Client()
    await client.ask(OFFER, input={**LEAST, **fields})
    return dict(client.services.dispatcher.sent[0][1])


async def test_defaults_are_those_of_the_command() -> None:
    assert await sent() == {
        "title": "Vase",
        "price": Decimal("9.90"),
        "condition": Condition.WORN,
        "discount": Decimal("0.10"),
        "pieces": 1,
        "note": None,
        "weight_kg": 0.5,
        "tags": (),
        "marks": (),
    }


async def test_every_type_of_field_arrives_as_its_own() -> None:
    fields = await sent(
        condition="NEW",
        pieces=3,
        note="old",
        madeOn="1999-12-31",
        seenAt="2026-10-18T11:30:00.25+02:00",
        weightKg=2,
        tags=["a", "b"],
        marks=[{"thing": "x", "price": 5, "size": {"widthMm": 7}}],
        size={"widthMm": 1, "depthMm": 2},
    )

    assert fields["condition"] is Condition.NEW
    assert fields["pieces"] == 3
    assert fields["note"] == "old"
    assert fields["made_on"] == date(1999, 12, 31)
    assert fields["seen_at"] == datetime(2026, 10, 18, 9, 30, 0, 250_000, UTC)
    assert fields["weight_kg"] == 2.0
    assert fields["tags"] == ("a", "b")
    assert fields["marks"] == (Mark(thing="x", price=Decimal(5), size=Size(width_mm=7)),)
    assert fields["size"] == Size(width_mm=1, depth_mm=2)


async def test_literals_mean_what_variables_mean() -> None:
    client = Client()

    await client.ask(
        """
        mutation {
          offerThing(input: {
            title: "Vase", price: 10, discount: "1e-2", condition: NEW, madeOn: "2020-02-29",
            seenAt: "2020-02-29T00:00:00z", tags: "single", marks: { thing: 7, price: "0" }
          }) { __typename }
        }
        """
    )

    fields = client.services.dispatcher.sent[0][1]
    assert fields["price"] == Decimal(10)
    assert fields["discount"] == Decimal("0.01")
    assert fields["condition"] is Condition.NEW
    assert fields["made_on"] == date(2020, 2, 29)
    assert fields["seen_at"] == datetime(2020, 2, 29, tzinfo=UTC)
    assert fields["tags"] == ("single",)
    assert fields["marks"] == (Mark(thing="7", price=Decimal(0)),)


@pytest.mark.parametrize("text", ["0", "-0.5", "+1", ".5", "5.", "1E3", "9" * 34, "0." + "1" * 34])
async def test_a_decimal_is_exact(text: str) -> None:
    price = (await sent(discount=text))["discount"]

    assert price == Decimal(text)
    assert price.as_tuple() == Decimal(text).as_tuple()


def nested_in(way: str, value: object) -> dict[str, Any]:
    """An input that is right but for the value at the way."""
    match way:
        case "marks[1].thing":
            mark = {"thing": "x", "price": "1"}
            return {**LEAST, "marks": [mark, {**mark, "thing": value}]}
        case "marks[0].price":
            return {**LEAST, "marks": [{"thing": "x", "price": value}]}
        case "size.widthMm":
            return {**LEAST, "size": {"widthMm": value}}
        case _:
            return {**LEAST, way: value}


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("title", "x" * 10_001),
        ("title", "lone \ud83d surrogate"),
        ("title", "a NUL \0 within"),
        ("note", "\udc00"),
        ("tags", ["a"] * 1_001),
        ("marks[1].thing", ""),
        ("marks[1].thing", "x" * 201),
        ("marks[1].thing", "line\nbreak"),
        ("marks[1].thing", "nul\x00"),
        ("marks[1].thing", "c1\x85"),
        ("marks[1].thing", "\ud800"),
        ("marks[0]", {"thing": "x", "price": "-1"}),
        ("size", None),
    ],
)
async def test_a_value_that_is_refused_is_named_with_the_way_to_it(way: str, value: object) -> None:
    input = nested_in(way, value) if way != "marks[0]" else {**LEAST, "marks": [value]}

    code, message = await Client().refused(OFFER, input=input)

    assert code == "BAD_USER_INPUT"
    assert message.startswith(f"input.{way} ")


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "-inf"),
        ("price", "1_000"),
        ("price", " 1"),
        ("price", ""),
        ("price", "\u0661"),
        ("price", "1" * 35),
        ("price", 10**34),
        ("price", "1E35"),
        ("price", "1E-35"),
        ("price", "1e999999999"),
        ("price", "1" * 1_000_000),
        ("price", 1.5),
        ("price", True),
        ("price", None),
        ("price", ["1"]),
        ("pieces", 2**31),
        ("pieces", -(2**31) - 1),
        ("pieces", "1"),
        ("pieces", 1.5),
        ("weightKg", float("nan")),
        ("weightKg", float("inf")),
        ("condition", "BROKEN"),
        ("condition", "worn"),
        ("madeOn", "2026-02-30"),
        ("madeOn", "20260203"),
        ("madeOn", "2026-W01-1"),
        ("madeOn", 5),
        ("seenAt", "2026-01-01T00:00:00"),
        ("seenAt", "2026-01-01"),
        ("seenAt", "2026-13-01T00:00:00Z"),
        ("seenAt", "0001-01-01T00:00:00+14:00"),
        ("seenAt", "1760000000"),
        ("marks[0].price", "NaN"),
        ("size.widthMm", 2**40),
        ("title", 5),
        ("title", None),
        ("colour", "red"),
    ],
)
async def test_a_value_of_the_wrong_type_refuses_the_whole_request(way: str, value: object) -> None:
    client = Client()

    result = await client.run(OFFER, input=nested_in(way, value))

    assert result.data is None
    [error] = result.errors or []
    assert error.path is None
    assert way in error.message
    assert len(error.message) < 10_000 or len(str(value)) > 10_000
    assert client.services.dispatcher.sent == []


async def test_a_missing_field_is_named() -> None:
    result = await Client().run(OFFER, input={"title": "x"})

    assert "price" in str(result.errors)


@pytest.mark.parametrize("command_id", ["", "x" * 201, "tab\t"])
async def test_a_command_id_is_a_key(command_id: str) -> None:
    code, message = await Client().refused(BUY, thing="lamp", commandId=command_id)

    assert code == "BAD_USER_INPUT"
    assert message.startswith("commandId ")


async def test_an_expected_version_is_not_negative() -> None:
    code, message = await Client().refused(BUY, thing="lamp", expectedVersion=-1)

    assert code == "BAD_USER_INPUT"
    assert message.startswith("expectedVersion ")


async def test_the_longest_texts_and_lists_pass() -> None:
    fields = await sent(title="x" * 10_000, tags=["a"] * 1_000, note="two\nlines 😀")

    assert len(fields["title"]) == 10_000
    assert len(fields["tags"]) == 1_000
    assert fields["note"] == "two\nlines 😀"
