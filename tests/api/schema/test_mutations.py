"""Commands as mutations, and what is answered."""

from decimal import Decimal

import pytest

from eventlog.envelope import Position
from eventlog.outcome import Overdue, Unavailable
from tests.api.schema.client import ANN, BOB, NOBODY, Client
from tests.api.schema.making import LAMP, SALES
from tests.api.schema.shop import BuyThing, Greet, OfferThing, Sale, Thing

OFFER = """
mutation Offer($input: OfferThingInput!, $commandId: ID, $expectedVersion: Int) {
  offerThing(input: $input, commandId: $commandId, expectedVersion: $expectedVersion) {
    __typename
    ... on Accepted { commandId id version token }
    ... on Rejected { commandId code message }
  }
}
"""
LEAST = {"title": "Vase", "price": "9.90"}


async def test_a_command_is_sent_with_its_fields_and_its_sender() -> None:
    client = Client()

    await client.ask(OFFER, input=LEAST)

    [(command, fields, sender)] = client.services.dispatcher.sent
    assert command is OfferThing
    assert fields["title"] == "Vase"
    assert fields["price"] == Decimal("9.90")
    assert (sender.actor, sender.roles) == (ANN.subject, ANN.roles)
    assert sender.trace == client.request().traceparent


async def test_what_the_dispatcher_fills_is_not_sent() -> None:
    client = Client()

    await client.ask(OFFER, input=LEAST)

    assert not {"thing", "now", "actor", "roles"} & client.services.dispatcher.sent[0][1].keys()


async def test_what_the_dispatcher_fills_cannot_be_given() -> None:
    result = await Client().run(OFFER, input={**LEAST, "actor": "root"})

    assert "actor" in str(result.errors)


async def test_an_accepted_command_tells_where_it_stands() -> None:
    data = await Client().ask(OFFER, input=LEAST, commandId="mine")

    assert data["offerThing"] == {
        "__typename": "Accepted",
        "commandId": "mine",
        "id": "thing-1",
        "version": 1,
        "token": "3:41",
    }


async def test_the_same_command_id_again_gives_the_first_result() -> None:
    client = Client()

    first = await client.ask(OFFER, input=LEAST, commandId="mine")
    again = await client.ask(OFFER, input=LEAST, commandId="mine")

    assert first == again
    assert len(client.services.dispatcher.sent) == 1


async def test_an_expected_version_that_does_not_hold_is_a_conflict() -> None:
    data = await Client().ask(OFFER, input=LEAST, commandId="mine", expectedVersion=7)

    assert data["offerThing"]["__typename"] == "Rejected"
    assert data["offerThing"]["commandId"] == "mine"
    assert data["offerThing"]["code"] == "CONFLICT"


async def test_a_value_that_the_domain_refuses_is_its_no() -> None:
    mark = {"thing": "x", "price": "1000001"}

    data = await Client().ask(OFFER, input={**LEAST, "marks": [mark]}, commandId="mine")

    assert data["offerThing"] == {
        "__typename": "Rejected",
        "commandId": "mine",
        "code": "TOO_DEAR",
        "message": "nothing here costs that much",
    }


async def test_the_events_of_a_command_are_told() -> None:
    data = await Client().ask(
        """
        mutation ($input: BuyThingInput!) {
          buyThing(input: $input) {
            ... on Accepted { events { id type stream version at actor data token } }
          }
        }
        """,
        input={"thing": "lamp"},
    )

    assert data["buyThing"]["events"] == [
        {
            "id": "event-1",
            "type": "thing.Offered",
            "stream": "thing-lamp",
            "version": 1,
            "at": "2026-10-18T09:30:00Z",
            "actor": "ann",
            "data": {"thing": "lamp"},
            "token": "3:41",
        }
    ]


async def test_a_command_of_filled_fields_only_takes_no_input() -> None:
    client = Client(NOBODY)

    await client.ask("mutation { greet { __typename } }")

    assert client.services.dispatcher.sent[0][:2] == (Greet, {})


async def test_an_internal_command_is_no_mutation() -> None:
    result = await Client().run('mutation { withdrawThing(input: { thing: "x" }) { __typename } }')

    assert "withdrawThing" in str(result.errors)


READ_BACK = """
mutation {
  buyThing(input: { thing: "lamp" }) {
    ... on Accepted { query { thing(id: "lamp") { title pastSales { totalCount } } } }
  }
}
"""


async def test_the_query_of_an_accepted_command_waits_for_every_projection_in_it() -> None:
    client = Client()
    client.services.documents.put(LAMP, *SALES)
    client.services.documents.passed[3] = 41

    data = await client.ask(READ_BACK)

    assert data["buyThing"]["query"]["thing"] == {
        "title": "A lamp",
        "pastSales": {"totalCount": 2},
    }
    assert client.services.documents.waited == [(Thing, Position(3, 41)), (Sale, Position(3, 41))]


async def test_a_projection_that_is_late_is_a_timeout_and_the_command_stands() -> None:
    client = Client()
    client.services.documents.passed[3] = 40

    result = await client.run(
        """
        mutation {
          buyThing(input: { thing: "lamp" }) {
            ... on Accepted { version query { thing(id: "lamp") { title } } }
          }
        }
        """
    )

    assert result.data == {"buyThing": {"version": 1, "query": {"thing": None}}}
    assert [each.extensions for each in result.errors or []] == [{"code": "TIMEOUT"}]


async def test_a_document_may_be_asked_to_wait_for_a_further_token() -> None:
    client = Client()
    client.services.documents.put(LAMP)
    client.services.documents.passed.update({3: 50, 4: 9})

    await client.ask(
        """
        mutation {
          buyThing(input: { thing: "lamp" }) {
            ... on Accepted {
              query {
                other: things(atLeast: "4:9") { nodes { id } }
                later: thing(id: "lamp", atLeast: "3:50") { id }
                earlier: thing(id: "lamp", atLeast: "3:2") { id }
              }
            }
          }
        }
        """
    )

    assert sorted(each for _, each in client.services.documents.waited) == [
        Position(3, 41),
        Position(3, 41),
        Position(3, 50),
        Position(4, 9),
    ]


@pytest.mark.parametrize(
    ("failure", "code", "command_id"),
    [
        (Overdue("it took too long", command_id="mine"), "TIMEOUT", "mine"),
        (Unavailable("the log is away", command_id="mine"), "UNAVAILABLE", "mine"),
        (Unavailable("the log is away"), "UNAVAILABLE", None),
    ],
)
async def test_a_fault_says_whether_the_command_may_have_been_appended(
    failure: Exception, code: str, command_id: str | None
) -> None:
    client = Client()
    client.services.dispatcher.failure = failure

    errors = (await client.run(OFFER, input=LEAST)).errors or []

    assert len(errors) == 1
    assert errors[0].message == str(failure)
    extensions = dict(errors[0].extensions or {})
    assert extensions == {"code": code} | ({"commandId": command_id} if command_id else {})


async def test_who_is_not_signed_in_is_told_to() -> None:
    client = Client(NOBODY)

    assert (await client.refused(OFFER, input=LEAST))[0] == "UNAUTHENTICATED"
    assert client.services.dispatcher.sent == []


async def test_who_lacks_the_role_is_forbidden() -> None:
    client = Client(BOB)

    assert (await client.refused(OFFER, input=LEAST))[0] == "FORBIDDEN"
    assert client.services.dispatcher.sent == []


async def test_the_right_comes_before_the_input() -> None:
    code, _ = await Client(BOB).refused(OFFER, input={"title": "\ud800", "price": "1"})

    assert code == "FORBIDDEN"


async def test_a_public_command_is_for_everyone() -> None:
    client = Client(NOBODY)

    await client.ask('mutation { buyThing(input: { thing: "lamp" }) { __typename } }')

    command, fields, sender = client.services.dispatcher.sent[0]
    assert (command, fields, sender.actor) == (BuyThing, {"thing": "lamp"}, None)
