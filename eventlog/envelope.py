"""What surrounds an event in the log: where it stands, who caused it, when, by which command."""

import re
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import msgspec

_TOKEN = re.compile(r"[0-9]{1,9}:(-1|[0-9]{1,18})", re.ASCII)

PARTITIONS = 12
"""How many partitions a log has unless it is made with another number; fixed for ever after."""

EVENT_BYTES_MAX = 4 * 1024 * 1024
"""Of an event's JSON, so that every log takes it, alone or in an answer."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the log. Compare offsets of one partition by order, never by counting.

    The offset -1 stands before the first event of the partition.
    """

    partition: int
    offset: int

    def __str__(self) -> str:
        """The token, as clients carry it: `partition:offset`."""
        return f"{self.partition}:{self.offset}"

    @staticmethod
    def parse(token: str) -> "Position":
        """The position that a token names. Raises ValueError where it is no token."""
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"not a token: {token[:60]!r}; a token looks like 3:1042")
        partition, _, offset = token.partition(":")
        return Position(int(partition), int(offset))


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event about to be appended. `data` is its JSON, `event` the object it was made from.

    No event leads back to its envelope, so there are no cycles for the collector to look for.
    """

    id: str
    type: str
    schema: int
    stream: str
    version: int
    partition: int
    at: datetime
    command_id: str
    correlation_id: str
    causation_id: str
    actor: str | None
    trace: str | None
    data: bytes
    event: object | None = None


class Recorded(Draft, frozen=True, kw_only=True, gc=False):
    """An event in the log. `event` is None where it was read back and not decoded yet."""

    offset: int

    @property
    def position(self) -> Position:
        return Position(self.partition, self.offset)


def stream_of(aggregate: str, id: str) -> str:
    """The stream, and so the key, of one instance: `order-0190...`."""
    return f"{aggregate}-{id}"


def partition_of(stream: str, partitions: int) -> int:
    """The partition of a stream: its CRC-32 (ISO 3309) modulo their number."""
    return crc32(stream.encode()) % partitions
