"""Commands against states: what a batch comes to before it is committed, all of it pure."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.model import AnyAggregate, Rejected
from eventlog.codec import Codec
from eventlog.envelope import EVENT_BYTES_MAX, Draft, Position, Recorded
from eventlog.ids import new_id
from eventlog.log import NoOp, ReplyTo
from eventlog.outcome import Accepted, Outcome, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A command came by the log: at which offset, and where its sender waits."""

    offset: int
    reply_to: ReplyTo


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command on its way to the writer, with what its events' envelopes need.

    Its sender waits in this process for `outcome`, or elsewhere.
    """

    command: object
    aggregate: AnyAggregate
    id: str
    stream: str
    partition: int
    command_id: str
    is_retry: bool
    """Whether the command id may have been seen before; false for one that was just made."""
    expected_version: int | None
    at: datetime
    expires_at: datetime
    """When its sender stops waiting: who finds it in the log later leaves it alone."""
    correlation_id: str
    causation_id: str
    actor: str | None
    trace: str | None
    outcome: asyncio.Future[Outcome] | None
    elsewhere: Elsewhere | None = None


@dataclass(slots=True)
class Held:
    """An aggregate in memory: its state, and the version and position that it stands at."""

    state: Any
    version: int
    position: Position
    snapshot_version: int


class Decided:
    """What one batch comes to before it is committed."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.no_ops: list[NoOp] = []
        self.accepted: list[tuple[Order, int, int, Held]] = []
        """Order, first draft and the one after its last, and the state after it."""
        self.declined: list[tuple[Order, Refused | Exception]] = []
        """Refused, or at fault; to be told once the states that this rests on are durable."""
        self.states: dict[str, Held] = {}


def decide(orders: Sequence[Order], states: Mapping[str, Held], codec: Codec) -> Decided:
    """Decide each order against the state that the ones before it left."""
    decided = Decided()
    for order in orders:
        held = decided.states.get(order.stream) or states[order.stream]
        try:
            refused = _decide_one(order, held, decided, codec)
        except Exception as fault:  # a defect of decide or evolve: this command's alone
            decided.declined.append((order, fault))
            continue
        if refused is not None:
            decided.declined.append((order, refused))
    return decided


def _decide_one(order: Order, held: Held, decided: Decided, codec: Codec) -> Refused | None:
    expected = order.expected_version
    if expected is not None and expected != held.version:
        return Refused(
            command_id=order.command_id,
            code="CONFLICT",
            message=f"{order.stream} is at version {held.version}, not {expected}: "
            "read it again and decide anew",
        )
    aggregate = order.aggregate
    try:
        events = aggregate.decide(order.command, held.state)
    except Rejected as no:
        return Refused(command_id=order.command_id, code=no.code, message=no.message)
    state = held.state
    for event in events:
        state = aggregate.evolve(state, event)
    first = len(decided.drafts)
    drafts = list(_drafts(order, events, held.version, codec))  # all of them, before any counts
    decided.drafts += drafts
    if not events:
        decided.no_ops.append(
            NoOp(
                stream=order.stream,
                command_id=order.command_id,
                actor=order.actor,
                version=held.version,
                position=held.position,
            )
        )
    after = Held(state, held.version + len(events), held.position, held.snapshot_version)
    decided.states[order.stream] = after
    decided.accepted.append((order, first, len(decided.drafts), after))
    return None


def _drafts(order: Order, events: list[Any], version: int, codec: Codec) -> Iterable[Draft]:
    for version_of, event in enumerate(events, version + 1):
        spec, data = codec.spec(event), codec.encode(event)
        if len(data) > EVENT_BYTES_MAX:
            raise ValueError(f"{spec.name} has {len(data):,} bytes, more than {EVENT_BYTES_MAX:,}")
        yield Draft(
            id=new_id(),
            type=spec.name,
            schema=spec.version,
            stream=order.stream,
            version=version_of,
            partition=order.partition,
            at=order.at,
            command_id=order.command_id,
            correlation_id=order.correlation_id,
            causation_id=order.causation_id,
            actor=order.actor,
            trace=order.trace,
            data=data,
            event=event,
        )


def accepted_before(order: Order, outcome: NoOp | list[Recorded]) -> Outcome:
    """What a retry is answered with: the first outcome, if it was the same actor's."""
    last, events = (outcome, ()) if isinstance(outcome, NoOp) else (outcome[-1], tuple(outcome))
    if last.actor != order.actor:
        return Refused(
            command_id=order.command_id,
            code="COMMAND_ID_TAKEN",
            message="somebody else's command has this id: take another one",
        )
    return Accepted(
        command_id=order.command_id,
        id=order.id,
        version=last.version,
        position=last.position,
        events=events,
    )


def answer(order: Order, outcome: Outcome | Exception) -> None:
    """Answer whoever waits here; nobody does where the deadline has passed."""
    if order.outcome is None or order.outcome.done():
        return
    if isinstance(outcome, Exception):
        order.outcome.set_exception(outcome)
    else:
        order.outcome.set_result(outcome)
