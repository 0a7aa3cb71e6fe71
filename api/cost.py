"""What an operation costs: the fields it may resolve, where a page multiplies what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from api.limits import INTROSPECTION, exceeded
from api.settings import Settings

__all__ = ["Cost", "Pricing", "check_cost"]

EMBEDDED_LIST = 5
"""How many entries a list without `first` is taken to have: those in a document are short."""
PAGE_ARGUMENT = "first"


@dataclass(frozen=True, slots=True)
class Page:
    """The size of a page: a number, or that of a variable with its default."""

    size: int
    variable: str | None = None

    def given(self, variables: Mapping[str, object]) -> int:
        """The size with the operation's variables; what is no number, coercion will refuse."""
        value = variables.get(self.variable, self.size) if self.variable else self.size
        return value if isinstance(value, int) else self.size


ONCE = Page(1)


@dataclass(frozen=True, slots=True)
class Cost:
    """So many fields, and parts that a page multiplies; parts are shared, never copied."""

    fields: int
    paged: "tuple[tuple[Page, Cost], ...]" = ()
    pages: tuple[Page, ...] = ()

    def sizes(self, variables: Mapping[str, object]) -> tuple[int, ...]:
        """The size of each page: where they are equal, so are the costs."""
        return tuple([each.given(variables) for each in self.pages])


def check_cost(cost: Cost, variables: Mapping[str, object], settings: Settings) -> None:
    """Refuses an operation that asks for too large a page, or for too much in all."""
    for page in cost.pages:
        size = page.given(variables)
        if size > settings.page_max:
            raise exceeded("page_max", size, settings.page_max, "entries on a page")
    total = _total(cost, variables, {})
    if total > settings.cost_max:
        raise exceeded("cost_max", total, settings.cost_max, "fields to resolve at worst")


def _total(cost: Cost, variables: Mapping[str, object], known: dict[int, int]) -> int:
    """The sum; a part that stands in several places is added up once."""
    if id(cost) not in known:
        known[id(cost)] = cost.fields + sum(
            max(page.given(variables), 0) * _total(part, variables, known)
            for page, part in cost.paged
        )
    return known[id(cost)]


class Pricing:
    """Reckons the cost of one document's operations."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._known: dict[tuple[str, str, Page | None], Cost] = {}
        self._pages: dict[Page, None] = {}
        self._defaults: dict[str, int] = {}

    def of(self, operation: OperationDefinitionNode) -> Cost:
        """The cost of a validated operation."""
        self._pages, self._known = {}, {}
        self._defaults = {
            each.variable.name.value: int(each.default_value.value)
            for each in operation.variable_definitions or ()
            if isinstance(each.default_value, IntValueNode)
        }
        root = self._schema.get_root_type(operation.operation)
        cost = self._selection(operation.selection_set, root, None)
        return Cost(cost.fields, cost.paged, tuple(self._pages))

    def _selection(
        self,
        selection_set: SelectionSetNode | None,
        parent: GraphQLNamedType | None,
        page: Page | None,
    ) -> Cost:
        if selection_set is None or parent is None:
            return Cost(0)
        parts: list[Cost] = []
        for each in selection_set.selections:
            if isinstance(each, FieldNode):
                parts.append(self._field(each, parent, page))
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition
                on = self._schema.get_type(condition.name.value) if condition else parent
                parts.append(self._selection(each.selection_set, on, page))
            elif isinstance(each, FragmentSpreadNode):
                parts.append(self._fragment(each.name.value, page))
        return _sum(parts)

    def _fragment(self, name: str, page: Page | None) -> Cost:
        fragment = self._fragments[name]
        on = fragment.type_condition.name.value
        key = (name, on, page)
        if key not in self._known:
            self._known[key] = self._selection(
                fragment.selection_set, self._schema.get_type(on), page
            )
        return self._known[key]

    def _field(self, node: FieldNode, parent: GraphQLNamedType, page: Page | None) -> Cost:
        name = node.name.value
        if name in INTROSPECTION or not isinstance(
            parent, GraphQLObjectType | GraphQLInterfaceType
        ):
            return Cost(1)
        field = self._schema.get_field(parent, name)
        if field is None:
            return Cost(1)
        named, is_list = _unwrapped(cast(Any, field).type)
        own = self._page(node, field)
        below = self._selection(node.selection_set, named, None if is_list else own)
        if not is_list:
            return _sum([Cost(1), below])
        return _times(own or page or Page(EMBEDDED_LIST), below)

    def _page(self, node: FieldNode, field: GraphQLField) -> Page | None:
        """The page that the field is asked for, None where it has none."""
        argument = field.args.get(PAGE_ARGUMENT)
        if argument is None:
            return None
        default = _default(argument)
        page = Page(default)
        for each in node.arguments or ():
            if each.name.value == PAGE_ARGUMENT and isinstance(each.value, IntValueNode):
                page = Page(int(each.value.value))
            elif each.name.value == PAGE_ARGUMENT and isinstance(each.value, VariableNode):
                variable = each.value.name.value
                page = Page(self._defaults.get(variable, default), variable)
        self._pages[page] = None
        return page


def _unwrapped(type_: Any) -> tuple[GraphQLNamedType, bool]:
    """The named type in a field's type, and whether that is a list of it."""
    lists: type[object] = GraphQLList
    inner: Any = getattr(type_, "of_type", None)
    if inner is None:
        return type_, False
    named, is_list = _unwrapped(inner)
    return named, is_list or isinstance(type_, lists)


def _default(argument: GraphQLArgument) -> int:
    """The page that is meant without `first`; 0 where there is no such default."""
    default = argument.default
    values = [argument.default_value]
    if default is not None:
        values += [default.value, getattr(default.literal, "value", None)]
    for value in values:
        if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
            return int(value)
    return 0


def _sum(parts: list[Cost]) -> Cost:
    return Cost(
        sum(each.fields for each in parts if not each.paged),
        tuple((ONCE, each) for each in parts if each.paged),
    )


def _times(page: Page, cost: Cost) -> Cost:
    """The field of a list with what it has below, once for each entry."""
    if page.variable is None and not cost.paged:
        return Cost(1 + max(page.size, 0) * cost.fields)
    return Cost(1, ((page, cost),))
