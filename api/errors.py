"""Faults and how an error is shown: a code and a sentence, never what Python said."""

import logging
import secrets
from types import TracebackType
from typing import Any

from graphql import GraphQLError

__all__ = [
    "BAD_USER_INPUT",
    "FORBIDDEN",
    "INTERNAL",
    "LIMIT_EXCEEDED",
    "TIMEOUT",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "Fault",
    "error_code",
    "shown",
    "shown_exception",
    "shown_request_error",
]

BAD_USER_INPUT = "BAD_USER_INPUT"
UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
TIMEOUT = "TIMEOUT"
UNAVAILABLE = "UNAVAILABLE"
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
INTERNAL = "INTERNAL"
TOOK_TOO_LONG = "The operation took too long"
_CODES = frozenset(
    (BAD_USER_INPUT, UNAUTHENTICATED, FORBIDDEN, TIMEOUT, UNAVAILABLE, LIMIT_EXCEEDED, INTERNAL)
)

_log = logging.getLogger("headrace.api")


class Fault(Exception):
    """An error that the client is told of, with a code and further `extensions`."""

    def __init__(self, code: str, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions: dict[str, object] = {"code": code, **extensions}

    @property
    def formatted(self) -> dict[str, Any]:
        """The fault as an entry of `errors`."""
        return {"message": self.message, "extensions": self.extensions}


def error_code(error: dict[str, Any]) -> str:
    """The code of a shown error."""
    return str(error.get("extensions", {}).get("code", INTERNAL))


def shown_request_error(error: GraphQLError) -> dict[str, Any]:
    """An error of a document or its variables, as the client sees it."""
    return _with_code(error, error.message, {"code": BAD_USER_INPUT})


def shown(error: GraphQLError) -> dict[str, Any]:
    """An error of a field, as the client sees it: a fault whole, anything else as INTERNAL."""
    cause = _cause(error)
    if isinstance(cause, Fault):
        return _with_code(error, cause.message, cause.extensions)
    if isinstance(cause, TimeoutError):
        return _with_code(error, TOOK_TOO_LONG, {"code": TIMEOUT})
    if isinstance(cause, GraphQLError):
        extensions = cause.extensions or {}
        if extensions.get("code") in _CODES:
            return _with_code(error, cause.message, extensions)
        if _is_about_arguments(cause):
            return _with_code(error, cause.message, {"code": BAD_USER_INPUT})
    return _with_code(error, *_hidden(cause))


def shown_exception(error: BaseException) -> dict[str, Any]:
    """An exception outside any field, as the client sees it."""
    if isinstance(error, Fault):
        return error.formatted
    if isinstance(error, GraphQLError):
        return shown(error)
    if isinstance(error, TimeoutError):
        return {"message": TOOK_TOO_LONG, "extensions": {"code": TIMEOUT}}
    message, extensions = _hidden(error)
    return {"message": message, "extensions": extensions}


def _hidden(error: BaseException) -> tuple[str, dict[str, object]]:
    error_id = secrets.token_hex(8)
    _log.error("Unexpected error %s", error_id, exc_info=error)
    return (
        f"Something went wrong here; report it as {error_id}",
        {"code": INTERNAL, "errorId": error_id},
    )


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def _with_code(error: GraphQLError, message: str, extensions: dict[str, object]) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [
            {"line": each.line, "column": each.column} for each in error.locations
        ]
    if error.path:
        formatted["path"] = error.path
    formatted["extensions"] = extensions
    return formatted


def _is_about_arguments(error: BaseException) -> bool:
    """Whether graphql-core raised the error while it read a field's arguments.

    It uses one exception class for a client's wrong argument and for a resolver's wrong result;
    only the place tells them apart.
    """
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "graphql.execution.values":
            return True
        trace = trace.tb_next
    return False
