"""What the projector runs over the events of a collection, and what is set aside on the way."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from domain.composition import event_spec
from eventlog.codec import Codec
from eventlog.envelope import Position, Recorded
from readmodels.composition import Collection, Shown
from readmodels.store import Parked, Stored

_encode = msgspec.json.Encoder().encode


class Fold(Protocol):
    """What the projector runs: a projection of a team, or a process' reactions."""

    @property
    def collection(self) -> Collection[Any]:
        """Where the documents are kept."""
        ...

    @property
    def types(self) -> frozenset[str]:
        """The wire names of the events that are folded."""
        ...

    def keys(self, recorded: Recorded) -> Sequence[str]:
        """The ids of the documents that the event touches."""
        ...

    def fold(
        self, id: str, document: Any, seen: Mapping[int, int], events: Iterable[Recorded]
    ) -> tuple[Any, dict[int, int]]:
        """The document and its positions after the events that it has not seen.

        Raises where one of them cannot be folded, or gives a document that cannot be kept.
        """
        ...


class ProjectionFold:
    """A team's projection as the projector runs it."""

    def __init__(self, shown: Shown[Any], codec: Codec) -> None:
        self.collection = shown.collection
        self.types = wire_names(shown.events)
        self._projection = shown.projection
        self._event = codec.event
        self._read: Any = msgspec.json.Decoder(shown.collection.document).decode

    def keys(self, recorded: Recorded) -> Sequence[str]:
        """The ids of the documents that the event touches."""
        return self._projection.keys(self._event(recorded))

    def fold(
        self, id: str, document: Any, seen: Mapping[int, int], events: Iterable[Recorded]
    ) -> tuple[Any, dict[int, int]]:
        """The document and its positions after the events that it has not seen."""
        event = self._event
        after, positions = self._projection.fold(
            id, document, seen, [(each.partition, each.offset, event(each)) for each in events]
        )
        if after is not None and after is not document:
            self._require_kept(id, after)
        return after, positions

    def _require_kept(self, id: str, document: Any) -> None:
        """Raises ValueError where the document would be kept elsewhere, or read back otherwise."""
        if document.id != id:
            raise ValueError(
                f"keys named the document {id!r}, evolve gave it the id {document.id!r}"
            )
        if self._read(_encode(document)) != document:
            raise ValueError(
                f"{document} would be read back otherwise: mind the types of its fields"
            )


def wire_names(events: Iterable[type[Any]]) -> frozenset[str]:
    """The wire names of event classes."""
    specs = [event_spec(event) for event in events]
    return frozenset(spec.name for spec in specs if spec)


def document_key(id: str) -> str:
    """What is parked where a document cannot be folded."""
    return f"document {id}"


def stream_key(stream: str) -> str:
    """What is parked where not even the event's document is known."""
    return f"stream {stream}"


def follows(key: str, events: Iterable[Recorded]) -> list[Parked]:
    """Events set aside since one before them was."""
    return [Parked(key, each.position, "follows one that is set aside") for each in events]


def fold_until_fault(
    fold: Fold, id: str, before: Stored[Any], events: Sequence[Recorded], *, forced: bool
) -> tuple[Any, dict[int, int], list[Parked]]:
    """The document after as many of its events as can be folded, and the rest, set aside.

    With `forced`, events are folded whatever the positions say: they were set aside, so the
    document cannot have seen them.
    """
    document, positions = before.document, dict(before.positions)
    for at, recorded in enumerate(events):
        try:
            document, reached = fold.fold(id, document, {} if forced else positions, [recorded])
        except Exception as fault:
            key = document_key(id)
            return (
                document,
                positions,
                [parked(key, recorded, fault), *follows(key, events[at + 1 :])],
            )
        for partition, offset in reached.items():
            positions[partition] = max(offset, positions.get(partition, -1))
    return document, positions, []


def parked(key: str, recorded: Recorded, fault: Exception) -> Parked:
    """An event set aside for what went wrong with it."""
    error = f"{recorded.type} at {recorded.position}: {type(fault).__name__}: {fault}"
    return Parked(key, recorded.position, error)


def ascending(positions: Iterable[Position]) -> list[Position]:
    """The positions in their order, but those of one partition by their offsets.

    An event that was parked anew under another key has come to stand behind what follows it.
    """
    by_partition: dict[int, list[Position]] = {}
    for each in sorted(positions, reverse=True):
        by_partition.setdefault(each.partition, []).append(each)
    return [by_partition[each.partition].pop() for each in positions]
