"""Commerce in one thread: streams, the fulfilment, and everything in between late, or twice.

The fulfilment hears of the events of a stream in their order, but of those of different streams in
any; what it sends arrives in any order, sometimes twice. Only two commands rely on their id to be
harmless when they come twice, as every command may: ReserveStock and ReturnStock. Of all others the
simulator forgets the ids, so that they have to be harmless by themselves.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain.commerce import AGGREGATES, PROCESSES
from domain.commerce.fulfilment import fulfilment
from domain.commerce.fulfilment_states import Fulfilment, FulfilmentEvent
from domain.commerce.product_messages import ReserveStock, ReturnStock
from domain.composition import compose, events_of
from domain.model import After, AnyAggregate, Rejected
from tests.domain.commerce.facts import T0

DOMAIN = compose(AGGREGATES, PROCESSES)
HEARD = events_of(fulfilment)
TWICE = 0.15
"""How likely a command that has arrived arrives once more."""


@dataclass
class Stream:
    """One instance of an aggregate; `heard` of its events have reached the fulfilment."""

    aggregate: AnyAggregate
    id: str
    state: Any
    events: list[Any] = field(default_factory=list[Any])
    heard: int = 0


@dataclass(frozen=True)
class Sent:
    """A command of the fulfilment on its way."""

    id: str
    due: datetime
    command: Any


@dataclass
class World:
    """Everything there is, and everything that is under way."""

    random: Random
    now: datetime = T0
    streams: dict[str, Stream] = field(default_factory=dict[str, Stream])
    fulfilments: dict[str, Fulfilment] = field(default_factory=dict[str, Fulfilment])
    sent: list[Sent] = field(default_factory=list[Sent])
    seen: set[str] = field(default_factory=set[str])

    def send(self, command: Any) -> list[Any]:
        """The events that the command gives; they stand in its stream. Raises Rejected."""
        aggregate = DOMAIN.owners[type(command)]
        stream = self.stream(aggregate, aggregate.key(command))
        events = aggregate.decide(command, stream.state)
        for event in events:
            stream.state = aggregate.evolve(stream.state, event)
            stream.events.append(event)
        return events

    def stream(self, aggregate: AnyAggregate, id: str) -> Stream:
        """The stream of an instance, made where there is none."""
        made = Stream(aggregate, id, aggregate.initial())
        return self.streams.setdefault(f"{aggregate.name}-{id}", made)

    def of(self, aggregate: AnyAggregate) -> Iterator[Stream]:
        """The streams of all instances of an aggregate."""
        return (each for each in self.streams.values() if each.aggregate is aggregate)

    def pass_time(self, delay: timedelta) -> None:
        self.now += delay

    def step(self) -> bool:
        """Bring something that is under way one step on; false where nothing is."""
        unheard = [each for each in self.streams.values() if each.heard < len(each.events)]
        due = [each for each in self.sent if each.due <= self.now]
        if not unheard and not due:
            return False
        chosen = self.random.randrange(len(unheard) + len(due))
        if chosen < len(unheard):
            self._hear(unheard[chosen])
        else:
            self._arrive(due[chosen - len(unheard)])
        return True

    def settle(self) -> None:
        """Bring everything to rest, the timers too."""
        while True:
            while self.step():
                pass
            if not self.sent:
                return
            self.now = max(self.now, min(each.due for each in self.sent))

    def _hear(self, stream: Stream) -> None:
        event, stream.heard = stream.events[stream.heard], stream.heard + 1
        if isinstance(event, HEARD):
            self._react(f"{stream.aggregate.name}-{stream.id}-{stream.heard}", event)

    def _react(self, id: str, event: FulfilmentEvent) -> None:
        key = fulfilment.key(event)
        assert key is not None
        state = fulfilment.evolve(self.fulfilments.get(key, fulfilment.initial()), event)
        self.fulfilments[key] = state
        for number, reaction in enumerate(fulfilment.react(state, event)):
            delay = reaction.delay if isinstance(reaction, After) else timedelta()
            command = reaction.command if isinstance(reaction, After) else reaction
            due = event.at + delay
            assert getattr(command, "at", due) == due, "its Now is what the dispatcher fills in"
            self.sent.append(Sent(f"{id}-{number}", due, command))

    def _arrive(self, sent: Sent) -> None:
        if self.random.random() >= TWICE:
            self.sent.remove(sent)
        if sent.id in self.seen:
            return
        if isinstance(sent.command, ReserveStock | ReturnStock):
            self.seen.add(sent.id)
        with suppress(Rejected):
            self.send(sent.command)
