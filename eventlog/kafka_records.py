"""Events as CloudEvents records that any program can read, and what a partition keeps of states."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from eventlog.envelope import Draft, Position, Recorded
from eventlog.kafka_client import Message, Place, Record, Unpacked
from eventlog.log import NoOp, Snapshot

SPEC_VERSION = b"1.0"
CONTENT_TYPE = b"application/json"

_CLAIM = b"claim"
_REACHED = b"commands"
_STATE = b"state "
_NO_OP = b"no-op "


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who took the partition last: a name of one run of one process, and when.

    An empty name says that it was given back.
    """

    owner: str
    at: datetime


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """From which offset on the commands that came by the log are not answered yet."""

    commands_next: int


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """A no-op as it is kept: without a position it stands where its stream's version does."""

    stream: str
    command_id: str
    actor: str | None
    version: int
    position: Position | None


Kept = Claim | Reached | Repeat | Snapshot


def message_of(draft: Draft, source: str) -> Message:
    """The record of an event: CloudEvents 1.0, Kafka binding, binary mode.

    Raises UnicodeEncodeError where a text of it cannot be written.
    """
    attributes = {
        "ce_id": draft.id,
        "ce_type": draft.type,
        "ce_source": source,
        "ce_time": draft.at.isoformat(),
        "ce_subject": draft.stream,
        "ce_streamversion": str(draft.version),
        "ce_schemaversion": str(draft.schema),
        "ce_commandid": draft.command_id,
        "ce_correlationid": draft.correlation_id,
        "ce_causationid": draft.causation_id,
        "ce_actor": draft.actor,
        "ce_traceparent": draft.trace,
    }
    headers = [(name, text.encode()) for name, text in attributes.items() if text is not None]
    headers += [("ce_specversion", SPEC_VERSION), ("content-type", CONTENT_TYPE)]
    return Message(draft.stream.encode(), draft.data, headers)


def recorded_of(record: Record) -> Recorded:
    """The event of a record. Raises ValueError, naming it, where it is none of Headrace's."""
    return event_of(record, record)


def event_of(place: Place, record: Unpacked) -> Recorded:
    """The event of a record of that place. Raises ValueError as `recorded_of` does."""
    try:
        headers: dict[str, Any] = dict(record.headers)
        actor, trace = headers.get("ce_actor"), headers.get("ce_traceparent")
        command, correlation = headers["ce_commandid"], headers["ce_correlationid"]
        causation = headers["ce_causationid"]
        command_id: str = command.decode()  # the same text as both of the others, most often
        return Recorded(
            offset=record.offset,
            partition=place.partition,
            stream=headers["ce_subject"].decode(),
            version=int(headers["ce_streamversion"]),
            id=headers["ce_id"].decode(),
            type=headers["ce_type"].decode(),
            schema=int(headers["ce_schemaversion"]),
            at=datetime.fromisoformat(headers["ce_time"].decode()),
            command_id=command_id,
            correlation_id=command_id if correlation == command else correlation.decode(),
            causation_id=command_id if causation == command else causation.decode(),
            actor=None if actor is None else actor.decode(),
            trace=None if trace is None else trace.decode(),
            data=record.value or b"",
        )
    except (KeyError, ValueError, AttributeError, TypeError) as fault:  # a header may be null
        raise ValueError(
            f"the record at {place.partition}:{record.offset} of {place.topic} is no event of "
            f"Headrace ({fault!r}): nothing else may write to this topic"
        ) from fault


def repeat_of(no_op: NoOp, drafts: Mapping[tuple[str, int], Draft]) -> Repeat:
    """The no-op as it is kept in the transaction that appends these drafts."""
    stands_elsewhere = (no_op.stream, no_op.version) not in drafts
    return Repeat(
        stream=no_op.stream,
        command_id=no_op.command_id,
        actor=no_op.actor,
        version=no_op.version,
        position=no_op.position if stands_elsewhere else None,
    )


def kept_message(kept: Kept) -> Message:
    """The record in the states topic; a later one of the same key takes its place."""
    match kept:
        case Claim():
            key = _CLAIM
        case Reached():
            key = _REACHED
        case Snapshot(stream=stream):
            key = _STATE + stream.encode()
        case Repeat(stream=stream, command_id=command_id):
            key = _NO_OP + stream.encode() + b"\0" + command_id.encode()
    return Message(key, msgspec.json.encode(kept), [])


def kept_of(record: Record) -> Kept | None:
    """What a record of the states topic keeps; None for what newer code may have put there."""
    key, value = record.key or b"", record.value or b""
    if key == _CLAIM:
        return msgspec.json.decode(value, type=Claim)
    if key == _REACHED:
        return msgspec.json.decode(value, type=Reached)
    if key.startswith(_STATE):
        return msgspec.json.decode(value, type=Snapshot)
    if key.startswith(_NO_OP):
        return msgspec.json.decode(value, type=Repeat)
    return None
