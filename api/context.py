"""What a resolver is given besides its arguments: who asks, and the services that answer."""

import re
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from domain.rules import Viewer

__all__ = ["ANONYMOUS", "Follows", "Place", "Request", "Session", "traceparent_in"]

Services = TypeVar("Services")

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks, until when; one without a token never ends."""

    viewer: Viewer
    expires_at: datetime | None = None

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the session ends, negative once it has; None where it never does."""
        if self.expires_at is None:
            return None
        return (self.expires_at - datetime.now(UTC)).total_seconds()


ANONYMOUS = Session(Viewer())


class Follows(Protocol):
    """What a subscription has read through links, each followed until the next push."""

    def follow(
        self, followed: Callable[[Callable[[], None]], AbstractContextManager[None]]
    ) -> None:
        """`followed` is given what it is to call with every change, until it is left."""
        ...


@dataclass(slots=True)
class Place:
    """Where a client stands in the changes of a set, as the transport keeps it for the client."""

    after: str | None = None
    """The cursor that the client has come to; it wins over what its operation says."""
    cursor: str | None = None
    """The cursor of the changes that were pushed last."""


class Request(msgspec.Struct, Generic[Services]):
    """The context of one operation: `info.context` in a resolver."""

    session: Session
    services: Services
    traceparent: str | None = None
    links: Follows | None = None
    """What follows the links of a subscription, where it has any."""
    place: Place | None = None
    """The client's place in the changes of a set, where the transport keeps it."""
    sent: dict[str, str] = {}
    """The ids of commands that were handed on, by their mutations' keys."""
    done: dict[str, Any] = {}
    """What mutations came to, by their keys: nothing is done twice for one request."""
    late: dict[Hashable, Exception] = {}
    """By documents and positions: what was waited for in vain, and is not waited for twice."""


def traceparent_in(text: object) -> str | None:
    """The W3C trace context in a header or an extension; None where it is not well formed."""
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) else None
