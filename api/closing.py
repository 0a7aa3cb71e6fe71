"""How a socket ends: the close codes, and the exception that carries one through a task group."""

from collections.abc import Sequence
from enum import IntEnum

__all__ = ["CloseCode", "Closed", "first_of"]

REASON_BYTES_MAX = 123


class CloseCode(IntEnum):
    """Why the server closes a socket. From 4000 on the codes are the protocol's own.

    A client should connect again after 1012, 1013, 4403 (with another token) and 4408; the others
    say that it is wrong itself. Whoever is cut for not reading, or for answering no ping, sees
    1006, and should connect again too: no close frame could reach it in time.
    """

    TOO_BIG = 1009
    """A message is longer than `body_bytes_max`."""
    RESTART = 1012
    """The server is stopping."""
    TRY_AGAIN_LATER = 1013
    """All places are taken (`connections_max`), or the keys for tokens cannot be fetched."""
    BAD_REQUEST = 4400
    """A message that the protocol does not know."""
    UNAUTHORIZED = 4401
    """An operation before the acknowledgement."""
    FORBIDDEN = 4403
    """The token is bad, or has just expired."""
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    """The client speaks another protocol."""
    INITIALISATION_TIMEOUT = 4408
    """No `connection_init` within `connection_init_timeout_s`."""
    SUBSCRIBER_EXISTS = 4409
    """The id of an operation that still runs."""
    TOO_MANY_INITIALISATIONS = 4429
    """A second `connection_init`."""
    INTERNAL = 4500
    """The server has failed; its log says how."""


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
