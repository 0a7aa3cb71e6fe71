"""How the server is: whether it lives, whether each part is ready, and what it counts."""

from collections.abc import Callable, Mapping

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from api.metrics import Metrics

__all__ = ["Health", "Readiness"]

Readiness = Callable[[], Mapping[str, Mapping[str, object]]]
"""Gives each part with at least `ready`, a bool, and whatever else says how it is."""


class Health:
    """The three answers for whoever operates the server."""

    def __init__(self, readiness: Readiness, metrics: Metrics) -> None:
        self._readiness = readiness
        self._metrics = metrics

    async def live(self, request: Request) -> Response:
        """200 as long as the process answers at all."""
        del request
        return _json({"live": True}, 200)

    async def ready(self, request: Request) -> Response:
        """200 once every part is ready, 503 with the parts before and after."""
        del request
        parts = self._readiness()
        is_ready = all(part.get("ready") is True for part in parts.values())
        return _json({"ready": is_ready, "parts": parts}, 200 if is_ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format."""
        del request
        return Response(self._metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _json(body: object, status: int) -> Response:
    return Response(
        msgspec.json.encode(body, enc_hook=str),
        status,
        {"cache-control": "no-store"},
        "application/json",
    )
