"""Documents as object types, with their lists, and the queries that read them."""

from collections.abc import Mapping
from typing import Any

from api.schema.asking import asked, require_sight
from api.schema.book import Argument, Book, Field, Resolve, attribute
from api.schema.inputs import checked
from api.schema.listing import Listing
from api.schema.meanings import Linked, Many, One
from api.schema.names import camel, described, spelled
from api.schema.outputs import Outputs
from api.schema.reading import Connection, find, follow, get, positions, require_timely
from domain.composition import CompositionError
from eventlog.envelope import Position
from readmodels.model import Link
from readmodels.query import Compare

__all__ = ["claim_document", "make_document", "make_page_info", "queries"]


def make_page_info(book: Book) -> None:
    """Makes the type that tells where a page begins and ends."""
    fields = {
        "hasNextPage": Field(type="Boolean!", resolve=attribute("has_next_page")),
        "hasPreviousPage": Field(type="Boolean!", resolve=attribute("has_previous_page")),
        "startCursor": Field(type="Cursor", resolve=attribute("start_cursor")),
        "endCursor": Field(type="Cursor", resolve=attribute("end_cursor")),
    }
    book.object("PageInfo", fields, "Where a page begins and ends, and whether there is more.")


def make_document(
    listing: Listing, others: Mapping[str, Listing], book: Book, outputs: Outputs
) -> None:
    """Makes the object type of a document, with its edges, its connection and its changes.

    `others` are the listings by type, for links to lead to.
    """
    type_ = listing.name
    fields = outputs.fields(listing.cls)
    for link in listing.shown.spec.links:
        spelling = spelled(camel(link.name), f"the link {link.name!r} of {type_}")
        if spelling in fields:
            raise CompositionError(f"two fields of {type_} would be called {spelling}")
        fields[spelling] = _link(link, others[link.to])
    book.object(type_, fields, described(listing.cls))
    book.object(
        f"{type_}Edge",
        {
            "cursor": Field(type="Cursor!", resolve=attribute("cursor")),
            "node": Field(type=f"{type_}!", resolve=attribute("node")),
        },
        f"A {type_} in a list.",
    )
    book.object(
        f"{type_}Connection",
        {
            "edges": Field(type=f"[{type_}Edge!]!", resolve=attribute("edges")),
            "nodes": Field(type=f"[{type_}!]!", resolve=attribute("nodes")),
            "pageInfo": Field(type="PageInfo!", resolve=attribute("page_info")),
            "totalCount": Field(
                type="Int!",
                resolve=_count,
                description="How many there are on all pages, counted when it is asked for.",
            ),
        },
        f"A page of {type_} documents.",
    )


async def _count(page: Connection, _info: object) -> int:
    return await page.count()


def claim_document(listing: Listing, book: Book) -> None:
    """Reserves the names of the types that `make_document` makes."""
    type_ = listing.name
    cls = listing.cls
    book.claim(type_, f"the document {cls.__module__}.{cls.__qualname__}")
    for suffix in ("Edge", "Connection", "Changes"):
        book.claim(f"{type_}{suffix}", f"the {suffix.lower()} of the document {type_}")


def queries(listing: Listing) -> dict[str, Field]:
    """The queries of one document class: one by its id, and a list."""
    one = {"id": Argument("ID!"), "atLeast": Argument("Token")}
    return {
        listing.one: Field(
            type=listing.name,
            arguments=one,
            resolve=_one(listing),
            meaning=One(listing),
            description=described(listing.cls),
        ),
        listing.many: Field(
            type=f"{listing.name}Connection!",
            arguments=listing.arguments,
            resolve=_many(listing),
            meaning=Many(listing),
        ),
    }


def _one(listing: Listing) -> Resolve:
    async def resolve(source: object, info: Any, id: str, atLeast: Position | None = None) -> Any:
        request = asked(info)
        viewer = request.session.viewer
        require_sight(listing.shown.read, viewer, listing.one)
        checked("id", listing.id, id)
        waits = positions(source, atLeast)
        require_timely(request, listing.cls, waits)
        return await get(request.services, listing.cls, id, viewer, waits)

    return resolve


def _many(listing: Listing) -> Resolve:
    async def resolve(
        source: object,
        info: Any,
        where: Any = None,
        orderBy: Any = None,
        first: int | None = None,
        after: str | None = None,
        atLeast: Position | None = None,
    ) -> Connection:
        request = asked(info)
        viewer = request.session.viewer
        require_sight(listing.shown.read, viewer, listing.many)
        query = listing.query(where, orderBy, first, after)
        waits = positions(source, atLeast)
        require_timely(request, listing.cls, waits)
        page = await find(request.services, listing.cls, query, viewer, waits)
        return listing.connection(page, request, waits)

    return resolve


def _link(link: Link, listing: Listing) -> Field:
    return _many_linked(link, listing) if link.is_many else _one_linked(link, listing)


def _one_linked(link: Link, listing: Listing) -> Field:
    """The other document whose id this one holds."""

    async def resolve(source: Any, info: Any) -> Any:
        request = asked(info)
        viewer = request.session.viewer
        require_sight(listing.shown.read, viewer, info.field_name)
        id = getattr(source, link.by)
        if id is None:
            return None
        follow(request, listing.cls, Compare("id", "eq", id))
        waits = positions(source)
        require_timely(request, listing.cls, waits)
        return await get(request.services, listing.cls, id, viewer, waits)

    return Field(type=listing.name, resolve=resolve, meaning=Linked(link, listing))


def _many_linked(link: Link, listing: Listing) -> Field:
    """The list of the other documents that hold this one's id."""
    operator = listing.equals(link.by)

    async def resolve(
        source: Any,
        info: Any,
        where: Any = None,
        orderBy: Any = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection:
        request = asked(info)
        viewer = request.session.viewer
        require_sight(listing.shown.read, viewer, info.field_name)
        own = Compare(link.by, operator, source.id)
        query = listing.query(where, orderBy, first, after, within=own)
        follow(request, listing.cls, query.where)
        waits = positions(source)
        require_timely(request, listing.cls, waits)
        page = await find(request.services, listing.cls, query, viewer, waits)
        return listing.connection(page, request, waits)

    arguments = {name: each for name, each in listing.arguments.items() if name != "atLeast"}
    return Field(
        type=f"{listing.name}Connection!",
        arguments=arguments,
        resolve=resolve,
        meaning=Linked(link, listing),
    )
