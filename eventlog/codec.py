"""Events, states and commands to and from JSON: wire names, versions and upcasters."""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from importlib.util import resolve_name
from types import ModuleType
from typing import Any

import msgspec

from domain.composition import Domain, event_spec, states_of
from domain.model import AnyAggregate, AnyProcess, EventSpec
from eventlog.envelope import Recorded

_encoder = msgspec.json.Encoder()
_keep = msgspec.structs.force_setattr


class Undecodable(Exception):
    """An event in the log that this code cannot read; the message names it and says why."""


class _Tagged(msgspec.Struct, frozen=True):
    """A state of a union: the class and its JSON."""

    type: str
    data: msgspec.Raw


class Codec:
    """Turns what the domain is made of into JSON and back.

    Values are written as msgspec does: decimals as strings, instants as RFC 3339, enums by
    value. An event of an older version passes through its upcasters first.
    """

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._specs = {cls: _spec(cls) for cls in domain.events.values()}
        decoders = {name: msgspec.json.Decoder[Any](cls) for name, cls in domain.events.items()}
        self._current = {
            name: (decoder.decode, self._specs[domain.events[name]].version)
            for name, decoder in decoders.items()
        }
        self._codes: dict[str, str] = {}
        self._states: dict[tuple[str, str], msgspec.json.Decoder[Any]] = {}
        models: tuple[AnyAggregate | AnyProcess, ...] = (*domain.aggregates, *domain.processes)
        for model in models:
            for cls in states_of(model):
                self._states[model.name, cls.__name__] = msgspec.json.Decoder(cls)
        self._commands = {
            name: msgspec.json.Decoder[Any](cls) for name, cls in domain.commands.items()
        }
        readers = (*decoders.values(), *self._states.values(), *self._commands.values())
        self._readers = {each.type: each for each in readers}

    def spec(self, event: object) -> EventSpec:
        """The wire name and version of an event."""
        return self._specs[type(event)]

    def encode(self, value: object) -> bytes:
        """The JSON of an event or a command.

        Raises ValueError where it would not be read back as it is: what cannot be read must not
        be written.
        """
        reader = self._readers.get(type(value))
        if reader is None:
            raise ValueError(f"{type(value).__name__} is not part of this domain")
        try:
            data = _encoder.encode(value)
            read = reader.decode(data)
        except Exception as fault:
            raise ValueError(f"{type(value).__name__} cannot be kept as JSON: {fault}") from fault
        if read != value:
            raise ValueError(f"{value} would be read back as {read}: mind the types of its fields")
        return data

    def event(self, recorded: Recorded) -> Any:
        """The event of a record, decoded once and kept with it.

        Raises Undecodable, naming it, where this code cannot read it.
        """
        if recorded.event is not None:
            return recorded.event
        try:
            event = self._decode(recorded.type, recorded.schema, recorded.data)
            _keep(recorded, "event", event)
            return event
        except Exception as fault:
            raise Undecodable(
                f"event {recorded.version} of {recorded.stream} ({recorded.type} "
                f"version {recorded.schema}) cannot be read: {fault}"
            ) from fault

    def _decode(self, name: str, schema: int, data: bytes) -> Any:
        known = self._current.get(name)
        if known is None:
            raise ValueError("no event class has this wire name")
        decode, current = known
        if schema == current:
            return decode(data)
        if schema > current:
            raise ValueError(f"it was written by newer code; this code knows version {current}")
        document = msgspec.json.decode(data)
        for version in range(schema, current):
            document = self._domain.upcasters[name, version](document)
        return decode(_encoder.encode(document))

    def code(self, aggregate: AnyAggregate) -> str:
        """The fingerprint of the code that folds the aggregate's state, taken once."""
        if aggregate.name not in self._codes:
            self._codes[aggregate.name] = fingerprint(aggregate)
        return self._codes[aggregate.name]

    def encode_state(self, state: object) -> bytes:
        """The JSON of an aggregate's or a process' state, with its class. Raises ValueError."""
        return _encoder.encode(_Tagged(type(state).__name__, msgspec.Raw(self.encode(state))))

    def decode_state(self, model: AnyAggregate | AnyProcess, data: bytes) -> Any:
        """The state that `encode_state` gave for the same model."""
        tagged = msgspec.json.decode(data, type=_Tagged)
        return self._states[model.name, tagged.type].decode(tagged.data)

    def decode_command(self, name: str, data: bytes) -> Any:
        """The command of that class name. Raises KeyError where there is none of it any more."""
        return self._commands[name].decode(data)


def _spec(cls: type[Any]) -> EventSpec:
    spec = event_spec(cls)
    assert spec is not None
    return spec


def fingerprint(model: AnyAggregate | AnyProcess) -> str:
    """A digest of the code that folds the model's state: its module and those that it uses.

    A snapshot carries it; one made by other code is not trusted.
    """
    digest = blake2b(digest_size=8)
    for module in _modules(sys.modules[model.evolve.__module__]):
        digest.update(inspect.getsource(module).encode())
    return digest.hexdigest()


def _modules(first: ModuleType) -> Iterator[ModuleType]:
    """The module and, within its package, all that it imports from, in a fixed order."""
    package = first.__name__.partition(".")[0]
    found = {first.__name__: first}
    queue = [first]
    while queue:
        for name in _imported(queue.pop()):
            if name.partition(".")[0] == package and name not in found and name in sys.modules:
                found[name] = sys.modules[name]
                queue.append(found[name])
    return iter([found[name] for name in sorted(found)])


@cache
def _imported(module: ModuleType) -> frozenset[str]:
    """The modules that it imports, and what may be one: `from package import module`.

    Known once it was read: the models of a domain share most of their modules.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            name = resolve_name(relative, module.__package__)
            found.add(name)
            found.update(f"{name}.{each.name}" for each in node.names)
    return frozenset(found)
