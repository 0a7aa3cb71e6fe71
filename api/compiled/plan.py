"""What each field of an operation reads, and how that becomes its part of the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from api.compiled.rendering import Render, Selection, row_type
from api.compiled.run import Run, read
from api.compiled.variables import Arguments
from api.schema.asking import answered, require_sight
from api.schema.listing import Listing
from api.schema.reading import PageInfo, follow
from readmodels.documents import Ask, Part
from readmodels.model import Link
from readmodels.query import Compare, Operator, Page, Query
from readmodels.rights import both

__all__ = ["DocumentPlan", "LinkPlan", "PageField", "PagePlan"]

LINKS_AT_ONCE_MAX = 200
"""So many of what links lead to are one read: one operation does not keep a store from others."""


class DocumentPlan:
    """A selection over documents of one class, with the links in it."""

    def __init__(self, selection: Selection, links: "Sequence[LinkPlan]") -> None:
        self.selection = selection
        self.links = links
        self._cls = selection.cls

    @property
    def plans(self) -> "Sequence[DocumentPlan]":
        """Itself, as those of a page are the plans of its documents."""
        return (self,)

    @property
    def also(self) -> list[str]:
        """The fields that its links go by."""
        return [each.by for each in self.links]

    def part(self) -> Part:
        """What is to be read of a document, for this selection alone."""
        return Part(row_type(self._cls, [self.selection], ["id", *self.also]))

    async def answer(self, run: Run, documents: Sequence[Any]) -> list[Any]:
        """The answer for each of the documents, or rows of them."""
        if not documents:
            return []
        linked = [await each.answer(run, documents) for each in self.links]
        is_whole = isinstance(documents[0], self._cls)
        return (self._documents if is_whole else self._rows)(documents, *linked)

    @cached_property
    def _rows(self) -> Render:
        return self.selection.render(rows=True)

    @cached_property
    def _documents(self) -> Render:
        return self.selection.render(rows=False)


@dataclass(frozen=True, slots=True)
class PageField:
    """A field of a connection: its key, its name, and what is selected of documents in it."""

    key: str
    name: str
    below: "DocumentPlan | tuple[PageField, ...] | None" = None


class PagePlan:
    """A selection over a connection."""

    def __init__(self, listing: Listing, fields: Sequence[PageField]) -> None:
        self.listing = listing
        self._fields = fields
        self.with_total = any(each.name == "totalCount" for each in fields)
        nodes = self.plans = _document_plans(fields)
        also = {"id": None} | {name: None for each in nodes for name in each.also}
        if _shows_cursors(fields):
            sortable = dict.fromkeys(listing.shown.spec.indexed)
            also |= sortable
        selections = [each.selection for each in nodes]
        self.part = Part(row_type(listing.cls, selections, list(also)))

    def query(self, given: dict[str, Any]) -> Query:
        """What the arguments ask for. Raises Fault."""
        where, order_by = given.get("where"), given.get("orderBy")
        return self.listing.query(where, order_by, given.get("first"), given.get("after"))

    async def answer(self, run: Run, page: Page[Any]) -> dict[str, Any]:
        """The connection of the page."""
        [answer] = await self.answers(run, [page])
        return answer

    async def answers(self, run: Run, pages: Sequence[Page[Any]]) -> list[dict[str, Any]]:
        """The connection of each page; what their documents lead to is read for all together."""
        answers: list[dict[str, Any]] = [{} for _ in pages]
        for each in self._fields:
            for answer, value in zip(answers, await self._values(run, pages, each), strict=True):
                answer[each.key] = value
        return answers

    async def _values(
        self, run: Run, pages: Sequence[Page[Any]], field: PageField
    ) -> Sequence[object]:
        below = field.below
        match field.name:
            case "nodes":
                assert isinstance(below, DocumentPlan)
                return _parted(await below.answer(run, _documents(pages)), pages)
            case "totalCount":
                return [await self._total(run, each) for each in pages]
            case "edges":
                assert isinstance(below, tuple)
                return _parted(await self._edges(run, pages, below), pages)
            case "pageInfo":
                assert isinstance(below, tuple)
                return [self._info(each, below) for each in pages]
            case _:
                return [f"{self.listing.name}Connection"] * len(pages)

    async def _total(self, run: Run, page: Page[Any]) -> int:
        if page.total is not None:
            return page.total
        counted = run.documents.count(self.listing.cls, page.query.where, run.viewer)
        return await answered(counted)

    async def _edges(
        self, run: Run, pages: Sequence[Page[Any]], below: Sequence[PageField]
    ) -> list[dict[str, Any]]:
        """Those of all the pages."""
        documents = _documents(pages)
        edges: list[dict[str, Any]] = [{} for _ in documents]
        for each in below:
            values: Sequence[object]
            if isinstance(each.below, DocumentPlan):
                values = await each.below.answer(run, documents)
            elif each.name == "cursor":
                writers = [(self.listing.cursors.writer(page.query), page) for page in pages]
                values = [write(one) for write, page in writers for one in page.documents]
            else:
                values = [f"{self.listing.name}Edge"] * len(edges)
            for edge, value in zip(edges, values, strict=True):
                edge[each.key] = value
        return edges

    def _info(self, page: Page[Any], below: "Sequence[PageField]") -> dict[str, Any]:
        first = last = None
        if page.documents and _shows_cursors(below):
            write = self.listing.cursors.writer(page.query)
            first, last = write(page.documents[0]), write(page.documents[-1])
        info = PageInfo(page.has_next, page.has_previous, first, last)
        return {each.key: _INFO[each.name](info) for each in below}


_INFO: dict[str, Callable[[PageInfo], object]] = {
    "hasNextPage": lambda info: info.has_next_page,
    "hasPreviousPage": lambda info: info.has_previous_page,
    "startCursor": lambda info: info.start_cursor,
    "endCursor": lambda info: info.end_cursor,
    "__typename": lambda info: "PageInfo",
}
_CURSORS = ("cursor", "startCursor", "endCursor")


def _documents(pages: Sequence[Page[Any]]) -> Sequence[Any]:
    if len(pages) == 1:
        return pages[0].documents
    return [each for page in pages for each in page.documents]


def _parted(all_of_them: Sequence[Any], pages: Sequence[Page[Any]]) -> list[Sequence[Any]]:
    """What there is for the documents of all the pages, page by page."""
    if len(pages) == 1:
        return [all_of_them]
    coming = iter(all_of_them)
    return [list(islice(coming, len(page.documents))) for page in pages]


def _document_plans(fields: Sequence[PageField]) -> "list[DocumentPlan]":
    found: list[DocumentPlan] = []
    for each in fields:
        if isinstance(each.below, DocumentPlan):
            found.append(each.below)
        elif each.below:
            found += _document_plans(each.below)
    return found


def _shows_cursors(fields: Sequence[PageField]) -> bool:
    return any(
        each.name in _CURSORS or (isinstance(each.below, tuple) and _shows_cursors(each.below))
        for each in fields
    )


class LinkPlan:
    """A link, with its arguments and what is selected where it leads."""

    def __init__(
        self,
        name: str,
        link: Link,
        listing: Listing,
        arguments: Arguments,
        below: DocumentPlan | PagePlan,
    ) -> None:
        self._name = name
        self._link = link
        self._listing = listing
        self._arguments = arguments
        self._below = below
        self._part = below.part if isinstance(below, PagePlan) else below.part()
        self._own: Operator = listing.equals(link.by) if link.is_many else "eq"

    @property
    def by(self) -> str:
        """The field that the link goes by."""
        return "id" if self._link.is_many else self._link.by

    async def answer(self, run: Run, documents: Sequence[Any]) -> list[Any]:
        """What the link leads to from each of the documents."""
        require_sight(self._listing.shown.read, run.viewer, self._name)
        if isinstance(self._below, PagePlan):
            return await self._pages(run, documents, self._below)
        return await self._ones(run, documents, self._below)

    async def _pages(self, run: Run, documents: Sequence[Any], below: PagePlan) -> list[Any]:
        query = below.query(self._arguments.given(run.variables))
        asks: list[Ask] = []
        for each in documents:
            where = both(Compare(self._link.by, self._own, each.id), query.where)
            asks.append(
                self._ask(
                    Query(where=where, order=query.order, first=query.first, after=query.after)
                )
            )
        return await below.answers(run, await self._read(run, asks))

    async def _ones(self, run: Run, documents: Sequence[Any], below: DocumentPlan) -> list[Any]:
        ids = [getattr(each, self._link.by) for each in documents]
        asks = [self._ask(Query(first=1), each) for each in dict.fromkeys(ids) if each is not None]
        pages = await self._read(run, asks)
        found = {a.id: p.documents[0] for a, p in zip(asks, pages, strict=True) if p.documents}
        shown = await below.answer(run, list(found.values()))
        by_id = dict(zip(found, shown, strict=True))
        return [by_id.get(each) for each in ids]

    def _ask(self, query: Query, id: str | None = None) -> Ask:
        return Ask(self._listing.cls, self._part, query, id)

    async def _read(self, run: Run, asks: Sequence[Ask]) -> list[Page[Any]]:
        if run.request.links is not None:
            for each in asks:
                where = each.query.where if each.id is None else Compare("id", "eq", each.id)
                follow(run.request, each.document, where)
        pages: list[Page[Any]] = []
        for at in range(0, len(asks), LINKS_AT_ONCE_MAX):
            pages += await read(run, asks[at : at + LINKS_AT_ONCE_MAX])
        return pages
