"""The port of the log: what every engine of it does, whether Kafka or an embedded file."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence, Set
from typing import Protocol

import msgspec

from eventlog.envelope import Draft, Position, Recorded
from eventlog.outcome import Outcome


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An aggregate's state at a version, and a digest of the code that folded it."""

    stream: str
    version: int
    position: Position
    code: str
    state: bytes


class NoOp(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was accepted and had nothing left to do, kept so that a retry finds it.

    It stands where the stream's event of `version` does: in the batch that appends that event,
    the log puts in the place that the event takes.
    """

    stream: str
    command_id: str
    actor: str | None
    version: int
    position: Position


class ReplyTo(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sender of a command that came by the log waits for its outcome."""

    partition: int
    node: str
    request: int


Answers = Callable[[Sequence[Recorded]], Sequence[tuple[ReplyTo, Outcome | Exception]]]
"""Given the events of a batch as they were appended, what to tell those who wait elsewhere."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction appends: all of it or nothing.

    It may be empty but for the partitions whose states its decisions rest on: where it is
    appended, they were this owner's until then. Answers go to the others' nodes with it, and with
    them the offset from which commands that come by the log have no answer yet.
    """

    drafts: Sequence[Draft]
    no_ops: Sequence[NoOp] = ()
    snapshots: Sequence[Snapshot] = ()
    partitions: Set[int] = frozenset()
    answers: Answers | None = None
    commands_next: int | None = None


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream's state is folded from: the events above the snapshot's version, or all."""

    snapshot: Snapshot | None
    events: Sequence[Recorded]


class Unappendable(Exception):
    """The log did not take the batch; nothing of it was appended."""


class Log(Protocol):
    """An append-only, partitioned log with one writer per partition.

    A stream lives in one partition. Offsets of a partition ascend, with gaps. An event is seen
    by `follow`, `history` and `past` once it is durable, and then for ever.
    """

    @property
    def partitions(self) -> int:
        """How many partitions there are; fixed when the log was made."""
        ...

    async def append(self, batch: Batch) -> list[Recorded]:
        """Append all of the batch durably, in one transaction. Raises Unappendable."""
        ...

    async def past(self, streams: Mapping[str, str]) -> dict[str, Past]:
        """What each stream's state is folded from.

        `streams` gives for each the digest of the code that will fold it: a snapshot made by
        other code is left out.
        """
        ...

    async def outcomes(
        self, commands: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], NoOp | list[Recorded]]:
        """What became of those (stream, command id) that were accepted before."""
        ...

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, oldest first."""
        ...

    async def at(self, positions: Sequence[Position]) -> list[Recorded]:
        """The events that stand at these positions, in their order."""
        ...

    async def ends(self) -> dict[int, int]:
        """The offset of the last event of each partition that has any."""
        ...

    def behind(self, checkpoint: Mapping[int, int], partitions: Set[int] | None = None) -> int:
        """How many events a follower that has come this far has still to see, at most.

        With `partitions`, how many of these.
        """
        ...

    def follow(
        self, after: Mapping[int, int], limit: int, partitions: Set[int] | None = None
    ) -> AsyncGenerator[list[Recorded], None]:
        """All events above the offset of their partition, then new ones as they come, for ever.

        Each list holds 1 to `limit` events, those of one partition in the order of their offsets.
        With `partitions`, only those of these.
        """
        ...
