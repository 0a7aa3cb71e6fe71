"""What every protocol works with: one set of parts for HTTP, WebSocket and event streams."""

from dataclasses import dataclass

from api.auth import Authenticator
from api.connections import Connections
from api.execution import Operations
from api.metrics import Metrics
from api.settings import Settings

__all__ = ["Gateway"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The parts that the protocols share; `services` is handed on to the resolvers."""

    operations: Operations
    authenticator: Authenticator
    connections: Connections
    settings: Settings
    services: object
    metrics: Metrics
