"""`where` and `orderBy` of a document: their input types, and their meaning as a query."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, cast

from api.errors import LIMIT_EXCEEDED, Fault
from api.schema.book import Argument, Book
from api.schema.inputs import Convert, Inputs, Wrong, each_of
from api.schema.limits import Limits
from api.schema.names import camel, upper_snake
from api.schema.shapes import Shape, is_value
from domain.composition import CompositionError
from readmodels.query import EVERYTHING, And, By, Compare, Not, Operator, Or, Where

__all__ = ["Filters"]

_EQUAL = ("eq", "ne")
_CHOICE = (*_EQUAL, "in", "notIn")
_ORDERED = (*_CHOICE, "gt", "gte", "lt", "lte")
_OPERATORS = {
    "Boolean": _EQUAL,
    "String": (*_ORDERED, "startsWith"),
    "ID": (*_ORDERED, "startsWith"),
}
_DESCRIPTIONS = {
    "and": "All of these.",
    "or": "At least one of these; none of an empty list.",
    "not": "What this does not hold for.",
}


class Direction(Enum):
    """A direction of an order."""

    ASC = "ASC"
    DESC = "DESC"


class Count:
    """How many conditions a filter may still have."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Fault(LIMIT_EXCEEDED, f"`where` has more than {self._most} conditions")


class Filters:
    """The filters and orders of a schema's documents."""

    def __init__(self, book: Book, inputs: Inputs, limits: Limits) -> None:
        self._book = book
        self._inputs = inputs
        self._limits = limits
        book.claim("Direction", "the direction of an order")
        book.enum("Direction", Direction)

    def where(self, name: str, shapes: Mapping[str, Shape]) -> Callable[[Any], Where]:
        """Makes `<name>Filter` over the fields and gives its translation, which raises Wrong."""
        type_ = f"{name}Filter"
        self._book.claim(type_, f"the filter of the document {name}")
        arguments: dict[str, Argument] = {}
        fields: dict[str, _Field] = {}
        for field, shape in shapes.items():
            spelling = camel(field)
            filter_type, convert = self._operators(shape, f"{name}.{field}")
            arguments[spelling] = Argument(filter_type)
            fields[spelling] = _Field(field, convert, self._limits.choices_max)
        for each in ("and", "or"):
            arguments[each] = Argument(f"[{type_}!]", description=_DESCRIPTIONS[each])
        arguments["not"] = Argument(type_, description=_DESCRIPTIONS["not"])
        self._book.input(type_, arguments, f"Which {name} documents: all that is given must hold.")
        most = self._limits.conditions_max

        def run(value: Any) -> Where:
            return EVERYTHING if value is None else _where(value, fields, Count(most))

        return run

    def _operators(self, shape: Shape, where: str) -> tuple[str, Convert | None]:
        """The name of the type that compares such a field, and the conversion of its values."""
        of = shape.item or shape
        if of.item is not None or of.of is dict or is_value(of.of):
            raise CompositionError(f"an index names {where}, which cannot be filtered by")
        leaf, convert = self._inputs.leaf(of)
        if shape.is_list:
            name, operators = f"{leaf}ListFilter", {"contains": leaf}
        else:
            known = _CHOICE if of.is_enum else _OPERATORS.get(leaf, _ORDERED)
            operators = {each: f"[{leaf}!]" if each in ("in", "notIn") else leaf for each in known}
            name = f"{leaf}Filter"
            if shape.optional:
                name, operators["isNull"] = f"Optional{leaf}Filter", "Boolean"
        known_type = self._book.is_claimed(name)
        self._book.claim(name, f"the comparisons of {leaf}")
        if not known_type:
            arguments = {each: Argument(type_) for each, type_ in operators.items()}
            self._book.input(name, arguments, f"Comparisons of {leaf}: all given must hold.")
        return name, convert

    def order(self, name: str, shapes: Mapping[str, Shape]) -> Callable[[Any], tuple[By, ...]]:
        """Makes `<name>Order` over the fields and gives its translation, which raises Wrong."""
        type_, fields_type = f"{name}Order", f"{name}OrderField"
        for each in (type_, fields_type):
            self._book.claim(each, f"the order of the document {name}")
        sortable = {upper_snake(field): field for field, shape in shapes.items() if not shape.item}
        enum = cast("type[Enum]", Enum(fields_type, sortable))
        self._book.enum(fields_type, enum)
        self._book.input(
            type_,
            {
                "field": Argument(f"{fields_type}!"),
                "direction": Argument("Direction!", Direction.ASC),
            },
            f"One term of an order of {name} documents; the id breaks ties.",
        )

        def run(value: Any) -> tuple[By, ...]:
            terms = tuple(
                By(each["field"].value, each["direction"] is Direction.DESC) for each in value or ()
            )
            if len({by.field for by in terms}) < len(terms):
                raise Wrong("must not name a field twice")
            return terms

        return run


class _Field:
    """The comparisons of one field: what a client gives for it, translated."""

    def __init__(self, name: str, convert: Convert | None, choices_max: int) -> None:
        self._name = name
        self._convert = convert
        self._choices_max = choices_max

    def conditions(self, value: Any, count: Count) -> list[Where]:
        if value is None:
            raise Wrong("must not be null; leave it out, or use isNull")
        return [self._compare(operator, each, count) for operator, each in value.items()]

    def _compare(self, operator: str, value: Any, count: Count) -> Where:
        count.take()
        try:
            return Compare(self._name, cast("Operator", operator), self._value(operator, value))
        except Wrong as wrong:
            raise wrong.under(operator) from None

    def _value(self, operator: str, value: Any) -> Any:
        if value is None:
            raise Wrong("must not be null; use isNull to ask for a value that is not there")
        if operator == "isNull":
            return value
        if operator not in ("in", "notIn"):
            return value if self._convert is None else self._convert(value)
        if len(value) > self._choices_max:
            raise Fault(LIMIT_EXCEEDED, f"`{operator}` has more than {self._choices_max} values")
        return tuple(value if self._convert is None else each_of(value, self._convert))


def _where(value: Mapping[str, Any], fields: Mapping[str, _Field], count: Count) -> Where:
    conditions: list[Where] = []
    for name, each in value.items():
        try:
            conditions += _conditions(name, each, fields, count)
        except Wrong as wrong:
            raise wrong.under(name) from None
    return conditions[0] if len(conditions) == 1 else And(tuple(conditions))


def _conditions(name: str, value: Any, fields: Mapping[str, _Field], count: Count) -> list[Where]:
    if name in fields:
        return fields[name].conditions(value, count)
    count.take()
    if value is None:
        raise Wrong("must not be null; leave it out")
    if name == "not":
        return [Not(_where(value, fields, count))]
    inner = tuple(each_of(value, lambda each: _where(each, fields, count)))
    return [And(inner) if name == "and" else Or(inner)]
