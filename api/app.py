"""The server as one ASGI application: every route with what it needs, and nothing connected yet."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute

from api.auth import Authenticator
from api.connections import Connections
from api.execution import Operations
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


def create_app(
    schema: GraphQLSchema,
    settings: Settings,
    authenticator: Authenticator,
    services: object,
    *,
    root: object = None,
    lifespan: Lifespan | None = None,
    readiness: Readiness | None = None,
    metrics: Metrics | None = None,
    tokens: Tokens | None = None,
    default_query: str = "",
    static: Path | None = None,
) -> Starlette:
    """The application; `state.connections` and `state.metrics` are for whoever runs it.

    `services` is what resolvers find as `info.context.services`, `root` the root value. `tokens`
    are shown on the GraphiQL page in development mode and never else.
    """
    counted = metrics or Metrics()
    connections = Connections(settings.connections_max, counted)
    operations = Operations(schema, settings, root)
    directory = static or static_directory()
    endpoint = HttpEndpoint(
        operations=operations,
        authenticator=authenticator,
        settings=settings,
        services=services,
        metrics=counted,
        streaming=EventStreams(
            operations=operations, connections=connections, settings=settings, metrics=counted
        ),
        page=GraphiqlPage(
            directory,
            path=PATH,
            default_query=default_query,
            tokens=tokens if settings.development else None,
        ),
    )
    socket = WebSocketEndpoint(
        operations=operations,
        authenticator=authenticator,
        connections=connections,
        settings=settings,
        services=services,
        metrics=counted,
    )
    health = Health(readiness or _always_ready, counted)
    app = Starlette(
        routes=[
            Route(PATH, endpoint),
            WebSocketRoute(PATH, socket),
            Route("/", index_page),
            Route("/health/live", health.live),
            Route("/health/ready", health.ready),
            Route("/metrics", health.metrics),
            Mount("/static", static_files(directory)),
        ],
        middleware=[Middleware(LoopbackOnly)] if settings.development else [],
        lifespan=lifespan or _nothing,
    )
    app.state.connections = connections
    app.state.metrics = counted
    return app


def _always_ready() -> Mapping[str, Mapping[str, object]]:
    return {"api": {"ready": True}}


@asynccontextmanager
async def _nothing(app: Starlette) -> AsyncGenerator[None]:
    del app
    yield
