"""One document class as the API lists it: its names, its arguments and the queries they make."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_origin, get_type_hints

from api.context import Request
from api.errors import BAD_USER_INPUT, LIMIT_EXCEEDED, Fault
from api.schema.asking import Services
from api.schema.book import Argument
from api.schema.cursors import Cursors
from api.schema.filters import Filters
from api.schema.inputs import Inputs, checked
from api.schema.limits import Limits
from api.schema.names import lower_first, plural, spelled
from api.schema.reading import Connection, Positions
from api.schema.shapes import shapes_of
from domain.composition import CompositionError
from readmodels.composition import Shown
from readmodels.query import EVERYTHING, By, Operator, Page, Query, Where
from readmodels.rights import both

__all__ = ["Listing", "listing_of", "page_length"]


@dataclass(frozen=True)
class Listing:
    """A document class with what turns a client's arguments into queries of it."""

    shown: Shown[Any]
    name: str
    one: str
    many: str
    arguments: Mapping[str, Argument]
    where: Callable[[Any], Where]
    order: Callable[[Any], tuple[By, ...]]
    cursors: Cursors
    id: Callable[[str], str]
    limits: Limits

    @property
    def cls(self) -> type[Any]:
        return self.shown.collection.document

    def equals(self, field: str) -> Operator:
        """What holds for the documents that have a value in the field, or as one of several."""
        is_list = get_origin(get_type_hints(self.cls)[field]) in (tuple, list)
        return "contains" if is_list else "eq"

    def condition(self, where: object) -> Where:
        """What `where` says. Raises Fault where it is refused."""
        return checked("where", self.where, where)  # type: ignore[no-any-return]

    def query(
        self,
        where: object = None,
        order_by: object = None,
        first: int | None = None,
        after: str | None = None,
        within: Where = EVERYTHING,
    ) -> Query:
        """What the arguments of a list ask for, of what `within` holds for. Raises Fault."""
        query = Query(
            where=both(within, self.condition(where)),
            order=checked("orderBy", self.order, order_by),
            first=page_length(first, self.limits),
        )
        if after is None:
            return query
        place = checked("after", lambda cursor: self.cursors.read(query, cursor), after)
        return Query(where=query.where, order=query.order, first=query.first, after=place)

    def connection(
        self, page: Page[Any], request: Request[Services], at_least: Positions = ()
    ) -> Connection:
        """The page as the object that answers its fields."""
        return Connection(
            page, self.cls, self.cursors, request, at_least if self.shown.spec.links else ()
        )


def page_length(first: int | None, limits: Limits) -> int:
    """The length of the page. Raises Fault where it is none or too long."""
    if first is None:
        return limits.page_length_default
    if first < 1:
        raise Fault(BAD_USER_INPUT, f"first must be at least 1, not {first}")
    if first > limits.page_length_max:
        raise Fault(LIMIT_EXCEEDED, f"first must be at most {limits.page_length_max}, not {first}")
    return first


def listing_of(
    shown: Shown[Any], filters: Filters, inputs: Inputs, ids: frozenset[str], limits: Limits
) -> Listing:
    """The listing of a document class, with the types of its filter and its order made."""
    cls = shown.collection.document
    name = cls.__name__
    shapes = shapes_of(cls, ids)
    indexed = {field: shapes[field] for field in shown.spec.indexed}
    one = lower_first(name)
    many = spelled(shown.spec.plural or plural(one), f"the plural of {name}")
    if many == one:
        raise CompositionError(f"one {name} and a list of them would both be {one}; set plural=")
    return Listing(
        shown=shown,
        name=name,
        one=one,
        many=many,
        arguments={
            "where": Argument(f"{name}Filter"),
            "orderBy": Argument(f"[{name}Order!]"),
            "first": Argument("Int", limits.page_length_default),
            "after": Argument("Cursor"),
            "atLeast": Argument("Token"),
        },
        where=filters.where(name, indexed),
        order=filters.order(name, indexed),
        cursors=Cursors(cls),
        id=inputs.id,
        limits=limits,
    )
