"""How large an operation may be: its shape before it is validated, its cost before it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from api.errors import LIMIT_EXCEEDED, Fault
from api.settings import Settings

__all__ = ["check_shape", "check_values", "exceeded", "fragments_of"]

INTROSPECTION = ("__schema", "__type")


def exceeded(limit: str, value: int, at_most: int, what: str) -> Fault:
    """The fault of crossing a limit, which it names with the value and the bound."""
    message = f"The operation has {value} {what}; at most {at_most} are accepted ({limit})"
    return Fault(LIMIT_EXCEEDED, message, limit=limit, value=value, max=at_most)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a selection adds up to with its fragments spread in it."""

    depth: int = 0
    aliases: int = 0
    roots: int = 0


class _Measure:
    """Adds up selections; each fragment is measured once, however often it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, _Shape] = {}

    def of(self, selection_set: SelectionSetNode | None) -> _Shape:
        """The shape of a selection; the parser has already bounded its nesting."""
        if selection_set is None:
            return _Shape()
        depth = aliases = roots = 0
        names: set[str] = set()
        for field in _fields(selection_set):
            below = _Shape()
            if field.name.value not in INTROSPECTION:
                below = self.of(field.selection_set)
            name = field.alias.value if field.alias else field.name.value
            aliases += below.aliases + (field.alias is not None or name in names)
            names.add(name)
            roots += 1
            depth = max(depth, below.depth + 1)
        for name in _spreads(selection_set):
            spread = self._of_fragment(name)
            depth = max(depth, spread.depth)
            aliases += spread.aliases
            roots += spread.roots
        return _Shape(depth, aliases, roots)

    def _of_fragment(self, name: str) -> _Shape:
        if name not in self._known:
            self._known[name] = _Shape()  # a cycle, which validation refuses, adds nothing
            fragment = self._fragments.get(name)
            self._known[name] = self.of(fragment.selection_set if fragment else None)
        return self._known[name]


def check_shape(document: DocumentNode, settings: Settings) -> None:
    """Refuses a document that is too deep or too wide, before validation spends time on it.

    Introspection counts as one field: it has its own rule and the limit of tokens.
    """
    directives = sum(1 for _ in _directives(document))
    _check("directives_max", directives, settings.directives_max, "directives")
    measure = _Measure(fragments_of(document))
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            shape = measure.of(definition.selection_set)
            _check("depth_max", shape.depth, settings.depth_max, "levels")
            aliases = "aliases and repeated fields"
            _check("aliases_max", shape.aliases, settings.aliases_max, aliases)
            _check("root_fields_max", shape.roots, settings.root_fields_max, "root fields")


def check_values(variables: dict[str, Any], settings: Settings) -> None:
    """Refuses variables that nest too deep or hold too many values."""
    count = 0
    level: list[object] = [variables]
    for _ in range(settings.values_depth_max + 1):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(cast(dict[str, object], value).values())
            elif isinstance(value, list):
                below.extend(cast(list[object], value))
        count += len(below)
        _check("values_max", count, settings.values_max, "values in its variables")
        if not below:
            return
        level = below
    depth = settings.values_depth_max
    _check("values_depth_max", depth + 1, depth, "or more levels in its variables")


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments of a document by their names."""
    return {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }


def _check(limit: str, value: int, at_most: int, what: str) -> None:
    if value > at_most:
        raise exceeded(limit, value, at_most, what)


def _fields(selection_set: SelectionSetNode) -> Iterator[FieldNode]:
    """The fields of a selection, those in inline fragments too."""
    for each in selection_set.selections:
        if isinstance(each, FieldNode):
            yield each
        elif isinstance(each, InlineFragmentNode):
            yield from _fields(each.selection_set)


def _spreads(selection_set: SelectionSetNode) -> Iterator[str]:
    for each in selection_set.selections:
        if isinstance(each, FragmentSpreadNode):
            yield each.name.value
        elif isinstance(each, InlineFragmentNode):
            yield from _spreads(each.selection_set)


def _directives(document: DocumentNode) -> Iterator[DirectiveNode]:
    """Every use of a directive in the document."""
    pending: list[SelectionSetNode | None] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            yield from definition.directives or ()
            for variable in definition.variable_definitions or ():
                yield from variable.directives or ()
            pending.append(definition.selection_set)
    while pending:
        selection_set = pending.pop()
        for each in selection_set.selections if selection_set else ():
            yield from each.directives or ()
            pending.append(_below(each))


def _below(selection: SelectionNode) -> SelectionSetNode | None:
    if isinstance(selection, FieldNode | InlineFragmentNode):
        return selection.selection_set
    return None
