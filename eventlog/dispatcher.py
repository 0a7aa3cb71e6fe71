"""Commands on their way in: their fields filled, sent to the owner of their partition."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol, get_args, get_origin, get_type_hints

from domain.composition import Domain
from domain.model import Fill
from eventlog.deciding import Order
from eventlog.envelope import Recorded, partition_of, stream_of
from eventlog.ids import derived_id, new_id
from eventlog.outcome import Outcome, Overdue

DEADLINE_S = 10.0

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The instant it is, UTC."""
    return datetime.now(UTC)


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
        is_new: bool = False,
        expected_version: int | None = None,
        at: datetime | None = None,
    ) -> Outcome:
        """What becomes of the command made of `fields` and those that the dispatcher fills.

        The same `command_id` again gives the first outcome and appends nothing; where it `is_new`
        nobody has sent it before. `at` is the command's time, now unless given. Raises
        Unavailable, Overdue, and ValueError where an id is no text that can be kept.
        """
        ...

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, oldest first."""
        ...


def filled_fields(command: type[Any]) -> dict[str, str]:
    """The fields that the dispatcher fills, each with what it is filled with (`Fill.what`)."""
    hints = get_type_hints(command, include_extras=True)
    found: dict[str, str] = {}
    for field in fields(command):
        hint = hints[field.name]
        for each in get_args(hint) if get_origin(hint) is Annotated else ():
            if isinstance(each, Fill):
                found[field.name] = each.what
    return found


class Owner(Protocol):
    """Who decides: the writer of this process, or whoever finds the one to send an order to."""

    def submit(self, order: Order) -> None:
        """Take the order in; its `outcome` is set when it is decided. Raises Unavailable."""
        ...


class Histories(Protocol):
    """What is known of streams: a log, or whoever asks the owner of one."""

    @property
    def partitions(self) -> int:
        """How many partitions there are."""
        ...

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, oldest first."""
        ...


class CommandDispatcher:
    """The dispatcher of a process. Waits at most `deadline_s` seconds for an outcome."""

    def __init__(
        self,
        log: Histories,
        writer: Owner,
        domain: Domain,
        *,
        clock: Clock = wall_clock,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._log = log
        self._writer = writer
        self._domain = domain
        self._clock = clock
        self._deadline_s = deadline_s
        self._filled = {command: filled_fields(command) for command in domain.owners}

    async def dispatch(
        self,
        command: type[Any],
        fields: Mapping[str, Any],
        sender: Sender,
        *,
        command_id: str | None = None,
        is_new: bool = False,
        expected_version: int | None = None,
        at: datetime | None = None,
    ) -> Outcome:
        """What becomes of the command made of `fields` and those that the dispatcher fills."""
        loop = asyncio.get_running_loop()
        is_retry = command_id is not None and not is_new
        command_id = command_id or new_id()
        command_id.encode()  # half a surrogate pair would fail all that it is appended with
        at = at or self._clock()
        expires_at = wall_clock() + timedelta(seconds=self._deadline_s)
        aggregate = self._domain.owners[command]
        message = command(**fields, **self._fill(command, sender, command_id, at))
        id = aggregate.key(message)
        stream = stream_of(aggregate.name, id)
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._writer.submit(
            Order(
                command=message,
                aggregate=aggregate,
                id=id,
                stream=stream,
                partition=partition_of(stream, self._log.partitions),
                command_id=command_id,
                is_retry=is_retry,
                expected_version=expected_version,
                at=at,
                expires_at=expires_at,
                correlation_id=sender.correlation_id or command_id,
                causation_id=sender.causation_id or command_id,
                actor=sender.actor,
                trace=sender.trace,
                outcome=outcome,
            )
        )
        deadline = loop.call_later(self._deadline_s, self._give_up, outcome, command_id)
        try:
            return await outcome
        finally:
            deadline.cancel()

    def _give_up(self, outcome: "asyncio.Future[Outcome]", command_id: str) -> None:
        if not outcome.done():
            overdue = Overdue(
                f"no outcome within {self._deadline_s:g} s; the command may still be accepted: "
                f"send it again with the command id {command_id}",
                command_id=command_id,
            )
            outcome.set_exception(overdue)

    def _fill(
        self, command: type[Any], sender: Sender, command_id: str, at: datetime
    ) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for name, what in self._filled[command].items():
            match what:
                case "new_id":
                    # Derived, so that a retry with the same command id means the same instance;
                    # the actor is in it, so that nobody else's command id can.
                    filled[name] = derived_id(
                        command_id, sender.actor or "", command.__name__, name
                    )
                case "now":
                    filled[name] = at
                case "actor":
                    filled[name] = sender.actor or ""
                case "roles":
                    filled[name] = sender.roles
                case _:
                    raise TypeError(f"{command.__name__}.{name}: no dispatcher fills {what!r}")
        return filled

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, oldest first."""
        return await self._log.history(stream, after_version, first)
