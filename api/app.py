"""The server as one ASGI application: every route with what it needs, and nothing connected yet."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Authenticator
from api.connections import Connections
from api.execution import Operations
from api.gateway import Gateway
from api.guard import LoopbackOnly
from api.health import Health, Readiness
from api.http import HttpEndpoint
from api.metrics import Metrics
from api.pages import GraphiqlPage, Tokens, index_page, static_directory, static_files
from api.settings import Settings
from api.sse import EventStreams
from api.websocket import WebSocketEndpoint

__all__ = ["PATH", "Lifespan", "create_app"]

PATH = "/graphql"
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


class _App(Starlette):
    """Starlette, with a shorter way to its endpoint for what is nearly every request."""

    def __init__(self, endpoint: ASGIApp, **given: Any) -> None:
        super().__init__(**given)
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(
    operations: Operations,
    settings: Settings,
    authenticator: Authenticator,
    services: object,
    *,
    lifespan: Lifespan | None = None,
    readiness: Readiness | None = None,
    metrics: Metrics | None = None,
    tokens: Tokens | None = None,
    default_query: str = "",
    static: Path | None = None,
) -> Starlette:
    """The application; `state.connections` and `state.metrics` are for whoever runs it.

    `services` is what resolvers find as `info.context.services`. `tokens` are shown on the
    GraphiQL page in development mode and never else.
    """
    metrics = metrics or Metrics()
    directory = static or static_directory()
    gateway = Gateway(
        operations=operations,
        authenticator=authenticator,
        connections=Connections(settings.connections_max, metrics),
        settings=settings,
        services=services,
        metrics=metrics,
    )
    shown = tokens if settings.development else None
    page = GraphiqlPage(directory, path=PATH, default_query=default_query, tokens=shown)
    endpoint = HttpEndpoint(gateway, streaming=EventStreams(gateway), page=page)
    app = _App(
        LoopbackOnly(endpoint) if settings.development else endpoint,
        routes=[
            Route(PATH, endpoint),
            WebSocketRoute(PATH, WebSocketEndpoint(gateway)),
            Route("/", index_page),
            *_health(Health(readiness or _always_ready, metrics)),
            Mount("/static", static_files(directory)),
        ],
        middleware=[Middleware(LoopbackOnly)] if settings.development else [],
        lifespan=lifespan,
    )
    app.state.connections = gateway.connections
    app.state.metrics = metrics
    return app


def create_watched_app(settings: Settings, readiness: Readiness, metrics: Metrics) -> Starlette:
    """The application of a process that is not asked anything but how it is."""
    app = Starlette(
        routes=_health(Health(readiness, metrics)),
        middleware=[Middleware(LoopbackOnly)] if settings.development else [],
    )
    app.state.connections = Connections(settings.connections_max, metrics)
    app.state.metrics = metrics
    return app


def _health(health: Health) -> list[Route]:
    return [
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
        Route("/metrics", health.metrics),
    ]


def _always_ready() -> Mapping[str, Mapping[str, object]]:
    return {"api": {"ready": True}}
