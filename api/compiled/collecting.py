"""Selections merged into fields, once for all executions: GraphQL's CollectFields, ahead of time.

What depends on a variable, `@include(if: $all)`, is decided by the variable's value, so there is
one plan for each combination of such values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

__all__ = ["Collector", "Selected", "Uncovered", "conditions_of", "type_of"]

_CONDITIONS = {"include": True, "skip": False}


class Uncovered(Exception):
    """What is asked for is not made into functions; graphql-core answers it."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A field of a selection: the key of its answer, its name, and every place that asks for it."""

    key: str
    name: str
    nodes: tuple[FieldNode, ...]

    @property
    def sets(self) -> tuple[SelectionSetNode, ...]:
        """What is selected below it."""
        return tuple(each.selection_set for each in self.nodes if each.selection_set)


def conditions_of(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> frozenset[str]:
    """The variables by which the operation includes or skips something."""
    found: set[str] = set()
    left: list[SelectionSetNode] = [operation.selection_set]
    spread: set[str] = set()
    while left:
        for each in left.pop().selections:
            found.update(
                directive.arguments[0].value.name.value
                for directive in each.directives or ()
                if directive.name.value in _CONDITIONS
                and directive.arguments
                and isinstance(directive.arguments[0].value, VariableNode)
            )
            if isinstance(each, FragmentSpreadNode):
                fragment = fragments.get(each.name.value)
                if fragment is not None and each.name.value not in spread:
                    spread.add(each.name.value)
                    left.append(fragment.selection_set)
            elif isinstance(each, FieldNode | InlineFragmentNode) and each.selection_set:
                left.append(each.selection_set)
    return frozenset(found)


class Type(NamedTuple):
    """The type of a field, taken apart; of lists in lists only the outer one is told."""

    named: Any
    is_list: bool
    is_required: bool


def type_of(definition: GraphQLField) -> Type:
    """The type of a field."""
    inner: Any = cast(Any, definition).type
    is_required = isinstance(inner, cast(Any, GraphQLNonNull))
    inner = inner.of_type if is_required else inner
    is_list = isinstance(inner, cast(Any, GraphQLList))
    while hasattr(inner, "of_type"):
        inner = inner.of_type
    return Type(inner, is_list, is_required)


class Collector:
    """Merges the selections of one document; `truths` are the values of its conditions."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        truths: Mapping[str, bool],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._truths = truths

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> list[Selected]:
        """The fields of an object of the type, in the order of the answer."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for each in sets:
            for node in self._nodes(type_, each, visited):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
        return [Selected(key, nodes[0].name.value, tuple(nodes)) for key, nodes in found.items()]

    def field(self, type_: GraphQLObjectType, selected: Selected) -> GraphQLField:
        """The definition of a selected field. Raises Uncovered for those of introspection."""
        fields: Mapping[str, GraphQLField] = type_.fields
        if selected.name not in fields:
            raise Uncovered(f"{type_.name}.{selected.name}")
        return fields[selected.name]

    def _nodes(
        self, type_: GraphQLObjectType, selections: SelectionSetNode, visited: set[str]
    ) -> Iterator[FieldNode]:
        for each in selections.selections:
            if not self._is_included(each):
                continue
            if isinstance(each, FieldNode):
                yield each
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition.name.value if each.type_condition else None
                if condition is None or self._matches(condition, type_):
                    yield from self._nodes(type_, each.selection_set, visited)
            elif isinstance(each, FragmentSpreadNode):
                fragment = self._fragments[each.name.value]
                condition = fragment.type_condition.name.value
                if each.name.value not in visited and self._matches(condition, type_):
                    visited.add(each.name.value)
                    yield from self._nodes(type_, fragment.selection_set, visited)

    def _matches(self, condition: str, type_: GraphQLObjectType) -> bool:
        if condition == type_.name:
            return True
        other = self._schema.get_type(condition)
        return is_abstract_type(other) and self._is_of(other, type_)

    def _is_of(self, abstract: GraphQLAbstractType, type_: GraphQLObjectType) -> bool:
        return self._schema.is_sub_type(abstract, type_)

    def _is_included(self, node: SelectionNode) -> bool:
        return all(self._holds(each) for each in node.directives or ())

    def _holds(self, directive: DirectiveNode) -> bool:
        wanted = _CONDITIONS.get(directive.name.value)
        if wanted is None:
            raise Uncovered(f"@{directive.name.value}")
        value = next(each.value for each in directive.arguments or ())
        if isinstance(value, VariableNode):
            return self._truths[value.name.value] is wanted
        if not isinstance(value, BooleanValueNode):
            raise Uncovered("a condition that is no truth value")
        return value.value is wanted
