"""The schema itself: what a model becomes, and which models are refused with a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import graphql
import pytest
from graphql import DefinitionNode, DocumentNode, parse, print_ast

from api.schema import derive, print_sdl
from api.schema.names import camel, plural
from domain.composition import CompositionError
from domain.model import Aggregate, NewId, Public, command, event, value
from domain.rules import Owner
from readmodels.composition import Model, build
from readmodels.model import Projection, document, index, many
from tests.api.schema.client import SCHEMA
from tests.api.schema.shop import shop

SDL = print_sdl(derive(shop()))


def definition(text: str | DocumentNode, name: str) -> dict[str, str]:
    """The fields of a type as text, without descriptions."""
    document = parse(text) if isinstance(text, str) else text
    found: Any = next(each for each in document.definitions if named(each) == name)
    return {field.name.value: written(field) for field in found.fields}


def written(node: Any) -> str:
    """A field or an argument without its description."""
    arguments = ", ".join(map(written, getattr(node, "arguments", ()) or ()))
    default = getattr(node, "default_value", None)
    return "".join(
        (
            node.name.value,
            f"({arguments})" if arguments else "",
            f": {print_ast(node.type)}",
            f" = {print_ast(default)}" if default else "",
        )
    )


def named(node: DefinitionNode) -> str:
    return str(getattr(node, "name", None) and node.name.value)  # type: ignore[attr-defined]


PROMISE = """
type Query {
  thing(id: ID!, atLeast: Token): Thing
  things(where: ThingFilter, orderBy: [ThingOrder!], first: Int = 20, after: Cursor, atLeast: Token): ThingConnection!
}
type Subscription {
  thing(id: ID!, atLeast: Token): Thing
  things(where: ThingFilter, orderBy: [ThingOrder!], first: Int = 20, atLeast: Token): ThingConnection!
  thingChanges(where: ThingFilter, since: Cursor): ThingChanges!
}
type Mutation {
  offerThing(input: OfferThingInput!, commandId: ID, expectedVersion: Int): CommandResult!
  greet(commandId: ID, expectedVersion: Int): CommandResult!
}
type Accepted { commandId: ID!  id: ID!  version: Int!  token: Token!  events: [RecordedEvent!]!  query: Query! }
type Rejected { commandId: ID!  code: String!  message: String! }
type RecordedEvent { id: ID!  type: String!  stream: ID!  version: Int!  at: DateTime!  actor: String  data: JSON!  token: Token! }
type ThingChanges { cursor: Cursor!  reset: Boolean!  more: Boolean!  entered: [Thing!]!  changed: [Thing!]!  left: [ID!]! }
type ThingConnection { edges: [ThingEdge!]!  nodes: [Thing!]!  pageInfo: PageInfo!  totalCount: Int! }
type PageInfo { hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: Cursor  endCursor: Cursor }
type Thing {
  id: ID!
  title: String!
  price: Decimal!
  weightKg: Float!
  condition: Condition!
  rank: Rank
  madeOn: Date
  seenAt: DateTime
  tags: [String!]!
  sizes: [Size!]!
  size: Size
  facts: JSON!
  pastSales(where: SaleFilter, orderBy: [SaleOrder!], first: Int = 20, after: Cursor): SaleConnection!
}
type Sale { id: ID!  buyer: ID!  thing: ID!  sold: Thing }
input OfferThingInput {
  title: String!
  price: Decimal!
  condition: Condition! = WORN
  discount: Decimal! = "0.10"
  pieces: Int! = 1
  note: String
  madeOn: Date
  tags: [String!]! = []
  marks: [MarkInput!]! = []
  size: SizeInput
}
input MarkInput { thing: ID!  price: Decimal!  size: SizeInput }
input ThingOrder { field: ThingOrderField!  direction: Direction! = ASC }
input ConditionFilter { eq: Condition  ne: Condition  in: [Condition!]  notIn: [Condition!] }
input BooleanFilter { eq: Boolean  ne: Boolean }
"""  # noqa: E501 - it is quoted from the promise


@pytest.mark.parametrize("name", [named(each) for each in parse(PROMISE).definitions])
def test_the_schema_has_what_is_promised(name: str) -> None:
    promised, found = definition(PROMISE, name), definition(SDL, name)

    assert {field: found.get(field) for field in promised} == promised


def test_docstrings_are_descriptions() -> None:
    types = SCHEMA.type_map
    thing: Any = types["Thing"]
    mutation: Any = types["Mutation"]

    assert thing.description == "A thing on the shelf."
    assert types["OfferThingInput"].description == "Puts a thing on the shelf."
    assert types["SizeInput"].description == "Its edges."
    assert types["Condition"].description == "How worn a thing is."
    offer = "Puts a thing on the shelf.\n\nSent by: clerk."
    assert mutation.fields["offerThing"].description == offer
    assert mutation.fields["buyThing"].description == "Anybody may send it."


def test_a_class_without_a_docstring_has_no_description() -> None:
    types = SCHEMA.type_map

    assert [types[each].description for each in ("DayTally", "BuyThingInput", "Rank")] == [None] * 3


def test_scalars_say_what_they_are() -> None:
    for name in ("Decimal", "DateTime", "Date", "JSON", "Token", "Cursor"):
        scalar: Any = SCHEMA.type_map[name]
        assert scalar.description
        assert (scalar.specified_by_url is None) == (name in ("Token", "Cursor"))


def test_the_sdl_is_a_schema_and_the_same_each_time() -> None:
    assert print_sdl(derive(shop())) == SDL
    assert graphql.validate_schema(graphql.build_schema(SDL)) == []


def test_the_schema_can_be_introspected() -> None:
    introspected = graphql.introspection_from_schema(SCHEMA)

    assert "offerThing" in str(introspected)
    graphql.build_client_schema(introspected)


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("salesDay", "salesDays"),
        ("category", "categories"),
        ("box", "boxes"),
        ("bus", "buses"),
        ("batch", "batches"),
        ("wish", "wishes"),
        ("y", "ys"),
    ],
)
def test_a_plural_is_regular(noun: str, many: str) -> None:
    assert plural(noun) == many


@pytest.mark.parametrize(
    ("name", "spelled"),
    [("list_price", "listPrice"), ("a__b", "aB"), ("x1_y", "x1Y"), ("_a_b", "_aB"), ("a_", "a_")],
)
def test_a_name_is_spelled_as_graphql_does(name: str, spelled: str) -> None:
    assert camel(name) == spelled


# Models that are refused.


@dataclass(frozen=True)
class State:
    """What an aggregate knows."""


@event("made.Up")
class MadeUp:
    id: str


def evolve(state: State, event: MadeUp) -> State:
    return state


def model(
    *documents: type[Any], decide: Callable[..., Any] | None = None, history: Any = None
) -> Model:
    """A model of one aggregate and a projection for each document."""

    def nothing(command: "Nothing", state: State) -> list[MadeUp]:
        return []

    nothing.__annotations__["command"] = Nothing

    def fold(document: Any, event: MadeUp) -> Any:
        return document

    def keys(event: MadeUp) -> list[str]:
        return []

    made: Any = Aggregate(
        name="made",
        key=lambda command: command.id,
        initial=State,
        decide=decide or nothing,
        evolve=evolve,
        history=history,
    )
    return build(
        aggregates=[made],
        projections=[Projection(document=each, keys=keys, evolve=fold) for each in documents],
    )


def deciding(cls: type[Any]) -> Callable[..., Any]:
    """A decide that takes the command class."""

    def decide(command: Any, state: State) -> list[MadeUp]:
        return []

    decide.__annotations__["command"] = cls
    return decide


@command()
class Nothing:
    id: str


@document(read=Public())
class Note:
    id: str


def refusal(made: Model) -> str:
    with pytest.raises(CompositionError) as caught:
        derive(made)
    return str(caught.value)


def test_a_model_without_documents_is_refused() -> None:
    assert "no projection shows a document" in refusal(model())


def test_a_field_that_graphql_has_no_type_for_is_named() -> None:
    @document(read=Public())
    class Odd:
        id: str
        ratio: Fraction

    assert refusal(model(Odd)).startswith("Odd.ratio is of Fraction")


def test_a_pair_is_no_list() -> None:
    @document(read=Public())
    class Pairs:
        id: str
        pair: tuple[int, str]

    assert "Pairs.pair" in refusal(model(Pairs))


def test_a_union_is_refused() -> None:
    @command(allow=Public())
    class Choose:
        id: str
        what: int | str

    assert "Choose.what" in refusal(model(Note, decide=deciding(Choose)))


def test_a_dict_is_no_input() -> None:
    @command(allow=Public())
    class Store:
        id: str
        what: dict[str, int]

    assert "Store.what is a dict" in refusal(model(Note, decide=deciding(Store)))


def test_a_filled_field_in_a_value_is_refused() -> None:
    @value
    class Inner:
        made: NewId

    @command(allow=Public())
    class Outer:
        id: str
        inner: Inner

    assert "Inner.made" in refusal(model(Note, decide=deciding(Outer)))


def test_two_classes_of_one_name_are_both_named() -> None:
    class Wall:
        class Colour(Enum):
            RED = 1

    class Door:
        class Colour(Enum):
            BLUE = 1

    @document(read=Public())
    class Paint:
        id: str
        one: Wall.Colour
        two: Door.Colour

    message = refusal(model(Paint))
    assert "the GraphQL type Colour" in message
    assert "Wall.Colour" in message
    assert "Door.Colour" in message


def test_a_document_may_not_have_the_name_of_another_type() -> None:
    @document(read=Public())
    class Accepted:
        id: str

    message = refusal(model(Accepted))
    assert "the GraphQL type Accepted" in message
    assert "Accepted" in message


def test_a_document_may_not_have_the_name_of_a_filter() -> None:
    @document(read=Public())
    class NoteFilter:
        id: str

    message = refusal(model(Note, NoteFilter))
    assert "NoteFilter" in message
    assert "the filter of the document Note" in message


def test_two_root_fields_of_one_name_are_refused() -> None:
    @document(read=Public(), plural="note")
    class Tune:
        id: str

    message = refusal(model(Note, Tune))
    assert "the root field note" in message


def test_a_plural_like_its_singular_is_refused() -> None:
    @document(read=Public(), plural="sheep")
    class Sheep:
        id: str

    assert "both be sheep" in refusal(model(Sheep))


def test_two_fields_of_one_spelling_are_refused() -> None:
    @document(read=Public())
    class Twice:
        id: str
        a_b: int
        aB: int

    assert "two fields of Twice would be called aB" in refusal(model(Twice))


def test_a_link_may_not_be_spelled_as_a_field() -> None:
    @document(read=Public(), links=[many("all_notes", to="Linked", by="id")])
    class Linked:
        id: str
        allNotes: int

    assert "allNotes" in refusal(model(Linked))


def test_an_index_over_a_value_is_refused() -> None:
    @value
    class Box:
        size: int

    @document(read=Public(), indexes=[index("box")])
    class Boxed:
        id: str
        box: Box

    assert "Boxed.box, which cannot be filtered by" in refusal(model(Boxed))


def test_a_history_for_owners_is_refused() -> None:
    assert "'made' names an Owner" in refusal(model(Note, history=Owner("id")))


def test_a_name_that_graphql_does_not_allow_is_refused() -> None:
    @document(read=Public())
    class Straße:
        id: str

    assert "Straße" in refusal(model(Straße))


def test_an_empty_value_is_refused() -> None:
    @value
    class Empty:
        pass

    @document(read=Public())
    class Holding:
        id: str
        empty: Empty

    assert "Empty has no fields" in refusal(model(Holding))


def test_a_model_without_exposed_commands_has_no_mutations() -> None:
    sdl = print_sdl(derive(model(Note)))

    assert "type Mutation" not in sdl
    assert "history" not in sdl


def test_a_value_may_hold_itself() -> None:
    made = print_sdl(derive(model(Tree, decide=deciding(Plant))))

    assert definition(made, "Branch") == {"length": "length: Decimal!", "on": "on: [Branch!]!"}
    assert definition(made, "BranchInput")["on"] == "on: [BranchInput!]! = []"


@value
class Branch:
    length: Decimal
    on: "tuple[Branch, ...]" = ()


@document(read=Public())
class Tree:
    id: str
    trunk: Branch


@command(allow=Public())
class Plant:
    id: str
    trunk: Branch
