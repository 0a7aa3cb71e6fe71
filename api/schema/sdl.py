"""The schema as text, the same for the same model."""

import strawberry
from graphql import GraphQLNamedType, is_introspection_type, is_specified_scalar_type, print_type

from api.schema.derive import core

__all__ = ["print_sdl"]

_ROOTS = ("Query", "Mutation", "Subscription")


def print_sdl(schema: strawberry.Schema) -> str:
    """The schema in GraphQL's definition language.

    The roots come first, then the other types by name; fields stand as they were declared.
    """

    def rank(type_: GraphQLNamedType) -> tuple[int, str]:
        return (_ROOTS.index(type_.name) if type_.name in _ROOTS else len(_ROOTS), type_.name)

    shown = [
        each
        for each in core(schema).type_map.values()
        if not is_introspection_type(each) and not is_specified_scalar_type(each)
    ]
    return "\n\n".join(print_type(each) for each in sorted(shown, key=rank)) + "\n"
