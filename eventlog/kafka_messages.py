"""Commands on their way to the owner of their partition, and what comes back, as records."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.composition import Domain
from eventlog.codec import Codec
from eventlog.deciding import Elsewhere, Order
from eventlog.envelope import Recorded
from eventlog.kafka_client import Message, Record
from eventlog.log import ReplyTo
from eventlog.outcome import Accepted, Outcome, Refused, Unavailable

EVENTS_BYTES_MAX = 2 * 1024 * 1024
"""Of the events in one reply, by their data, so that it fits where the events did."""


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag="command"):
    """A command as its sender has filled it."""

    command: str
    data: msgspec.Raw
    aggregate: str
    id: str
    stream: str
    command_id: str
    expected_version: int | None
    at: datetime
    expires_at: datetime
    correlation_id: str
    causation_id: str
    actor: str | None
    trace: str | None
    reply_to: ReplyTo


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="history"):
    """A question for the events of a stream, whose owner has them at hand."""

    stream: str
    after_version: int
    first: int
    expires_at: datetime
    reply_to: ReplyTo


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The command could not be decided: a defect, which the owner has logged."""

    message: str
    is_unavailable: bool


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request of a node: just one of the four.

    Where the events of what was accepted are too large for one, they are left out.
    """

    node: str
    request: int
    accepted: Accepted | None = None
    events_left_out: int = 0
    refused: Refused | None = None
    failed: Failed | None = None
    events: list[Recorded] | None = None


class FailedElsewhere(Exception):
    """The owner of the partition, another process, could not decide the command: see its log."""


_requests: msgspec.json.Decoder[Sent | Asked] = msgspec.json.Decoder(Sent | Asked)
_replies: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)
_encode = msgspec.json.Encoder().encode


def sent_message(order: Order, reply_to: ReplyTo, codec: Codec) -> Message:
    """The record of an order. Raises ValueError where it cannot be written as JSON."""
    sent = Sent(
        command=type(order.command).__name__,
        data=msgspec.Raw(codec.encode(order.command)),
        aggregate=order.aggregate.name,
        id=order.id,
        stream=order.stream,
        command_id=order.command_id,
        expected_version=order.expected_version,
        at=order.at,
        expires_at=order.expires_at,
        correlation_id=order.correlation_id,
        causation_id=order.causation_id,
        actor=order.actor,
        trace=order.trace,
        reply_to=reply_to,
    )
    return Message(order.stream.encode(), _encode(sent), [])


def asked_message(asked: Asked) -> Message:
    return Message(asked.stream.encode(), _encode(asked), [])


def request_of(record: Record) -> Sent | Asked | None:
    """What the record asks for; None for what newer code may have put there."""
    try:
        return _requests.decode(record.value or b"")
    except msgspec.MsgspecError:
        return None


def order_of(record: Record, sent: Sent, codec: Codec, domain: Domain) -> Order:
    """The order as its owner decides it. Raises where this code does not know the command."""
    command = codec.decode_command(sent.command, bytes(sent.data))
    return Order(
        command=command,
        aggregate=domain.owners[type(command)],
        id=sent.id,
        stream=sent.stream,
        partition=record.partition,
        command_id=sent.command_id,
        is_retry=True,  # its sender may have sent it before, by another way
        expected_version=sent.expected_version,
        at=sent.at,
        expires_at=sent.expires_at,
        correlation_id=sent.correlation_id,
        causation_id=sent.causation_id,
        actor=sent.actor,
        trace=sent.trace,
        outcome=None,
        elsewhere=Elsewhere(offset=record.offset, reply_to=sent.reply_to),
    )


def reply_message(to: ReplyTo, outcome: Outcome | Exception) -> Message:
    """The record of what became of a command."""
    reply = Reply(node=to.node, request=to.request)
    match outcome:
        case Accepted(events=events):
            fitting = _bare(events)
            left_out = len(events) if len(fitting) < len(events) else 0
            told = dataclasses.replace(outcome, events=() if left_out else tuple(fitting))
            reply = msgspec.structs.replace(reply, accepted=told, events_left_out=left_out)
        case Refused():
            reply = msgspec.structs.replace(reply, refused=outcome)
        case _:
            failed = Failed(
                message=f"{type(outcome).__name__}: {outcome}",
                is_unavailable=isinstance(outcome, Unavailable),
            )
            reply = msgspec.structs.replace(reply, failed=failed)
    return Message(b"", _encode(reply), [])


def history_message(to: ReplyTo, events: Sequence[Recorded]) -> Message:
    """The record of a stream's events: as many as fit, at least one where there is one."""
    fitting = _bare(events) or _bare(events[:1], bytes_max=None)
    return Message(b"", _encode(Reply(node=to.node, request=to.request, events=fitting)), [])


def _bare(events: Sequence[Recorded], bytes_max: int | None = EVENTS_BYTES_MAX) -> list[Recorded]:
    """The first events, as many as fit, without what they were decoded to."""
    bare: list[Recorded] = []
    size = 0
    for each in events:
        size += len(each.data)
        if bytes_max is not None and size > bytes_max:
            break
        bare.append(msgspec.structs.replace(each, event=None))
    return bare


def reply_of(record: Record) -> Reply | None:
    """The reply of a record; None for what newer code may have put there."""
    try:
        return _replies.decode(record.value or b"")
    except msgspec.MsgspecError:
        return None
