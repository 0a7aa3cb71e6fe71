"""A server from its start to its end: engine, schema and sockets, drained in the right order."""

import asyncio
import gc
import logging
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from api.app import create_app, create_watched_app
from api.auth import Authenticator, authenticator_from
from api.execution import Operations
from api.first_query import first_query
from api.metrics import Metrics
from api.observing import observe, readiness_of
from api.runtime import Runtime, embedded
from api.schema import Limits, core, derive
from api.server import Server, create_server
from api.settings import Settings
from eventlog.dispatcher import Dispatcher
from readmodels.composition import Model
from readmodels.documents import Documents

READY_WAIT_S = 2.0
"""How long the sockets wait for the documents, so that a quick start begins with all of them."""
YOUNG_OBJECTS_MAX = 10_000
"""How many new objects may wait for the collector: what is made for one batch is gone before."""
SWITCH_INTERVAL_S = 0.0005
"""The threads of the databases want the interpreter for microseconds, many times a commit."""
DEVELOPMENT_TOKEN_LIFE = timedelta(days=30)

_logger = logging.getLogger("headrace")


class CannotListen(Exception):
    """The address to listen on is taken, or is none of this machine."""


@dataclass(frozen=True)
class Services:
    """What the resolvers call."""

    documents: Documents
    dispatcher: Dispatcher


async def serve(model: Model, settings: Settings) -> None:
    """Serve the model until a signal says to stop, then finish what was begun.

    Raises DirectoryTaken, FileDamaged, ShapeChanged, CompositionError, SettingsError,
    CannotListen, Unusable.
    """
    schema = derive(model, Limits(page_length_max=settings.page_max))
    authenticator = authenticator_from(settings)
    is_asked = "api" in settings.parts_named
    # A list of operations that does not fit is said before anything is opened.
    operations = Operations(core(schema), settings) if is_asked else None
    async with _engine(model, settings) as runtime:
        metrics = Metrics()
        observe(runtime, metrics.registry)
        if operations is not None:
            app = create_app(
                operations,
                settings,
                authenticator,
                Services(runtime.documents, runtime.dispatcher),
                readiness=readiness_of(runtime),
                metrics=metrics,
                tokens=partial(development_tokens, model, authenticator),
                default_query=first_query(core(schema), model),
            )
            await _until_built(runtime)
        else:
            app = create_watched_app(settings, readiness_of(runtime), metrics)
        settle()
        shown = settings.development and is_asked
        tokens = development_tokens(model, authenticator) if shown else {}
        await _serve_until_stopped(create_server(app, settings), tokens, is_asked)
        _logger.info("Stopping: commands taken in are finished")
    _logger.info("Stopped")


def settle() -> None:
    """Fit the interpreter to a server that has made all that lives as long as it does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def _engine(model: Model, settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    if settings.kafka is not None:
        from api.distributed import distributed  # its clients are a fifth of the start without it

        return distributed(model, settings)
    return embedded(
        model,
        settings.data,
        deadline_s=settings.command_deadline_s,
        wait_s=settings.wait_s_max,
    )


def development_tokens(model: Model, authenticator: Authenticator) -> dict[str, str]:
    """A token for each role that the model names, and one for all of them."""
    roles = sorted(model.roles)
    tokens = {"everything": authenticator.sign("developer", roles, DEVELOPMENT_TOKEN_LIFE)}
    for role in roles:
        tokens[role] = authenticator.sign(f"{role}-1", [role], DEVELOPMENT_TOKEN_LIFE)
    return tokens


async def _until_built(runtime: Runtime) -> None:
    try:
        async with asyncio.timeout(READY_WAIT_S):
            for shown in runtime.model.shown.values():
                await runtime.feed.until_built(shown.collection)
    except TimeoutError:
        _logger.info("Documents are being built; those that are not ready answer UNAVAILABLE")


async def _serve_until_stopped(server: Server, tokens: Mapping[str, str], is_asked: bool) -> None:
    announcing = asyncio.create_task(_announce(server, tokens, is_asked))
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way to say so; it has logged why
        host, port = server.config.host, server.config.port
        raise CannotListen(
            f"cannot listen on {host}, port {port}: stop whoever does, "
            "or choose another one with --host and --port"
        ) from None
    finally:
        announcing.cancel()


async def _announce(server: Server, tokens: Mapping[str, str], is_asked: bool) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn sets no event
        await asyncio.sleep(0.02)
    if tokens:
        print("Development mode: no key is configured, so these tokens are valid here:")
        for role, token in tokens.items():
            print(f"  {role}: {token}")
    for address in server.addresses:
        where = f"GraphiQL at {address}/graphql" if is_asked else "only its health and metrics"
        print(f"Headrace serves at {address} ({where})", flush=True)
