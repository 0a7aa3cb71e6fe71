"""Which media type answers a request, by its `Accept`, and whether its `Content-Type` is JSON."""

from enum import Enum
from functools import lru_cache

__all__ = ["Media", "is_json", "negotiate"]

ACCEPT_CHARS_MAX = 1000


class Media(Enum):
    """A form that an answer can take."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"
    PAGE = "text/html"


_BY_RANGE = {
    "application/graphql-response+json": Media.GRAPHQL,
    "application/json": Media.JSON,
    "text/event-stream": Media.EVENTS,
    "text/html": Media.PAGE,
    "application/xhtml+xml": Media.PAGE,
    "application/*": Media.GRAPHQL,
    "*/*": Media.JSON,
}


@lru_cache(maxsize=128)
def negotiate(accept: str | None) -> Media | None:
    """The acceptable form of highest quality, the first of equals; None where there is none.

    Without `Accept` the GraphQL media type answers, as the specification has it since 2025;
    to `*/*`, which is what clients send that never thought of it, plain JSON does.
    """
    if accept is None or not accept.strip():
        return Media.GRAPHQL
    best: Media | None = None
    best_quality = 0.0
    for each in accept[:ACCEPT_CHARS_MAX].lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        media = _BY_RANGE.get(name)
        quality = _quality(parameters)
        if media is not None and quality > best_quality and _is_utf8(parameters):
            best, best_quality = media, quality
    return best


@lru_cache(maxsize=128)
def is_json(content_type: str | None) -> bool:
    """Whether a body is JSON in UTF-8; a browser sends that across origins only if allowed to."""
    name, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    return name == Media.JSON.value and _is_utf8(parameters)


def _quality(parameters: list[str]) -> float:
    for each in parameters:
        if each.startswith("q="):
            try:
                return float(each[2:])
            except ValueError:
                return 0.0
    return 1.0


def _is_utf8(parameters: list[str]) -> bool:
    """Whether no other character set is asked for."""
    charsets = [each[8:].strip('"') for each in parameters if each.startswith("charset=")]
    return all(each in ("utf-8", "utf8") for each in charsets)
