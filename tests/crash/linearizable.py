"""Whether what the callers of one stream were told is what it says to one caller after the other.

Linearizability (Herlihy and Wing 1990): there is an order of all operations, one that was answered
before another was invoked coming first, in which each answer is that of the aggregate's own
`decide` and `evolve`. The search is that of Wing and Gong (1993) with Lowe's memory (2017) of the
places that it has been to. It is exponential at worst, so it gives up aloud.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from domain.model import AnyAggregate, Rejected

__all__ = [
    "Accepted",
    "Answer",
    "Asked",
    "NotLinearizable",
    "Operation",
    "Refused",
    "Seen",
    "TooManySteps",
    "linearized",
]

STEPS_MAX = 2_000_000
SHOWN_MAX = 10


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The command took effect by these events; the stream's version after them."""

    version: int
    events: tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The command took no effect, and never will."""

    code: str


Answer = Accepted | Refused


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A command, from when it was first sent to when it was answered, in seconds of one clock.

    One without an answer takes effect at any time after it was sent, or never.
    """

    command_id: str
    command: object
    expected_version: int | None = None
    invoked: float
    answered: float | None = None
    answer: Answer | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Events that are there, and reached this version; with none, what the stream was seen at."""

    version: int
    events: tuple[object, ...] = ()
    invoked: float = -inf
    answered: float | None = None


Operation = Asked | Seen


class NotLinearizable(AssertionError):
    """No order explains the answers."""


class TooManySteps(Exception):
    """The search was given up, and nothing is known."""


@dataclass(frozen=True)
class _Stream:
    """What the stream is between two operations.

    `accepted` is what a repeat is answered with, by the command ids that came more than once.
    """

    state: Any
    version: int = 0
    accepted: Mapping[str, Accepted] = field(default_factory=dict[str, Accepted])


class _Entry:
    """The begin of an operation, with its end, or an end; linked in the order of time."""

    __slots__ = ("after", "before", "end", "index")

    def __init__(self, index: int, end: "_Entry | None" = None) -> None:
        self.index = index
        self.end = end
        self.before: _Entry = self
        self.after: _Entry = self

    def append(self, entry: "_Entry") -> "_Entry":
        """Put an entry after this one, the last."""
        entry.before, self.after = self, entry
        return entry

    def lift(self) -> None:
        """Take it out, so that the list is of what has no place in the order yet."""
        for each in (self, self.end or self):
            each.before.after, each.after.before = each.after, each.before

    def unlift(self) -> None:
        """Put it back where it was."""
        for each in (self.end or self, self):
            each.before.after = each.after.before = each


def linearized(
    aggregate: AnyAggregate, operations: Sequence[Operation], steps_max: int = STEPS_MAX
) -> list[Operation]:
    """The operations on one stream in an order that explains every answer.

    Those that were never answered and took no effect are left out. Raises NotLinearizable, and
    TooManySteps where neither an order was found nor its absence.
    """
    return _Search(aggregate, operations, steps_max).run()


class _Search:
    """Depth first over the orders, along a list of what has no place yet."""

    def __init__(
        self, aggregate: AnyAggregate, operations: Sequence[Operation], steps_max: int
    ) -> None:
        self._aggregate = aggregate
        self._operations = operations
        self._steps_max = steps_max
        asked = [each for each in operations if isinstance(each, Asked)]
        ids = Counter(each.command_id for each in asked)
        self._repeated = {id for id, count in ids.items() if count > 1}
        self._head = _in_time(operations)
        self._stream = _Stream(aggregate.initial())
        self._placed = 0
        self._path: list[tuple[_Entry, _Stream]] = []
        self._been: dict[tuple[int, int], list[_Stream]] = defaultdict(list)
        self._furthest: list[tuple[_Entry, _Stream]] = []

    def run(self) -> list[Operation]:
        """The order. Raises NotLinearizable, TooManySteps."""
        needed = sum(1 << n for n, each in enumerate(self._operations) if _is_sure(each))
        entry = self._head.after
        steps = 0
        while needed & ~self._placed:
            if entry.end is None:
                # 1. It ended before it has a place: one that has is to have another.
                entry = self._take_back().after
                continue
            steps += 1
            if steps > self._steps_max:
                raise TooManySteps(
                    f"no order of {len(self._operations)} operations, "
                    f"and no proof that there is none, in {steps - 1} steps"
                )
            # 2. Try what comes next in time; where it fits, all that are left may come after it.
            entry = self._head.after if self._place(entry) else entry.after
        return [self._operations[each.index] for each, _ in self._path]

    def _place(self, entry: _Entry) -> bool:
        """Give it the next place, if its answer is right there and that is new."""
        after = self._after(self._operations[entry.index])
        placed = self._placed | 1 << entry.index
        if after is None or after in self._been[placed, after.version]:
            return False
        self._been[placed, after.version].append(after)
        self._path.append((entry, self._stream))
        self._stream, self._placed = after, placed
        entry.lift()
        return True

    def _take_back(self) -> _Entry:
        """The last that was given a place loses it."""
        if len(self._path) >= len(self._furthest):
            self._furthest = [*self._path, (self._head, self._stream)]
        if not self._path:
            raise NotLinearizable(self._why())
        entry, self._stream = self._path.pop()
        self._placed ^= 1 << entry.index
        entry.unlift()
        return entry

    def _after(self, operation: Operation) -> _Stream | None:
        """The stream after the operation; None where its answer would have been another one."""
        stream = self._stream
        if isinstance(operation, Seen):
            reached = stream.version + len(operation.events)
            return self._evolved(operation.events) if reached == operation.version else None
        before = stream.accepted.get(operation.command_id)
        answer = before or self._answer(operation)
        if operation.answer not in (None, answer):
            return None
        if isinstance(answer, Refused):
            # Whoever was not told of a refusal might as well not have asked.
            return None if operation.answer is None else stream
        if before is not None:
            return stream
        after = self._evolved(answer.events)
        if operation.command_id in self._repeated:
            after = replace(after, accepted={**stream.accepted, operation.command_id: answer})
        return after

    def _answer(self, asked: Asked) -> Answer:
        """What a command is answered with that was not accepted before."""
        stream, expected = self._stream, asked.expected_version
        if expected is not None and expected != stream.version:
            return Refused(code="CONFLICT")
        try:
            events = self._aggregate.decide(asked.command, stream.state)
        except Rejected as no:
            return Refused(code=no.code)
        return Accepted(version=stream.version + len(events), events=tuple(events))

    def _evolved(self, events: Sequence[object]) -> _Stream:
        state = self._stream.state
        for event in events:
            state = self._aggregate.evolve(state, event)
        return replace(self._stream, state=state, version=self._stream.version + len(events))

    def _why(self) -> str:
        """How far an order came, and what would not come next."""
        *path, (_, stream) = self._furthest
        done = [each.index for each, _ in path]
        left = [each for n, each in enumerate(self._operations) if n not in set(done)]
        left.sort(key=lambda each: each.invoked)
        first_end = min((each.answered for each in left if each.answered is not None), default=inf)
        fitting = [each for each in left if each.invoked <= first_end]
        lines = [
            f"no order explains these answers; one explains {len(done)} of "
            f"{len(self._operations)}, the last of them:",
            *(f"  {self._operations[n]}" for n in done[-SHOWN_MAX:]),
            f"and has the stream at version {stream.version}: {stream.state}",
            "where none of these could have been answered so:",
            *(f"  {each}" for each in fitting[:SHOWN_MAX]),
        ]
        return "\n".join(lines)


def _is_sure(operation: Operation) -> bool:
    """Whether it is known to have come about."""
    return isinstance(operation, Seen) or operation.answer is not None


def _in_time(operations: Sequence[Operation]) -> _Entry:
    """The begins and ends in the order of time, after a head; at one instant begins come first.

    What never ended ends last.
    """
    entries: list[tuple[float, int, _Entry]] = []
    for index, each in enumerate(operations):
        end = _Entry(index)
        entries.append((each.invoked, 0, _Entry(index, end)))
        entries.append((inf if each.answered is None else each.answered, 1, end))
    entries.sort(key=lambda each: each[:2])
    head = last = _Entry(-1)
    for _, _, entry in entries:
        last = last.append(entry)
    last.append(_Entry(-1))
    return head
