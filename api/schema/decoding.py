"""Commands from JSON, as a mutation takes them: the same types, conversions and checks."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import graphql
from graphql import GraphQLError, GraphQLSchema

from api.errors import Fault
from api.schema.book import Book
from api.schema.inputs import Convert, Inputs, checked
from api.schema.limits import Limits
from api.schema.scalars import PYTHON_TYPES
from api.schema.shapes import id_names
from domain.composition import command_spec
from domain.model import Rejected
from readmodels.composition import Model

_core: Any = graphql
"""Untyped here, since graphql-core leaves the generics of its types open."""

ALIKE_MAX = 5
"""How many commands are named where there is none of the name that was given."""

__all__ = ["Decode", "command_decoder"]

Decode = Callable[[str, Any], tuple[type[Any], Mapping[str, Any]]]
"""A command's name and its input as JSON, into its class and fields; raises ValueError."""


def command_decoder(model: Model, schema: GraphQLSchema) -> Decode:
    """What reads the input of every command that has a mutation in the schema."""
    inputs = Inputs(Book(PYTHON_TYPES), id_names(model), Limits())
    known: dict[str, tuple[type[Any], Convert | None]] = {}
    for name, cls in model.domain.commands.items():
        spec = command_spec(cls)
        if spec is not None and spec.allow is not None:
            known[name] = cls, inputs.fields(cls, f"{name}Input", None)

    def decode(name: str, json: Any) -> tuple[type[Any], Mapping[str, Any]]:
        if name not in known:
            alike = ", ".join(get_close_matches(name[:100], known, ALIKE_MAX, cutoff=0))
            raise ValueError(
                f"there is no command {name[:100]!r} among {len(known)}; most alike are {alike}"
            )
        cls, convert = known[name]
        if convert is None:
            return cls, {}
        try:
            return cls, checked("input", convert, _coerced(schema, f"{name}Input", json))
        except Rejected as no:
            raise ValueError(f"{no.code}: {no.message}") from None
        except (Fault, GraphQLError) as fault:
            raise ValueError(fault.message) from None

    return decode


def _coerced(schema: GraphQLSchema, name: str, json: Any) -> Any:
    wanted: Any = _core.GraphQLNonNull(schema.type_map[name])

    def refuse(error: GraphQLError, path: list[str | int]) -> None:
        way = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
        raise GraphQLError(f"input{way}: {error.message}")

    _core.validate_input_value(json, wanted, refuse)
    return _core.coerce_input_value(json, wanted)
