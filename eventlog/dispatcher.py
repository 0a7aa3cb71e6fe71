"""Commands on their way in: their fields filled, sent to the owner of their partition."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from eventlog.envelope import Recorded
from eventlog.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends a command, and in what course of events.

    `correlation_id` and `causation_id` are those of the event that is reacted to, None for a
    command that begins something. `trace` is a W3C traceparent.
    """

    actor: str | None
    roles: frozenset[str] = frozenset()
    correlation_id: str | None = None
    causation_id: str | None = None
    trace: str | None = None


class Dispatcher(Protocol):
    """Sends commands to whoever owns their stream, and reads a stream's history."""

    async def dispatch(
        self,
        command: type[Any],
        fields: Mapping[str, Any],
        sender: Sender,
        *,
        command_id: str | None = None,
        expected_version: int | None = None,
        at: datetime | None = None,
    ) -> Outcome:
        """What becomes of the command made of `fields` and those that the dispatcher fills.

        The same `command_id` again gives the first outcome and appends nothing. `at` is the
        command's time, now unless given. Raises Unavailable, Overdue.
        """
        ...

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, oldest first."""
        ...
