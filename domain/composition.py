"""A domain put together and checked: which aggregate takes a command, what an event is called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from domain.model import (
    After,
    Aggregate,
    AnyAggregate,
    AnyProcess,
    CommandSpec,
    EventSpec,
    Process,
)
from domain.rules import Owner, alternatives

Json = dict[str, Any]


class CompositionError(Exception):
    """What was put together does not fit; the message names the culprit."""


@dataclass(frozen=True)
class Upcaster:
    """Turns the JSON of an event of `version` into that of the next one."""

    event: str
    version: int
    upcast: Callable[[Json], Json]


@dataclass(frozen=True)
class Domain:
    """Aggregates and processes that fit together, and the look-ups that follow from them."""

    aggregates: tuple[AnyAggregate, ...]
    processes: tuple[AnyProcess, ...]
    commands: Mapping[str, type[Any]]
    """Command classes by their name, which is also that of the mutation."""
    owners: Mapping[type[Any], AnyAggregate]
    """The aggregate that takes a command."""
    events: Mapping[str, type[Any]]
    """Event classes by wire name."""
    upcasters: Mapping[tuple[str, int], Callable[[Json], Json]]


def command_spec(cls: type[Any]) -> CommandSpec | None:
    """What the command class declares; None where it is no command."""
    spec = cls.__dict__.get("__command__")
    return spec if isinstance(spec, CommandSpec) else None


def event_spec(cls: type[Any]) -> EventSpec | None:
    """What the event class declares; None where it is no event."""
    spec = cls.__dict__.get("__event__")
    return spec if isinstance(spec, EventSpec) else None


def members(annotation: Any) -> tuple[Any, ...]:
    """The classes of a union, or the one class that it is; None is left out."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(each for each in get_args(annotation) if each is not type(None))
    return () if annotation is type(None) else (annotation,)


def parameter(function: Callable[..., Any], position: int, of: str) -> tuple[Any, ...]:
    """The classes that a function's parameter admits. `of` names it in errors."""
    hints = _hints(function, of)
    names = [name for name in hints if name != "return"]
    if position >= len(names):
        raise CompositionError(f"{of} needs annotated parameters: its unions are read from there")
    return members(hints[names[position]])


def returned(function: Callable[..., Any], of: str) -> tuple[Any, ...]:
    """The classes in the list that a function returns; what stands in `After` is unwrapped."""
    inside = get_args(_hints(function, of).get("return"))
    if not inside:
        raise CompositionError(f"{of} must say what it returns: `-> list[...]`")
    found: list[Any] = []
    for each in members(inside[0]):
        found += members(get_args(each)[0]) if get_origin(each) is After else [each]
    return tuple(dict.fromkeys(found))


def _hints(function: Callable[..., Any], of: str) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError) as fault:
        raise CompositionError(f"the annotations of {of} cannot be read: {fault}") from fault


def commands_of(aggregate: AnyAggregate) -> tuple[Any, ...]:
    """The commands that the aggregate decides."""
    return parameter(aggregate.decide, 0, f"decide of aggregate {aggregate.name!r}")


def events_of(model: AnyAggregate | AnyProcess) -> tuple[Any, ...]:
    """The events that the aggregate or process evolves with."""
    kind = "aggregate" if isinstance(model, Aggregate) else "process"
    return parameter(model.evolve, 1, f"evolve of {kind} {model.name!r}")


def states_of(model: AnyAggregate | AnyProcess) -> tuple[Any, ...]:
    """The classes that the state of the aggregate or process may be of."""
    kind = "aggregate" if isinstance(model, Aggregate) else "process"
    return parameter(model.evolve, 0, f"evolve of {kind} {model.name!r}")


def compose(
    aggregates: Sequence[AnyAggregate],
    processes: Sequence[AnyProcess] = (),
    upcasters: Iterable[Upcaster] = (),
) -> Domain:
    """The domain of these parts. Raises CompositionError, naming the culprit, where they misfit."""
    _names_differ("aggregates", [each.name for each in aggregates])
    _names_differ("processes", [each.name for each in processes])
    owners: dict[type[Any], AnyAggregate] = {}
    events: dict[str, type[Any]] = {}
    for aggregate in aggregates:
        _take_commands(aggregate, owners)
        _take_events(aggregate, events)
    commands = _by_name(owners)
    for process in processes:
        _check_process(process, owners, set(events.values()))
    return Domain(
        tuple(aggregates),
        tuple(processes),
        commands,
        owners,
        events,
        _chain(upcasters, events),
    )


def _names_differ(kind: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise CompositionError(f"two {kind} are called {name!r}; rename one")
        if not name.isidentifier() or not name.isascii():
            raise CompositionError(f"{name!r} must be a plain word: names of {kind} start ids")


def _take_commands(aggregate: AnyAggregate, owners: dict[type[Any], AnyAggregate]) -> None:
    for cls in commands_of(aggregate):
        spec = command_spec(cls)
        if spec is None:
            raise CompositionError(
                f"{_name(cls)}, which aggregate {aggregate.name!r} decides, is no command: "
                "decorate it with @command(...)"
            )
        if cls in owners:
            raise CompositionError(
                f"two aggregates take the command {cls.__name__}: "
                f"{owners[cls].name!r} and {aggregate.name!r}"
            )
        if spec.allow and any(isinstance(rule, Owner) for rule in alternatives(spec.allow)):
            raise CompositionError(
                f"allow= of {cls.__name__} names an Owner, but a command has no document: "
                "check the Actor in decide"
            )
        owners[cls] = aggregate


def _take_events(aggregate: AnyAggregate, events: dict[str, type[Any]]) -> None:
    evolved = events_of(aggregate)
    for cls in evolved:
        spec = event_spec(cls)
        if spec is None:
            raise CompositionError(
                f"{_name(cls)}, which aggregate {aggregate.name!r} evolves with, is no event: "
                'decorate it with @event("its.WireName")'
            )
        other = events.setdefault(spec.name, cls)
        if other is not cls:
            raise CompositionError(
                f"the wire name {spec.name!r} is used twice: by {_name(other)} and {_name(cls)}"
            )
    for cls in returned(aggregate.decide, f"decide of aggregate {aggregate.name!r}"):
        if cls not in evolved:
            raise CompositionError(
                f"aggregate {aggregate.name!r} decides {_name(cls)} but does not evolve with it"
            )


def _by_name(owners: Mapping[type[Any], AnyAggregate]) -> dict[str, type[Any]]:
    commands: dict[str, type[Any]] = {}
    for cls in owners:
        other = commands.setdefault(cls.__name__, cls)
        if other is not cls:
            raise CompositionError(
                f"two commands are called {cls.__name__}: {_name(other)} and {_name(cls)}"
            )
    return commands


def _check_process(
    process: AnyProcess, owners: Mapping[type[Any], AnyAggregate], known: set[type[Any]]
) -> None:
    for cls in events_of(process):
        require_defined(cls, known, f"process {process.name!r}")
    for cls in returned(process.react, f"react of process {process.name!r}"):
        if cls not in owners:
            raise CompositionError(
                f"process {process.name!r} sends {_name(cls)}, which no aggregate takes"
            )


def require_defined(cls: Any, known: Iterable[type[Any]], of: str) -> None:
    """Raises CompositionError where the event class is not among those that aggregates define."""
    if cls not in set(known):
        raise CompositionError(f"{of} handles {_name(cls)}, an event that no aggregate defines")


def _chain(
    upcasters: Iterable[Upcaster], events: Mapping[str, type[Any]]
) -> dict[tuple[str, int], Callable[[Json], Json]]:
    chain: dict[tuple[str, int], Callable[[Json], Json]] = {}
    for each in upcasters:
        if each.event not in events:
            raise CompositionError(f"an upcaster is for {each.event!r}, which nothing defines")
        current = _version(events[each.event])
        if not 1 <= each.version < current:
            raise CompositionError(
                f"an upcaster is for {each.event!r} version {each.version}, but the event is at "
                f"version {current}: raise its version="
            )
        if (each.event, each.version) in chain:
            raise CompositionError(f"two upcasters are for {each.event!r} version {each.version}")
        chain[each.event, each.version] = each.upcast
    for name, cls in events.items():
        current = _version(cls)
        for version in range(1, current):
            if (name, version) not in chain:
                raise CompositionError(
                    f"{name!r} is at version {current}, but no upcaster is for {version}"
                )
    return chain


def _version(event: type[Any]) -> int:
    spec = event_spec(event)
    assert spec is not None
    return spec.version


def _name(cls: Any) -> str:
    return f"{cls.__module__}.{cls.__qualname__}" if isinstance(cls, type) else repr(cls)


def field_names(cls: type[Any]) -> tuple[str, ...]:
    """The names of a dataclass' fields, in order; none where it is no dataclass."""
    return tuple(field.name for field in fields(cls)) if is_dataclass(cls) else ()


__all__ = ["CompositionError", "Domain", "Process", "Upcaster", "compose"]
