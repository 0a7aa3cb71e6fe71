"""The shape of a document class: what must not change under one version of its projection."""

from typing import Any

import msgspec


def shape_of(document: type[Any]) -> str:
    """The fields as JSON schema, without the sentences: to say it better changes no document."""
    schema = msgspec.json.schema(document)
    for definition in schema["$defs"].values():
        definition.pop("title", None)
        definition.pop("description", None)
    return msgspec.json.encode(schema).decode()
