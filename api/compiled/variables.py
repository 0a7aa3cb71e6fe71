"""The variables of an operation, coerced as graphql-core does, with their types looked up once."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    is_required_argument,
    utilities,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

_coerced: Any = getattr(utilities, "coerce_input_value")  # noqa: B009
_required: Any = GraphQLNonNull
"""Untyped here, since graphql-core leaves its generics open."""

__all__ = ["Arguments", "Given", "Variables"]


class Given:
    """The variables of one request."""

    __slots__ = ("_all", "_inputs", "_variables", "coerced")

    def __init__(
        self, variables: "Variables", inputs: Mapping[str, Any], coerced: Mapping[str, Any]
    ) -> None:
        self._variables = variables
        self._inputs = inputs
        self._all: VariableValues | None = None
        self.coerced = coerced

    def whole(self) -> VariableValues:
        """As graphql-core wants them, for what has variables deep inside. Raises GraphQLError."""
        if self._all is None:
            self._all = self._variables.as_told(self._inputs)
        return self._all


class Variables:
    """The variables that an operation defines."""

    def __init__(self, schema: GraphQLSchema, nodes: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._none = Given(self, {}, {})
        self._defined: list[tuple[str, Any, bool, bool]] = []
        for node in nodes:
            signature = get_variable_signature(schema, node)
            if isinstance(signature, GraphQLError):
                raise signature
            type_: Any = cast(Any, signature).type
            is_required = isinstance(type_, _required)
            self._defined.append((signature.name, type_, bool(node.default_value), is_required))

    def given(self, inputs: Mapping[str, Any]) -> Given | None:
        """The values of a request; None where graphql-core is to say what is wrong with them."""
        if not self._defined:
            return self._none
        coerced: dict[str, Any] = {}
        for name, type_, has_default, is_required in self._defined:
            value = inputs.get(name, Undefined)
            if value is Undefined:
                if has_default:
                    return self._defaulted(inputs)
                if is_required:
                    return None
                continue
            try:
                made = _coerced(value, type_)
            except Exception:  # whatever it is, graphql-core tells it
                return None
            if made is Undefined:
                return None
            coerced[name] = made
        return Given(self, inputs, coerced)

    def _defaulted(self, inputs: Mapping[str, Any]) -> Given | None:
        try:
            return Given(self, inputs, self.as_told(inputs).coerced)
        except Exception:
            return None

    def as_told(self, inputs: Mapping[str, Any]) -> VariableValues:
        """What graphql-core makes of them. Raises GraphQLError."""
        values = get_variable_values(self._schema, self._nodes, dict(inputs))
        if isinstance(values, VariableValues):
            return values
        raise values[0]


class Arguments:
    """The arguments of a field: constants are read once, and a variable is looked up."""

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self._definition = definition
        self._node = node
        named = {e.name.value: e.value for e in node.arguments or () if _names_variable(e.value)}
        self.is_constant = not named
        self._is_flat = all(isinstance(each, VariableNode) for each in named.values())
        self._variables = [
            (name, each.name.value, isinstance(cast(Any, definition.args[name]).type, _required))
            for name, each in named.items()
            if isinstance(each, VariableNode)
        ]
        self._constant = _constant(definition, node, set(named))

    def given(self, variables: Given) -> dict[str, Any]:
        """Their values by their names in GraphQL. Raises GraphQLError."""
        if self.is_constant:
            return self._constant
        if not self._is_flat:
            return get_argument_values(self._definition, self._node, variables.whole())
        given = dict(self._constant)
        for name, variable, is_required in self._variables:
            if variable in variables.coerced:
                given[name] = variables.coerced[variable]
            if is_required and given.get(name) is None:
                raise GraphQLError(f"{name} has no value")
        return given


def _constant(definition: GraphQLField, node: FieldNode, named: set[str]) -> dict[str, Any]:
    """The arguments without variables, and the defaults of the others."""
    arguments: Any = definition.args
    some = {
        name: argument
        for name, argument in arguments.items()
        if name not in named or not is_required_argument(argument)
    }
    rest = tuple(each for each in node.arguments or () if each.name.value not in named)
    field: Any = GraphQLField(cast(Any, definition).type, args=some)
    return get_argument_values(field, FieldNode(name=node.name, arguments=rest))


def _names_variable(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(map(_names_variable, value.values))
        case ObjectValueNode():
            return any(_names_variable(each.value) for each in value.fields)
        case _:
            return False
