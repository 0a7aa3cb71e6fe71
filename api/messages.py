"""The messages of graphql-transport-ws, as they are read and written."""

from typing import Annotated, Any

import msgspec

from api.execution import Params, Result

__all__ = [
    "SUBPROTOCOL",
    "Complete",
    "ConnectionInit",
    "Message",
    "Ping",
    "Pong",
    "Subscribe",
    "ack",
    "complete",
    "decode",
    "error",
    "next_result",
    "ping",
    "pong",
]

SUBPROTOCOL = "graphql-transport-ws"

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class ConnectionInit(msgspec.Struct, tag_field="type", tag="connection_init"):
    """The client asks to be let in."""

    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """The client asks whether the server is there."""

    payload: dict[str, Any] | None = None


class Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The client is there."""

    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    """The client asks for an operation, of any kind."""

    id: Id
    payload: Params


class Complete(msgspec.Struct, tag_field="type", tag="complete"):
    """The client wants no more of an operation."""

    id: Id


Message = ConnectionInit | Ping | Pong | Subscribe | Complete

_decoder: "msgspec.json.Decoder[Message]" = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


def decode(text: str) -> Message:
    """The message in a text frame. Raises ValueError with what is wrong."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("it nests too deep") from None


def ack() -> str:
    """`connection_ack`."""
    return '{"type":"connection_ack"}'


def ping() -> str:
    """`ping`."""
    return '{"type":"ping"}'


def pong(payload: dict[str, Any] | None) -> str:
    """`pong`, with the payload of the ping it answers."""
    if payload is None:
        return '{"type":"pong"}'
    return _encoder.encode({"type": "pong", "payload": payload}).decode()


def next_head(operation_id: str) -> bytes:
    """`next` up to its payload; a brace ends it."""
    return _encoder.encode({"id": operation_id, "type": "next"})[:-1] + b',"payload":'


def next_result(operation_id: str, result: Result) -> str:
    """`next`; the result is JSON already and is put in as it is."""
    return b"".join((next_head(operation_id), result.body, b"}")).decode()


def error(operation_id: str, entries: list[dict[str, Any]]) -> str:
    """`error`, which ends an operation."""
    return _encoder.encode({"id": operation_id, "type": "error", "payload": entries}).decode()


def complete(operation_id: str) -> str:
    """`complete`, which ends an operation."""
    return _encoder.encode({"id": operation_id, "type": "complete"}).decode()
