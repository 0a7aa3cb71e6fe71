"""The whole model put together and checked: the domain, and the collections that show it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic, TypeVar, get_origin, get_type_hints

from domain.composition import (
    CompositionError,
    Domain,
    Upcaster,
    command_spec,
    compose,
    field_names,
    parameter,
    require_defined,
)
from domain.model import AnyAggregate, AnyProcess
from domain.rules import Owner, Rule, alternatives, roles_of
from readmodels.model import AnyProjection, DocumentSpec, Index, spec_of

D = TypeVar("D")


@dataclass(frozen=True, eq=False)
class Collection(Generic[D]):
    """Where the documents of one class are kept, at one version of what folds them."""

    name: str
    document: type[D]
    version: int
    indexes: tuple[Index, ...]


@dataclass(frozen=True)
class Shown(Generic[D]):
    """A document class with its projection, the events that it handles and its collection."""

    projection: AnyProjection
    spec: DocumentSpec
    read: Rule
    events: tuple[type[Any], ...]
    collection: Collection[D]


@dataclass(frozen=True)
class Model:
    """Everything that a team has written, checked, ready to be run."""

    domain: Domain
    shown: Mapping[type[Any], Shown[Any]]
    """By document class, in the order of the projections."""

    @cached_property
    def roles(self) -> frozenset[str]:
        """Every role that some rule of the model names."""
        specs = [command_spec(command) for command in self.domain.owners]
        rules = [spec.allow for spec in specs if spec]
        rules += [aggregate.history for aggregate in self.domain.aggregates]
        rules += [each.read for each in self.shown.values()]
        return frozenset[str]().union(*map(roles_of, rules))


def build(
    *,
    aggregates: Sequence[AnyAggregate],
    processes: Sequence[AnyProcess] = (),
    projections: Sequence[AnyProjection] = (),
    upcasters: Iterable[Upcaster] = (),
) -> Model:
    """The model of these parts.

    Raises CompositionError with a sentence that names the culprit, where they do not fit.
    """
    domain = compose(aggregates, processes, upcasters)
    known = set(domain.events.values())
    shown: dict[type[Any], Shown[Any]] = {}
    for projection in projections:
        each = _show(projection, known)
        _check_unique(each, shown)
        shown[projection.document] = each
    for each in shown.values():
        _check_links(each, shown)
    return Model(domain, shown)


def _show(projection: AnyProjection, known: set[type[Any]]) -> Shown[Any]:
    cls = projection.document
    try:
        spec = spec_of(cls)
    except TypeError as fault:
        raise CompositionError(str(fault)) from None
    events = parameter(projection.evolve, 1, f"evolve of the projection of {cls.__name__}")
    for event in events:
        require_defined(event, known, f"the projection of {cls.__name__}")
    if spec.read is None:
        raise CompositionError(
            f"the document {cls.__name__} has no read=: say who may see it, "
            "or read=Public() for everyone"
        )
    _check_fields(cls, spec)
    _check_owner(cls, spec, spec.read)
    collection = Collection(cls.__name__, cls, projection.version, spec.indexes)
    return Shown(projection, spec, spec.read, events, collection)


def _check_fields(cls: type[Any], spec: DocumentSpec) -> None:
    try:
        hints = get_type_hints(cls)
    except (NameError, TypeError) as fault:
        raise CompositionError(f"the fields of {cls.__name__} cannot be read: {fault}") from fault
    if hints.get("id") is not str:
        raise CompositionError(f"the document {cls.__name__} needs a field `id: str`")
    for index in spec.indexes:
        if not index.fields:
            raise CompositionError(f"an index of {cls.__name__} names no field")
        for name in index.fields:
            if name not in field_names(cls):
                raise CompositionError(
                    f"an index of {cls.__name__} names {name!r}, which is not among its fields: "
                    + ", ".join(field.name for field in fields(cls))
                )


def _check_owner(cls: type[Any], spec: DocumentSpec, read: Rule) -> None:
    for rule in alternatives(read):
        if not isinstance(rule, Owner):
            continue
        if rule.field not in field_names(cls):
            raise CompositionError(
                f"read= of {cls.__name__} names the owner {rule.field!r}, which is no field of it"
            )
        is_list = get_origin(get_type_hints(cls)[rule.field]) is tuple
        if not is_list and rule.field not in spec.indexed:
            raise CompositionError(
                f"the owner {rule.field!r} of {cls.__name__} needs an index: "
                "every query of an owner filters by it"
            )


def _check_unique(each: Shown[Any], shown: Mapping[type[Any], Shown[Any]]) -> None:
    for other in shown.values():
        if other.collection.name == each.collection.name:
            raise CompositionError(
                f"two projections show documents called {each.collection.name}; rename one"
            )


def _check_links(each: Shown[Any], shown: Mapping[type[Any], Shown[Any]]) -> None:
    by_name = {other.collection.name: other for other in shown.values()}
    for link in each.spec.links:
        where = f"the link {link.name!r} of {each.collection.name}"
        target = by_name.get(link.to)
        if target is None:
            raise CompositionError(f"{where} leads to {link.to!r}, which no projection shows")
        if link.is_many and link.by not in target.spec.indexed:
            raise CompositionError(f"{where} goes by {link.to}.{link.by}, which has no index")
        own = get_type_hints(each.collection.document)
        if not link.is_many and own.get(link.by) not in (str, str | None):
            raise CompositionError(f"{where} goes by its own {link.by}, which is no text field")
        if link.name in field_names(each.collection.document):
            raise CompositionError(f"{where} has the name of a field; rename it")
