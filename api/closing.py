"""How a socket ends: the close codes, and the exception that carries one through a task group."""

from collections.abc import Sequence
from enum import IntEnum

__all__ = ["CloseCode", "Closed", "first_of"]

REASON_BYTES_MAX = 123


class CloseCode(IntEnum):
    """Why the server closes a socket. From 4000 on the codes are the protocol's own."""

    GOING_AWAY = 1001
    TOO_BIG = 1009
    RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALISATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITIALISATIONS = 4429
    INTERNAL = 4500


class Closed(Exception):
    """The socket ends here; without a code there is nobody to be told."""

    def __init__(self, code: CloseCode | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


def first_of(group: BaseExceptionGroup[Closed]) -> Closed:
    """What closed the socket: of several, one with a code."""
    found = _leaves(group.exceptions)
    return next((each for each in found if each.code is not None), found[0])


def _leaves(errors: Sequence[Closed | BaseExceptionGroup[Closed]]) -> list[Closed]:
    found: list[Closed] = []
    for each in errors:
        found += [each] if isinstance(each, Closed) else _leaves(each.exceptions)
    return found
