"""Who asks and what answers: the request behind a resolver, its rules, and the faults of ports."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

from api.context import Request
from api.errors import (
    BAD_USER_INPUT,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    TIMEOUT,
    UNAUTHENTICATED,
    UNAVAILABLE,
    Fault,
)
from domain.rules import Owner, Rule, Viewer, admits, alternatives
from eventlog.dispatcher import Dispatcher
from eventlog.outcome import Overdue, Unavailable
from readmodels.documents import BadCursor, Documents, NotReady, TooLate, TooMany

__all__ = ["Services", "answered", "asked", "pushed", "require", "require_sight"]

T = TypeVar("T")


class Services(Protocol):
    """What the resolvers call; `info.context.services` is one."""

    @property
    def documents(self) -> Documents: ...

    @property
    def dispatcher(self) -> Dispatcher: ...


def asked(info: Any) -> Request[Services]:
    """The request that a resolver works for."""
    request: Request[Services] = info.context
    return request


def require(rule: Rule | None, viewer: Viewer, what: str) -> None:
    """Raises the Fault that tells the viewer why `what` is not for them, where it is not."""
    if not admits(rule, viewer):
        raise _refusal(viewer, what)


def require_sight(rule: Rule, viewer: Viewer, what: str) -> None:
    """As `require`, but lets everyone in who may own some of the documents."""
    if admits(rule, viewer):
        return
    if viewer.subject is None or not any(isinstance(each, Owner) for each in alternatives(rule)):
        raise _refusal(viewer, what)


def _refusal(viewer: Viewer, what: str) -> Fault:
    if viewer.subject is None:
        return Fault(UNAUTHENTICATED, f"Sign in for {what}")
    return Fault(FORBIDDEN, f"None of your roles may have {what}")


_FAULTS = (TooLate, NotReady, BadCursor, TooMany, Overdue, Unavailable)
_CODES: dict[type[Exception], str] = {
    TooLate: TIMEOUT,
    NotReady: UNAVAILABLE,
    BadCursor: BAD_USER_INPUT,
    TooMany: LIMIT_EXCEEDED,
    Overdue: TIMEOUT,
    Unavailable: UNAVAILABLE,
}
_SENTENCES: dict[type[Exception], str] = {
    TooLate: "The documents were not as far as `atLeast` in time; ask again",
    NotReady: "The documents are being built; ask again later",
    BadCursor: "The cursor is none that was given out for this; start without one",
    TooMany: "The set is too large to be watched; narrow `where`",
}


def _fault(error: Exception) -> Fault:
    """The fault as the client is told of it."""
    kind = next(each for each in _FAULTS if isinstance(error, each))
    message = str(error) or _SENTENCES.get(kind, "The server cannot answer now")
    command_id = getattr(error, "command_id", None)
    if command_id is None:
        return Fault(_CODES[kind], message)
    return Fault(_CODES[kind], message, commandId=command_id)


async def answered(reading: Awaitable[T]) -> T:
    """What a port answers. Raises Fault where it does not."""
    try:
        return await reading
    except _FAULTS as error:
        raise _fault(error) from error


async def pushed(source: AsyncGenerator[T, None]) -> AsyncGenerator[T | Fault, None]:
    """What a port pushes, and at last the fault that ended it, if one did.

    A fault that is given on, rather than raised, reaches the client with its path and code: as
    the value of a field it is raised by the execution. Closing this closes the source.
    """
    async with aclosing(source):
        try:
            async for each in source:
                yield each
        except _FAULTS as error:
            yield _fault(error)
