"""What becomes of a command: it is accepted with its events, or refused by the domain."""

from dataclasses import dataclass

from eventlog.envelope import Position, Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The command stands in the log. `version` is the stream's after it, `position` its place."""

    command_id: str
    id: str
    version: int
    position: Position
    events: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The domain's no, or CONFLICT where `expectedVersion` did not hold. Nothing was appended."""

    command_id: str
    code: str
    message: str


Outcome = Accepted | Refused


class Unavailable(Exception):
    """The log cannot take the command now; with a command id it may have been appended."""

    def __init__(self, message: str, *, command_id: str | None = None) -> None:
        super().__init__(message)
        self.command_id = command_id


class Overdue(Exception):
    """The deadline passed; the command may have been appended, so retry it with the same id."""

    def __init__(self, message: str, *, command_id: str) -> None:
        super().__init__(message)
        self.command_id = command_id
