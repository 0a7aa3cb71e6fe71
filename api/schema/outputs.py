"""Documents and values as object types, and the fields that answer from their attributes."""

from typing import Any

from api.errors import INTERNAL, Fault
from api.schema.book import Book, Field, Resolve, attribute
from api.schema.inputs import Inputs
from api.schema.meanings import Attribute
from api.schema.names import camel, described
from api.schema.shapes import Shape, is_value, shapes_of
from domain.composition import CompositionError

__all__ = ["Outputs"]

_INT_MAX = 2**31 - 1


class Outputs:
    """The object types of a schema that are made of dataclasses."""

    def __init__(self, book: Book, inputs: Inputs, ids: frozenset[str]) -> None:
        self._book = book
        self._inputs = inputs
        self._ids = ids

    def of(self, shape: Shape) -> str:
        """The GraphQL notation of an output of the shape."""
        mark = "" if shape.optional else "!"
        if shape.item is not None:
            return f"[{self.of(shape.item)}]{mark}"
        if shape.of is dict:
            return f"JSON{mark}"
        if is_value(shape.of):
            self._value(shape.of)
            return f"{shape.of.__name__}{mark}"
        return f"{self._inputs.leaf(shape)[0]}{mark}"

    def _value(self, cls: type[Any]) -> None:
        known = self._book.is_claimed(cls.__name__)
        self._book.claim(cls.__name__, f"the value {cls.__module__}.{cls.__qualname__}")
        if not known:
            self._book.object(cls.__name__, self.fields(cls), described(cls))

    def fields(self, cls: type[Any]) -> dict[str, Field]:
        """A field for each one of the class. Raises CompositionError where GraphQL allows none."""
        made: dict[str, Field] = {}
        for name, shape in shapes_of(cls, self._ids).items():
            spelling = camel(name)
            if spelling in made:
                raise CompositionError(f"two fields of {cls.__name__} would be called {spelling}")
            made[spelling] = Field(
                type=self.of(shape),
                resolve=_resolver(cls, name, shape),
                meaning=Attribute(name, shape),
            )
        if not made:
            raise CompositionError(f"{cls.__name__} has no fields, but a GraphQL type needs one")
        return made


def _resolver(cls: type[Any], name: str, shape: Shape) -> Resolve:
    if shape.of is int:
        return _int(f"{cls.__name__}.{name}", name)
    return attribute(name)


def _int(where: str, name: str) -> Resolve:
    """GraphQL's Int has 32 bits; what is beyond is told as what it is, never cut off."""

    def resolve(source: object, _info: object) -> object:
        number = getattr(source, name)
        if number is not None and not -_INT_MAX - 1 <= number <= _INT_MAX:
            raise Fault(INTERNAL, f"{where} is {number}, beyond the 32 bits of GraphQL's Int")
        return number

    return resolve
