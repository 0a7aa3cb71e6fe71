"""What a crowd of clients is told to do, a line of JSON each, and what it answers."""

from typing import Any

import msgspec

WAIT_S_MAX = 60.0
"""How long the last of a crowd is waited for, before the whole benchmark counts for nothing."""


class Connect(msgspec.Struct, tag=True, kw_only=True):
    """So many more sockets, each acknowledged, none with a subscription."""

    url: str
    clients: int
    has_own_ids: bool = True
    """Whether each message names its socket's own subscription, as it does not in a broadcast."""


class Watch(msgspec.Struct, tag=True, kw_only=True):
    """Each socket, from the first, subscribes with its variables; each gets its first result."""

    text: str
    variables: list[list[dict[str, Any]]]


class Changes(msgspec.Struct, tag=True, kw_only=True):
    """These mutations, in turn, are the changes from now on, with so many messages each."""

    url: str
    bodies: list[str]
    per_change: int


class Check(msgspec.Struct, tag=True, kw_only=True):
    """One change, whose messages are decoded by everybody who gets one."""


class Paced(msgspec.Struct, tag=True, kw_only=True):
    """Changes at a rate; a change waits until the one before is with everybody."""

    rate: float
    seconds: float


class InTurn(msgspec.Struct, tag=True, kw_only=True):
    """A change as soon as the one before is with everybody."""

    seconds: float


class Flood(msgspec.Struct, tag=True, kw_only=True):
    """Changes from so many writers at once, each with its next as soon as it is answered."""

    writers: int
    seconds: float


Order = Connect | Watch | Changes | Check | Paced | InTurn | Flood


class Seen(msgspec.Struct, kw_only=True):
    """What came of an order: how much of what, in how long, and how late it was."""

    seconds: float = 0.0
    changes: int = 0
    messages: int = 0
    from_sending_s: list[float] = []
    """From the sending of a change until everybody had it."""
    from_answer_s: list[float] = []
    """From its answer; 0 where everybody had it before."""
    results: list[Any] = []
    """The different results among the decoded messages, at most a few."""
    decoded: int = 0
    frame: str = ""
    """The text of one of them, as it came."""
    fault: str = ""
