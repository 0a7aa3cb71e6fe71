"""From the model to the schema: every type made, every name unique, every field bound."""

from collections.abc import Iterable, Mapping

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from api.schema.book import Book, Field
from api.schema.documents import claim_document, make_document, make_page_info, queries
from api.schema.filters import Filters
from api.schema.history import history
from api.schema.inputs import Inputs
from api.schema.limits import Limits
from api.schema.listing import Listing, listing_of
from api.schema.mutations import make_recorded_event, mutations
from api.schema.outputs import Outputs
from api.schema.scalars import PYTHON_TYPES, scalar_map
from api.schema.shapes import id_names
from api.schema.subscriptions import make_changes, subscriptions
from domain.composition import CompositionError
from readmodels.composition import Model

__all__ = ["core", "derive"]

_OWN_TYPES = (
    "Query",
    "Mutation",
    "Subscription",
    "PageInfo",
    "RecordedEvent",
    "CommandResult",
    "Accepted",
    "Rejected",
)


def derive(model: Model, limits: Limits | None = None) -> strawberry.Schema:
    """The GraphQL schema of the model, by the rules of the public API.

    Resolvers find what they call in `info.context`, an `api.context.Request` whose services have
    `documents` and `dispatcher`. Raises CompositionError, with a sentence that names the culprit,
    where GraphQL cannot show what the model says.
    """
    limits = limits or Limits()
    ids = id_names(model)
    book = Book(PYTHON_TYPES)
    for name in _OWN_TYPES:
        book.claim(name, "a type of every schema")
    inputs = Inputs(book, ids, limits)
    listings = _listings(model, book, inputs, ids, limits)
    outputs = Outputs(book, inputs, ids)
    make_page_info(book)
    make_recorded_event(book)
    for listing in listings.values():
        make_document(listing, listings, book, outputs)
        make_changes(listing, book)
    asked = [queries(listing) for listing in listings.values()]
    query = _fields(asked, history(model.domain, book, inputs, limits))
    if not query:
        raise CompositionError("no projection shows a document, but a GraphQL schema needs one")
    mutation = mutations(model.domain, book, inputs)
    subscription = _fields([subscriptions(listing) for listing in listings.values()])
    return _schema(book, query, mutation, subscription, limits)


def core(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's schema, which executes. Strawberry keeps it under this name alone."""
    return schema._schema  # pyright: ignore[reportPrivateUsage]  # no public name as of 0.341


def _listings(
    model: Model, book: Book, inputs: Inputs, ids: frozenset[str], limits: Limits
) -> dict[str, Listing]:
    filters = Filters(book, inputs, limits)
    made = [listing_of(each, filters, inputs, ids, limits) for each in model.shown.values()]
    for listing in made:
        claim_document(listing, book)
    return {listing.name: listing for listing in made}


def _fields(groups: Iterable[Mapping[str, Field]], *more: Mapping[str, Field]) -> dict[str, Field]:
    """The fields of a root. Raises CompositionError where two have the same name."""
    fields: dict[str, Field] = {}
    for group in (*groups, *more):
        for name, each in group.items():
            if name in fields:
                raise CompositionError(
                    f"the root field {name} would answer with {fields[name].type} and with "
                    f"{each.type}; set another plural= or rename a document"
                )
            fields[name] = each
    return fields


def _schema(
    book: Book,
    query: Mapping[str, Field],
    mutation: Mapping[str, Field],
    subscription: Mapping[str, Field],
    limits: Limits,
) -> strawberry.Schema:
    schema = strawberry.Schema(
        query=book.object("Query", query, "What can be asked."),
        mutation=book.object("Mutation", mutation, "What can be done.") if mutation else None,
        subscription=book.object("Subscription", subscription, "What can be watched.")
        if subscription
        else None,
        config=StrawberryConfig(scalar_map=scalar_map(limits)),
    )
    book.bind(core(schema))
    return schema
