"""From a selection to its plan: fields looked up, links followed, functions made."""

from collections.abc import Iterable

from graphql import GraphQLObjectType, GraphQLSchema, SelectionSetNode

from api.compiled.collecting import Collector, Selected, Uncovered
from api.compiled.plan import DocumentPlan, LinkPlan, PageField, PagePlan
from api.compiled.rendering import Leaf, Selection, Typename, Value
from api.compiled.rendering import Link as LinkItem
from api.compiled.variables import Arguments
from api.schema.book import meaning_of
from api.schema.listing import Listing
from api.schema.meanings import Attribute, Linked
from api.schema.shapes import Shape, is_value

__all__ = ["TYPENAME", "Planner"]

TYPENAME = "__typename"
Sets = Iterable[SelectionSetNode]


class Planner:
    """Plans what is selected of documents and of pages of them."""

    def __init__(self, schema: GraphQLSchema, collector: Collector) -> None:
        self._schema = schema
        self.collector = collector

    def object_type(self, name: str) -> GraphQLObjectType:
        """The object type of the name. Raises Uncovered."""
        found = self._schema.get_type(name)
        if not isinstance(found, GraphQLObjectType):
            raise Uncovered(name)
        return found

    def document(self, listing: Listing, sets: Sets) -> DocumentPlan:
        """The plan of a selection over documents. Raises Uncovered."""
        links: list[LinkPlan] = []
        selection = self._selection(listing.cls, self.object_type(listing.name), sets, links)
        return DocumentPlan(selection, links)

    def page(self, listing: Listing, sets: Sets) -> PagePlan:
        """The plan of a selection over a connection. Raises Uncovered."""
        return PagePlan(listing, self._page_fields(listing, f"{listing.name}Connection", sets))

    def _page_fields(self, listing: Listing, type_: str, sets: Sets) -> tuple[PageField, ...]:
        """The fields of a connection, or of what is in it."""
        fields: list[PageField] = []
        for each in self.collector.fields(self.object_type(type_), sets):
            below: DocumentPlan | tuple[PageField, ...] | None = None
            match each.name:
                case "nodes" | "node":
                    below = self.document(listing, each.sets)
                case "edges":
                    below = self._page_fields(listing, f"{listing.name}Edge", each.sets)
                case "pageInfo":
                    below = self._page_fields(listing, "PageInfo", each.sets)
                case _:
                    pass
            fields.append(PageField(each.key, each.name, below))
        return tuple(fields)

    def _selection(
        self, cls: type[object], type_: GraphQLObjectType, sets: Sets, links: list[LinkPlan]
    ) -> Selection:
        items: list[Typename | Leaf | Value | LinkItem] = []
        for each in self.collector.fields(type_, sets):
            if each.name == TYPENAME:
                items.append(Typename(each.key, type_.name))
                continue
            definition = self.collector.field(type_, each)
            meaning = meaning_of(definition)
            match meaning:
                case Attribute(name=name, shape=Shape() as shape):
                    items.append(self._attribute(each, name, shape, links))
                case Linked():
                    items.append(LinkItem(each.key, len(links)))
                    links.append(self._link(type_, each, meaning))
                case _:
                    raise Uncovered(f"{type_.name}.{each.name}")
        return Selection(cls, tuple(items))

    def _attribute(
        self, selected: Selected, name: str, shape: Shape, links: list[LinkPlan]
    ) -> Leaf | Value:
        inner = shape
        while inner.item is not None:
            inner = inner.item
        if not is_value(inner.of):
            return Leaf(selected.key, name, shape)
        type_ = self.object_type(inner.of.__name__)
        return Value(
            selected.key, name, shape, self._selection(inner.of, type_, selected.sets, links)
        )

    def _link(self, type_: GraphQLObjectType, selected: Selected, meaning: Linked) -> LinkPlan:
        definition = self.collector.field(type_, selected)
        arguments = Arguments(definition, selected.nodes[0])
        below: DocumentPlan | PagePlan
        if meaning.link.is_many:
            below = self.page(meaning.listing, selected.sets)
        else:
            below = self.document(meaning.listing, selected.sets)
        return LinkPlan(selected.name, meaning.link, meaning.listing, arguments, below)
