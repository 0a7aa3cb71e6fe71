"""Documents as MongoDB keeps them, back to the letter: records, sort keys and bound values.

A record is `{_id, revision, positions, token, body, keys}`. The body holds the fields as they are
where BSON is exact, and as JSON writes them where it is not: BSON's instants know no microseconds
and its decimals no more than 34 digits. Beside such a field stands a text that sorts as it does,
in `keys`. A deleted document has no body, and the time of its deletion in `deleted`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import copysign, inf
from typing import Any, Generic, TypeGuard, TypeVar, get_type_hints

import bson
import msgspec
from bson.errors import InvalidDocument
from bson.raw_bson import RawBSONDocument

from domain.composition import members
from readmodels.composition import Collection
from readmodels.mongo_client import Row
from readmodels.shape import shape_of
from readmodels.sortable import decimal_key, utc_key
from readmodels.store import Stored, Write

D = TypeVar("D")

DOCUMENT_BYTES_MAX = 7 * 1024 * 1024
"""A change carries the document before and after, and MongoDB carries at most 16 MiB."""
INT64 = range(-(2**63), 2**63)
ESCAPED = ""
"""The one field of what stands for a value that BSON, or its driver, would not give back."""


class Fields:
    """How the fields of one document class stand in a record: a path, and their values."""

    def __init__(self, document: type[Any]) -> None:
        self._types = {name: members(hint)[0] for name, hint in get_type_hints(document).items()}
        self.keyed = [name for name, kind in self._types.items() if kind in (Decimal, datetime)]

    def path(self, field: str) -> str:
        """The field as it is compared and indexed. Raises KeyError where there is none."""
        if field == "id":
            return "body.id"  # which a deleted document has not
        return f"{'keys' if self._types[field] in (Decimal, datetime) else 'body'}.{field}"

    def bound(self, field: str, value: Any) -> Any:
        """A value of the field as it stands at its path."""
        if field in self.keyed:
            return sort_key(value)
        if isinstance(value, int) and value not in INT64:
            return copysign(inf, value)  # beyond every number that there is, on its side
        return msgspec.to_builtins(value)

    def is_list(self, field: str) -> bool:
        """Whether the field holds several values."""
        return getattr(self._types[field], "__origin__", None) in (tuple, list, frozenset, set)


def sort_key(value: Any) -> Any:
    """The text that sorts as the value does."""
    if isinstance(value, Decimal):
        return decimal_key(str(value))
    return utc_key(value) if isinstance(value, datetime) else value


def offsets(kept: Mapping[str, Any]) -> dict[int, int]:
    """Offsets by partition, of positions or of a checkpoint: the keys of a record are texts."""
    return {int(partition): int(offset) for partition, offset in kept.items()}


class Encoded(RawBSONDocument):
    """A record as bytes, which the client is not to read before it sends them."""

    def __bool__(self) -> bool:
        return True


class Records(Generic[D]):
    """The records of one collection: written from documents, read into them."""

    def __init__(self, collection: Collection[D]) -> None:
        self.collection = collection
        self.name = f"{collection.name}_{collection.version}"
        self.fields = Fields(collection.document)
        self.shape = shape_of(collection.document)
        self._mapped = [
            name
            for name, hint in get_type_hints(collection.document).items()
            if b'"additionalProperties"' in msgspec.json.encode(msgspec.json.schema(hint))
        ]
        """The fields with a mapping in them: only its keys are no field names."""

    def record(self, write: Write[D], token: str) -> Encoded:
        """What is written. Raises ValueError where it is too large."""
        record: Row = {
            "_id": write.id,
            "revision": write.before.revision + 1,
            "positions": {str(each): offset for each, offset in write.positions.items()},
            "token": token,
            "body": None,
        }
        if write.document is None:
            record["deleted"] = datetime.now(UTC)
        else:
            body: Row = msgspec.to_builtins(write.document, str_keys=False)
            _escape(record, body, self._mapped)
            keyed = self.fields.keyed
            if keyed:
                record["keys"] = {each: sort_key(getattr(write.document, each)) for each in keyed}
        try:
            encoded = bson.encode(record)
        except (OverflowError, InvalidDocument):
            _escape(record, record["body"], list(record["body"]))
            encoded = bson.encode(record)
        if len(encoded) > DOCUMENT_BYTES_MAX:
            raise ValueError(
                f"{self.name} {write.id[:60]!r} has {len(encoded):,} bytes, and MongoDB takes "
                f"{DOCUMENT_BYTES_MAX:,}: keep less in one document"
            )
        return Encoded(encoded)

    def document(self, record: Mapping[str, Any]) -> D | None:
        """The document of a record, None where it is deleted."""
        return None if record["body"] is None else self.shown(record)

    def shown(self, record: Mapping[str, Any]) -> D:
        """The document of a record that has one."""
        body = record["body"]
        if record.get("is_escaped"):
            body = unescaped(body)
        return msgspec.convert(body, self.collection.document)

    def stored(self, record: Mapping[str, Any]) -> Stored[D]:
        """The document with what is known of it."""
        positions = offsets(record["positions"])
        return Stored(self.document(record), int(record["revision"]), positions)


def _escape(record: Row, body: Row, fields: Sequence[str]) -> None:
    """Put the body into the record, with stand-ins in these fields where they need one."""
    for field in fields:
        escaped = _escaped(body[field])
        if escaped != body[field]:
            body[field] = escaped
            record["is_escaped"] = True
    record["body"] = body


def _is_mapping(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _escaped(value: Any) -> Any:
    """The value with a stand-in for what would not come back as it is.

    That is an integer beyond 64 bits, and a mapping with a key that is no text, is empty, holds a
    NUL, or begins with a dollar, by which drivers know references.
    """
    if _is_mapping(value):
        pairs = value.items()
        if all(_is_plain(key) for key, _ in pairs):
            return {key: _escaped(each) for key, each in pairs}
        return {ESCAPED: [[_escaped(key), _escaped(each)] for key, each in pairs]}
    if _is_list(value):
        return [_escaped(each) for each in value]
    if isinstance(value, int) and value not in INT64:
        return {ESCAPED: str(value)}
    return value


def _is_plain(key: object) -> bool:
    return isinstance(key, str) and key != "" and key[0] != "$" and "\0" not in key


def unescaped(value: Any) -> Any:
    """The value as it was before it was given stand-ins."""
    if _is_list(value):
        return [unescaped(each) for each in value]
    if not _is_mapping(value):
        return value
    found: dict[str, Any] = value
    if ESCAPED not in found:
        return {key: unescaped(each) for key, each in found.items()}
    inside = found[ESCAPED]
    if isinstance(inside, str):
        return int(inside)
    return {unescaped(key): unescaped(each) for key, each in inside}
