"""The port of the log: what every engine of it does, whether Kafka or an embedded file."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

import msgspec

from eventlog.envelope import Draft, Position, Recorded


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


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction appends: all of it or nothing."""

    drafts: Sequence[Draft]
    no_ops: Sequence[NoOp] = ()
    snapshots: Sequence[Snapshot] = ()


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

    def behind(self, checkpoint: Mapping[int, int]) -> int:
        """How many events a follower that has come this far has still to see, at most."""
        ...

    def follow(self, after: Mapping[int, int], limit: int) -> AsyncGenerator[list[Recorded], None]:
        """All events above the offset of their partition, then new ones as they come, for ever.

        Each list holds 1 to `limit` events, those of one partition in the order of their offsets.
        """
        ...
