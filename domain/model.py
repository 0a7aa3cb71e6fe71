"""The vocabulary of the write side: commands, events, aggregates and processes, as plain data."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar, dataclass_transform

from domain.frozen import frozen, replace
from domain.rules import Public, Role, Rule

__all__ = [
    "Actor",
    "After",
    "Aggregate",
    "CommandSpec",
    "EventSpec",
    "Fill",
    "NewId",
    "Now",
    "Process",
    "Public",
    "Rejected",
    "Role",
    "Roles",
    "Rule",
    "Shows",
    "Withheld",
    "command",
    "event",
    "replace",
    "value",
]

T = TypeVar("T")
C = TypeVar("C")
E = TypeVar("E")
S = TypeVar("S")
D = TypeVar("D")


@dataclass(frozen=True)
class Fill:
    """Marks a command field that the dispatcher fills; it is absent from the GraphQL input."""

    what: str


NewId = Annotated[str, Fill("new_id")]
"""A UUIDv7 made for the command; the same for a retry with the same command id."""
Now = Annotated[datetime, Fill("now")]
"""The instant of the command, UTC."""
Actor = Annotated[str, Fill("actor")]
"""The subject of whoever sent the command; for a process, `process:<its name>`."""
Roles = Annotated[frozenset[str], Fill("roles")]
"""The roles of whoever sent the command; none for a process."""


@dataclass(frozen=True)
class Withholding:
    """Marks an event field that is for documents, and not for whoever sent the command."""


Withheld = Annotated[T, Withholding()]
"""A field of an event that only those are shown who may read the history of its stream.

The events of a command are shown to its sender. What they carry for the sake of documents, such as
who else may read, is absent there: `access: Withheld[ChartAccess]`.
"""


@dataclass(frozen=True)
class CommandSpec:
    """What a command declares beside its fields: who may send it; None keeps it internal."""

    allow: Rule | None


@dataclass(frozen=True)
class EventSpec:
    """What an event declares beside its fields: its wire name and the version of its shape."""

    name: str
    version: int


class Rejected(Exception):
    """The domain's no: data for the client, never a fault. `code` is UPPER_SNAKE_CASE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass_transform(frozen_default=True, kw_only_default=True)
def command(*, allow: Rule | None = None) -> Callable[[type[T]], type[T]]:
    """A request that may be refused, named in the imperative; exposed only where `allow` is set."""

    def decorate(cls: type[T]) -> type[T]:
        return _frozen(cls, "__command__", CommandSpec(allow))

    return decorate


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(name: str, *, version: int = 1) -> Callable[[type[T]], type[T]]:
    """A fact in the past under its wire name, which stays when the class is renamed."""

    def decorate(cls: type[T]) -> type[T]:
        return _frozen(cls, "__event__", EventSpec(name, version))

    return decorate


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """A value that commands, events, states and documents are made of."""
    return _frozen(cls, "__value__", True)


def _frozen(cls: type[T], mark: str, spec: object) -> type[T]:
    made = frozen(cls)
    setattr(made, mark, spec)
    return made


@dataclass(frozen=True, kw_only=True)
class Aggregate(Generic[C, E, S]):
    """A consistency boundary: `decide` turns a command into events, `evolve` folds them.

    `decide` and `evolve` are annotated with the unions of commands, events and states; whoever
    composes the model reads them from there. `key` gives the id of the instance that a command
    is for. `history` says who may read the events of an instance; None keeps them internal.
    """

    name: str
    key: Callable[[C], str]
    initial: Callable[[], S]
    decide: Callable[[C, S], list[E]]
    evolve: Callable[[S, E], S]
    history: Rule | None = None


@dataclass(frozen=True)
class After(Generic[C]):
    """A command to be sent when `delay` has passed since the event that is reacted to."""

    delay: timedelta
    command: C


@dataclass(frozen=True, kw_only=True)
class Process(Generic[E, S, C]):
    """A reaction to events: `evolve` folds first, then `react` names the commands to send.

    `key` gives the id of the instance that an event belongs to; None where it belongs to none.
    """

    name: str
    key: Callable[[E], str | None]
    initial: Callable[[], S]
    evolve: Callable[[S, E], S]
    react: Callable[[S, E], list[C | After[C]]]


class Shows(Generic[E, D]):
    """What a projection of the read side is to the domain: it folds events into documents.

    `keys` names the documents that an event touches.
    """

    keys: Callable[[E], list[str]]

    def fold(
        self,
        id: str,
        document: D | None,
        seen: Mapping[int, int],
        events: Iterable[tuple[int, int, E]],
    ) -> tuple[D | None, dict[int, int]]:
        """The document and its positions after `events`, each a (partition, offset, event)."""
        raise NotImplementedError


AnyAggregate = Aggregate[Any, Any, Any]
AnyProcess = Process[Any, Any, Any]
