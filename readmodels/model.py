"""The vocabulary of the read side: documents, their indexes and read rules, and projections."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

from domain.frozen import frozen
from domain.model import Shows, replace
from domain.rules import Owner, Public, Role, Rule

__all__ = [
    "AnyProjection",
    "DocumentSpec",
    "Index",
    "Link",
    "Owner",
    "Projection",
    "Public",
    "Role",
    "Rule",
    "document",
    "index",
    "many",
    "one",
    "replace",
    "spec_of",
]

T = TypeVar("T")
E = TypeVar("E")
D = TypeVar("D")


@dataclass(frozen=True)
class Index:
    """The fields of one index, most significant first; the id always ends it."""

    fields: tuple[str, ...]


def index(*fields: str) -> Index:
    """An index over the named fields. A field that some index names can be filtered and sorted.

    It is quick for equalities on its first fields, in the order of those that follow, upwards or
    downwards: `index("status", "placed_at")` for what is PAID, newest first. What none serves is
    read and sorted all the same (`docs/indexes.md`).
    """
    return Index(fields)


@dataclass(frozen=True)
class Link:
    """A way to other documents, of class `to`.

    To many: those whose indexed field `by` holds this one's id. To one: the one whose id this
    one's field `by` holds.
    """

    name: str
    to: str
    by: str
    is_many: bool = True


def many(name: str, *, to: str, by: str) -> Link:
    """A paged list of other documents under this one: `many("purchases", to="Order", by=...)`."""
    return Link(name, to, by)


def one(name: str, *, to: str, by: str) -> Link:
    """Another document that this one's field `by` names: `one("bought", to="Product", by=...)`."""
    return Link(name, to, by, is_many=False)


@dataclass(frozen=True)
class DocumentSpec:
    """What a document declares beside its fields."""

    read: Rule | None
    indexes: tuple[Index, ...]
    links: tuple[Link, ...]
    plural: str | None

    @property
    def indexed(self) -> tuple[str, ...]:
        """The fields that can be filtered and sorted: the id, then as the indexes name them."""
        named = (field for index in self.indexes for field in index.fields)
        return tuple(dict.fromkeys(("id", *named)))


@dataclass_transform(frozen_default=True, kw_only_default=True)
def document(
    *,
    read: Rule | None = None,
    indexes: Sequence[Index] = (),
    links: Sequence[Link] = (),
    plural: str | None = None,
) -> Callable[[type[T]], type[T]]:
    """A document of the read side, with an `id: str`.

    `read` says who may see it and has no default: a document without it is refused at start.
    `plural` names the list where English is irregular (`"histories"`; others take an `s`).
    """
    spec = DocumentSpec(read, tuple(indexes), tuple(links), plural)

    def decorate(cls: type[T]) -> type[T]:
        made = frozen(cls)
        made.__document__ = spec  # type: ignore[attr-defined]  # set once, read by spec_of
        return made

    return decorate


def spec_of(cls: type[Any]) -> DocumentSpec:
    """What the document class declares. Raises TypeError where it is no document."""
    spec = cls.__dict__.get("__document__")
    if not isinstance(spec, DocumentSpec):
        raise TypeError(f"{cls.__name__} is no document: decorate it with @document(read=...)")
    return spec


@dataclass(frozen=True, kw_only=True)
class Projection(Shows[E, D]):
    """Events folded into documents: `keys` names those that an event touches, `evolve` folds it.

    `evolve` takes None where there is no such document yet, and deletes it by returning None.
    Where an event touches several documents that may not be there yet, `begin` gives each, by its
    id, as it is before its first event; `evolve` then takes that for None.
    Raise `version` with every change of what the fold gives: the documents are then built anew.
    """

    document: type[D]
    keys: Callable[[E], list[str]]
    evolve: Callable[[D | None, E], D | None]
    begin: Callable[[str], D] | None = None
    version: int = 1

    def fold(
        self,
        id: str,
        document: D | None,
        seen: Mapping[int, int],
        events: Iterable[tuple[int, int, E]],
    ) -> tuple[D | None, dict[int, int]]:
        """The document and its positions after `events`, each a (partition, offset, event).

        `seen` is the offset per partition that the document already stands for: an event at or
        below it is skipped, which makes redelivery harmless.
        """
        positions = dict(seen)
        for partition, offset, event in events:
            if offset > positions.get(partition, -1):
                if document is None and self.begin is not None:
                    document = self.begin(id)
                document = self.evolve(document, event)
                positions[partition] = offset
        return document, positions


AnyProjection = Projection[Any, Any]
