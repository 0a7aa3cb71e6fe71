"""Given, when, then: the business sentences of aggregates, processes and projections as tests.

assert given(orders, PLACED).when(CANCEL) == [CANCELLED]
assert given(orders).rejects(CANCEL) == "ORDER_UNKNOWN"
assert reacting(fulfilment, PLACED).to(RESERVED) == [CONFIRM]
assert shown(products, LISTED, RESTOCKED) == {"cd-1": Product(id="cd-1", stock=5)}
for events in interleaved([PAID, REFUNDED], [PAID_TOO]):
    assert shown(days, *events) == {"2026-11-23": Day(id="2026-11-23", paid=2, refunded=1)}
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import Generic, TypeVar

from domain.model import After, Aggregate, Process, Rejected, Shows

C = TypeVar("C")
E = TypeVar("E")
S = TypeVar("S")
D = TypeVar("D")

PARTITIONS = 3
"""How many partitions `shown` spreads the events over in its last round."""


@dataclass(frozen=True)
class Given(Generic[C, E, S]):
    """An aggregate with a past."""

    aggregate: Aggregate[C, E, S]
    state: S

    def when(self, command: C) -> list[E]:
        """The events that the command gives. Raises Rejected where the domain says no."""
        return self.aggregate.decide(command, self.state)

    def rejects(self, command: C) -> str:
        """The code that the command is refused with. Raises AssertionError where it is not."""
        try:
            events = self.aggregate.decide(command, self.state)
        except Rejected as no:
            return no.code
        raise AssertionError(f"{command} was accepted, with {events}")


def given(aggregate: Aggregate[C, E, S], *events: E) -> Given[C, E, S]:
    """The aggregate after these events, oldest first."""
    state = aggregate.initial()
    for event in events:
        state = aggregate.evolve(state, event)
    return Given(aggregate, state)


@dataclass(frozen=True)
class Reacting(Generic[E, S, C]):
    """A process instance with a past, whose reactions to that past have been sent."""

    process: Process[E, S, C]
    state: S

    def to(self, event: E) -> list[C | After[C]]:
        """What the process sends when the event happens; delayed commands stand in `After`."""
        return self.process.react(self.process.evolve(self.state, event), event)


def reacting(process: Process[E, S, C], *events: E) -> Reacting[E, S, C]:
    """The process instance after these events, oldest first."""
    state = process.initial()
    for event in events:
        state = process.evolve(state, event)
    return Reacting(process, state)


Placed = list[tuple[int, int, E]]
"""Events with the partition and offset each stands at."""


def shown(projection: Shows[E, D], *events: E) -> dict[str, D]:
    """The documents that the projection shows after these events, by id.

    Folds them in every batch size, delivering every batch twice, and raises AssertionError where
    one way of delivery gives other documents than the next, or a document another id than its key.
    """
    placed: Placed[E] = [(0, offset, event) for offset, event in enumerate(events)]
    expected = _deliver(projection, [[each] for each in placed], times=1)
    for size in range(1, len(placed) + 1):
        batches = [placed[at : at + size] for at in range(0, len(placed), size)]
        for times in (1, 2):
            found = _deliver(projection, batches, times)
            assert found == expected, f"in batches of {size}, {times} times: {found} != {expected}"
    spread = [[(offset % PARTITIONS, offset, event)] for _, offset, event in placed]
    found = _deliver(projection, spread, times=2)
    assert found == expected, f"over {PARTITIONS} partitions: {found} != {expected}"
    return expected


def _deliver(projection: Shows[E, D], batches: list[Placed[E]], times: int) -> dict[str, D]:
    documents: dict[str, D | None] = {}
    positions: dict[str, dict[int, int]] = {}
    for batch in batches:
        for _ in range(times):
            touched: dict[str, Placed[E]] = {}
            for placed in batch:
                for key in dict.fromkeys(projection.keys(placed[2])):
                    touched.setdefault(key, []).append(placed)
            for key, mine in touched.items():
                documents[key], positions[key] = projection.fold(
                    key, documents.get(key), positions.get(key, {}), mine
                )
    found = {key: document for key, document in documents.items() if document is not None}
    for key, document in found.items():
        id = getattr(document, "id", key)
        assert id == key, f"keys named the document {key!r}, evolve gave it the id {id!r}"
    return found


def interleaved(*streams: Sequence[E], most: int = 200) -> Iterator[tuple[E, ...]]:
    """The orders in which the events of several streams may come, each stream's own order kept.

    All of them or, where there are more, `most` by chance, which are the same at every call.
    """
    lengths = [len(stream) for stream in streams]
    count = factorial(sum(lengths)) // prod(map(factorial, lengths))
    for turns in _every_order(lengths) if count <= most else _some_orders(lengths, most):
        left = [iter(stream) for stream in streams]
        yield tuple(next(left[turn]) for turn in turns)


def _every_order(lengths: list[int]) -> Iterator[list[int]]:
    """Whose turn it is, again and again, in every way."""
    if not any(lengths):
        yield []
    for turn, length in enumerate(lengths):
        if length:
            fewer = [*lengths[:turn], length - 1, *lengths[turn + 1 :]]
            yield from ([turn, *rest] for rest in _every_order(fewer))


def _some_orders(lengths: list[int], count: int) -> Iterator[list[int]]:
    turns = [turn for turn, length in enumerate(lengths) for _ in range(length)]
    chance = random.Random(count)
    for _ in range(count):
        chance.shuffle(turns)
        yield list(turns)
