"""What GraphiQL opens with fits the model that is served, whichever that is."""

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from api.contexts import CONTEXTS, shipped
from api.first_query import EXPLANATION, first_query
from api.schema import core, derive
from readmodels.composition import Model, build
from tests import sample
from tests.examples.library.model import model as library

WIDTH = 60
"""How much of a line the editor shows beside its buttons, on a screen of 1440 pixels."""


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (shipped(), "products(first: 10"),
        (
            library(),
            "copies(first: 10) { nodes { id title status dueAt waiting } }",
        ),
        (sample.sample(), "accounts(first: 10)"),
    ],
    ids=["shipped", "library", "sample"],
)
def test_it_begins_with_something_that_runs(model: Model, words: str) -> None:
    schema = core(derive(model))
    query = first_query(schema, model)
    assert words in query
    assert validate(schema, parse(query)) == []


def test_it_begins_with_a_mutation_and_a_subscription_of_each_context() -> None:
    query = first_query(core(derive(shipped())), shipped())
    operations = [
        each.operation.value
        for each in parse(query).definitions
        if isinstance(each, OperationDefinitionNode)
    ]
    assert operations == ["subscription", "mutation"] * len(CONTEXTS)
    assert max(map(len, query.splitlines())) <= WIDTH, "the editor has no more columns"


def test_where_nothing_is_shown_there_are_only_words() -> None:
    schema = build_schema("type Query { empty: Boolean }")
    assert first_query(schema, build(aggregates=[])) == EXPLANATION
