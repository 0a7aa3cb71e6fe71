"""Documents as subscriptions: one of them, a page of them, and the changes of a set."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import Any, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)

from api.context import Place, Request
from api.errors import Fault
from api.schema.asking import Services, asked, pushed, require_sight
from api.schema.book import Argument, Book, Field, Resolve, attribute
from api.schema.following import Links, again
from api.schema.inputs import checked
from api.schema.listing import Listing
from api.schema.meanings import Watch
from api.schema.names import camel, described
from api.schema.reading import Connection
from eventlog.envelope import Position
from readmodels.documents import Changes
from readmodels.query import Page

T = TypeVar("T")

__all__ = ["make_changes", "subscriptions"]


def make_changes(listing: Listing, book: Book) -> None:
    """Makes the type of the changes of a set."""
    type_ = listing.name
    notations = {
        "cursor": "Cursor!",
        "reset": "Boolean!",
        "more": "Boolean!",
        "entered": f"[{type_}!]!",
        "changed": f"[{type_}!]!",
        "left": "[ID!]!",
    }
    book.object(
        f"{type_}Changes",
        {name: Field(type=each, resolve=attribute(name)) for name, each in notations.items()},
        f"What entered a set of {type_} documents, changed in it and left it. After `reset` the "
        "set begins anew; after `more` the next message belongs to this one.",
    )


def subscriptions(listing: Listing) -> dict[str, Field]:
    """The subscriptions of one document class."""
    one = {"id": Argument("ID!"), "atLeast": Argument("Token")}
    page = {name: each for name, each in listing.arguments.items() if name != "after"}
    changes = {"where": Argument(f"{listing.name}Filter"), "since": Argument("Cursor")}
    return {
        listing.one: Field(
            type=listing.name,
            arguments=one,
            resolve=_pushed,
            subscribe=_one(listing),
            meaning=Watch(listing, "one"),
            description=described(listing.cls),
        ),
        listing.many: Field(
            type=f"{listing.name}Connection!",
            arguments=page,
            resolve=_pushed,
            subscribe=_page(listing),
            meaning=Watch(listing, "page"),
        ),
        f"{listing.one}Changes": Field(
            type=f"{listing.name}Changes!",
            arguments=changes,
            resolve=_pushed,
            subscribe=_changes(listing),
            meaning=Watch(listing, "changes"),
        ),
    }


def _pushed(each: object, _info: object, **_arguments: object) -> object:
    """What was pushed is the value of the field; a fault among it is raised by the execution."""
    return each


def _one(listing: Listing) -> Resolve:
    def subscribe(
        _root: object, info: Any, id: str, atLeast: Position | None = None
    ) -> AsyncGenerator[Any, None]:
        request = asked(info)
        viewer = request.session.viewer
        require_sight(listing.shown.read, viewer, listing.one)
        checked("id", listing.id, id)
        source = pushed(request.services.documents.watch(listing.cls, id, viewer, atLeast))
        return _linked(listing, source, info)

    return subscribe


def _page(listing: Listing) -> Resolve:
    def subscribe(
        _root: object,
        info: Any,
        where: Any = None,
        orderBy: Any = None,
        first: int | None = None,
        atLeast: Position | None = None,
    ) -> AsyncGenerator[Connection | Fault, None]:
        request = asked(info)
        viewer = request.session.viewer
        require_sight(listing.shown.read, viewer, listing.many)
        query = listing.query(where, orderBy, first)
        documents = request.services.documents
        pages = documents.watch_page(
            listing.cls, query, viewer, atLeast, with_total=_asks_for({"totalCount"}, info)
        )
        return _linked(listing, _connections(listing, pages, request), info)

    return subscribe


def _linked(
    listing: Listing, source: AsyncGenerator[T, None], info: Any
) -> AsyncGenerator[T, None]:
    """The source, pushed again whenever what it leads to changes, where that is asked for."""
    names = {camel(each.name) for each in listing.shown.spec.links}
    if not _asks_for(names, info, is_deep=True):
        return source
    links = asked(info).links = Links()
    return again(source, links)


def _asks_for(names: Collection[str], info: Any, is_deep: bool = False) -> bool:
    """Whether a field of one of the names stands in the selection, be it in a fragment."""
    sets: list[SelectionSetNode] = [each.selection_set for each in info.field_nodes]
    fragments: dict[str, FragmentDefinitionNode] = dict(info.fragments)
    while sets:
        for each in sets.pop().selections:
            match each:
                case FieldNode():
                    if each.name.value in names:
                        return True
                    if is_deep and each.selection_set:
                        sets.append(each.selection_set)
                case InlineFragmentNode():
                    sets.append(each.selection_set)
                case FragmentSpreadNode():
                    fragment = fragments.pop(each.name.value, None)
                    sets += [fragment.selection_set] if fragment else []
                case _:
                    pass
    return False


async def _connections(
    listing: Listing, pages: AsyncGenerator[Page[Any], None], request: Request[Services]
) -> AsyncGenerator[Connection | Fault, None]:
    async with aclosing(pushed(pages)) as source:
        async for page in source:
            yield page if isinstance(page, Fault) else listing.connection(page, request)


def _changes(listing: Listing) -> Resolve:
    def subscribe(
        _root: object, info: Any, where: Any = None, since: str | None = None
    ) -> AsyncGenerator[Changes[Any] | Fault, None]:
        request = asked(info)
        viewer, place = request.session.viewer, request.place
        require_sight(listing.shown.read, viewer, f"{listing.one}Changes")
        condition = listing.condition(where)
        documents = request.services.documents
        after = (place and place.after) or since
        source = pushed(documents.watch_changes(listing.cls, condition, viewer, after))
        return source if place is None else _placed(source, place)

    return subscribe


async def _placed(
    source: AsyncGenerator[Changes[Any] | Fault, None], place: Place
) -> AsyncGenerator[Changes[Any] | Fault, None]:
    """The source; the place is that of what was given last."""
    async with aclosing(source):
        async for each in source:
            if not isinstance(each, Fault):
                place.cursor = each.cursor
            yield each
