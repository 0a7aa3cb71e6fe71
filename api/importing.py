"""Commands from a file, one a line, each at its own time: `headrace import FILE.jsonl`."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec

from api.runtime import Embedded
from api.schema import Decode
from eventlog.dispatcher import Sender
from eventlog.outcome import Accepted, Outcome, Overdue, Refused, Unavailable

AT_ONCE_MAX = 500
LINE_BYTES_MAX = 1024 * 1024
ATTEMPTS_MAX = 5
YEARS = range(2, 9000)
"""What calendar arithmetic with offsets and timers stays inside of."""


class ImportFault(Exception):
    """A line that cannot be taken; the message names it. All lines before it were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: a command, its time, and the id under which it is taken once only."""

    number: int
    at: datetime
    command: str
    input: Any
    command_id: str


@dataclass(slots=True)
class Summary:
    """What became of the lines; of the accepted ones, `known` were there before."""

    accepted: int = 0
    known: int = 0
    refused: list[tuple[Line, Refused]] = field(default_factory=list[tuple[Line, Refused]])


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A line with its command's class and fields."""

    line: Line
    command: type[Any]
    fields: Mapping[str, Any]


class _Raw(msgspec.Struct, forbid_unknown_fields=True):
    """A line as it stands in the file."""

    at: datetime
    command: str
    input: dict[str, Any]
    commandId: str


_decode = msgspec.json.Decoder(_Raw).decode


class ImportClock:
    """The time of the line that is being taken in; it never goes back."""

    def __init__(self) -> None:
        self._now = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._now

    def reach(self, instant: datetime) -> None:
        """Go on to the instant, unless it has passed."""
        self._now = max(self._now, instant)


def lines_of(file: BinaryIO, advance: Callable[[int], None] = lambda size: None) -> Iterator[Line]:
    """The lines of a file, empty ones left out; `advance` is told the bytes of each.

    Raises ImportFault for the first that is no command.
    """
    number = 0
    while text := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(text) > LINE_BYTES_MAX:
            raise ImportFault(f"line {number} is longer than {LINE_BYTES_MAX:,} bytes")
        if text.strip():
            yield _line(number, text)
        advance(len(text))


def _line(number: int, text: bytes) -> Line:
    try:
        raw = _decode(text)
    except (msgspec.MsgspecError, ValueError) as fault:
        raise ImportFault(
            f"line {number} is no command: {fault}; a line looks like "
            '{"at": "1997-01-01T00:00:00Z", "command": "...", "input": {...}, "commandId": "..."}'
        ) from None
    if raw.at.tzinfo is None:
        raise ImportFault(f"line {number}: the time {raw.at.isoformat()} has no offset; add a Z")
    if raw.at.year not in YEARS:
        raise ImportFault(
            f"line {number}: the year of {raw.at.isoformat()} must be {YEARS[0]} to {YEARS[-1]}"
        )
    if not 1 <= len(raw.commandId) <= 200:
        raise ImportFault(f"line {number}: the commandId must have 1 to 200 characters")
    return Line(
        number=number,
        at=raw.at.astimezone(UTC),
        command=raw.command,
        input=raw.input,
        command_id=raw.commandId,
    )


class Importer:
    """Takes lines in order of the file, each at its own time, over a runtime that does not send.

    Before the first line of an instant, everything that happened before it has settled:
    reactions are done, and timers that were due by then have fired. Lines of one instant are
    taken together: those for one stream in their order, those for several at once.
    """

    def __init__(
        self, runtime: Embedded, clock: ImportClock, decode: Decode, *, actor: str = "import"
    ) -> None:
        self._runtime = runtime
        self._clock = clock
        self._decode = decode
        self._actor = actor
        self._ends_before: Mapping[int, int] = {}
        self.summary = Summary()

    async def run(self, lines: Iterable[Line]) -> Summary:
        """Take all lines in, then let everything settle and be shown.

        Raises ImportFault for the first line whose command or input is wrong, or that cannot be
        taken; running again goes on from there, and takes nothing twice.
        """
        self._ends_before = await self._runtime.log.ends()
        for together in _by_instant(map(self._decoded, lines)):
            await self._advance(together[0].line.at)
            await self._take(together)
        await self._settle()
        await self._shown()
        return self.summary

    async def _take(self, together: list[_Decoded]) -> None:
        outcomes = await asyncio.gather(*map(self._dispatch, together))
        for each, outcome in zip(together, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                self.summary.accepted += 1
                before = self._ends_before.get(outcome.position.partition, -1)
                self.summary.known += outcome.position.offset <= before
            else:
                self.summary.refused.append((each.line, outcome))

    def _decoded(self, line: Line) -> _Decoded:
        try:
            return _Decoded(line, *self._decode(line.command, line.input))
        except ValueError as fault:
            raise ImportFault(f"line {line.number}: {fault}") from None

    async def _dispatch(self, taken: _Decoded) -> Outcome:
        line = taken.line
        roles = frozenset(self._runtime.model.roles)
        for attempt in range(ATTEMPTS_MAX):
            try:
                return await self._runtime.dispatcher.dispatch(
                    taken.command,
                    taken.fields,
                    Sender(actor=self._actor, roles=roles),
                    command_id=line.command_id,
                    at=line.at,
                )
            except (Unavailable, Overdue) as fault:
                if attempt == ATTEMPTS_MAX - 1:
                    raise ImportFault(f"line {line.number}: {fault}") from None
                await asyncio.sleep(2**attempt / 10)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _advance(self, instant: datetime) -> None:
        """Go on to the instant, stopping wherever something is due by then."""
        await self._settle()
        while (due := await self._next_due()) is not None and due <= instant:
            self._clock.reach(due)
            await self._settle()
        self._clock.reach(instant)

    async def _next_due(self) -> datetime | None:
        due = [await each.next_due() for each in self._runtime.senders]
        return min((each for each in due if each is not None), default=None)

    async def _settle(self) -> None:
        """Let processes see everything, and send all that is due by the clock, until none is."""
        while True:
            ends = await self._runtime.log.ends()
            for sender in self._runtime.senders:
                await self._runtime.caught_up(sender.collection, ends)
                await sender.send_due()
            if await self._runtime.log.ends() == ends:
                return

    async def _shown(self) -> None:
        ends = await self._runtime.log.ends()
        for shown in self._runtime.model.shown.values():
            await self._runtime.caught_up(shown.collection, ends)


def _by_instant(lines: Iterable[_Decoded]) -> Iterator[list[_Decoded]]:
    """Runs of lines of one instant, bounded in length; those before a wrong line come too."""
    together: list[_Decoded] = []
    try:
        for each in lines:
            is_full = len(together) == AT_ONCE_MAX
            if together and (each.line.at != together[0].line.at or is_full):
                yield together
                together = []
            together.append(each)
    except ImportFault:
        if together:
            yield together
        raise
    if together:
        yield together
