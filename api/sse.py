"""GraphQL over server-sent events, in distinct connections: a stream for each operation.

Each result is an event `next`, the end an event `complete`; comments keep the stream alive. When
the token expires, a last `next` says so. When the server stops, the stream ends without
`complete`, so that the client connects again.

Changes of a set carry their cursor as the event's `id`. A client that connects again sends it as
`Last-Event-ID`, and goes on after it though its operation is as it was at first.
"""

import asyncio
from contextlib import ExitStack, aclosing
from typing import Any

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api.aborting import abort
from api.context import Place, Request
from api.errors import BAD_USER_INPUT, UNAUTHENTICATED, Fault, shown_exception
from api.execution import Planned, RequestError, Result, errors_only
from api.gateway import Gateway
from api.http import Call, Refused

__all__ = ["EventStreams"]

END_S = 1.0
COMPLETE = b"event: complete\ndata: \n\n"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventStreams:
    """Serves one operation as a stream of events, in a place among the connections."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(
        self, call: Call, request: Request[Any], receive: Receive, send: Send, scope: Scope
    ) -> None:
        """Streams until the operation, the session, the client or the server ends.

        Raises `Refused` where the stream may not start.
        """
        planned = self._planned(call, scope["method"] == "GET")
        last_id = call.headers.get(b"last-event-id", b"").decode("latin-1")
        request.place = Place(after=last_id or None)
        stream = _Stream(self._gateway, planned, request)
        with ExitStack() as places:
            try:
                places.enter_context(self._gateway.connections.place("sse", stream.leave))
            except Fault as fault:
                raise Refused(503, fault, {"Retry-After": "5"}) from None
            await stream.run(receive, send, scope)

    def _planned(self, call: Call, is_get: bool) -> Planned | RequestError:
        try:
            planned = self._gateway.operations.plan(call.params)
        except RequestError as error:
            return error
        if is_get and planned.kind is OperationType.MUTATION:
            fault = Fault(BAD_USER_INPUT, "A mutation must be sent by POST")
            raise Refused(405, fault, {"Allow": "POST"})
        return planned


class _Gone(Exception):
    """The client has gone."""


class _Stream:
    def __init__(
        self, gateway: Gateway, planned: Planned | RequestError, request: Request[Any]
    ) -> None:
        self._gateway = gateway
        self._planned = planned
        self._request = request
        self._deadline: asyncio.Timeout | None = None
        self._leaving = False
        self._gone = False
        self._sending = asyncio.Lock()

    def leave(self) -> None:
        """Ends the stream now, without `complete`."""
        self._leaving = True
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time())

    async def run(self, receive: Receive, send: Send, scope: Scope) -> None:
        """Streams to the end, whichever comes first."""
        self._send = send
        expired = False
        try:
            async with (
                asyncio.timeout(self._request.session.remaining_s) as self._deadline,
                asyncio.TaskGroup() as tasks,
            ):
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                others = [tasks.create_task(_watch(receive)), tasks.create_task(self._beat())]
                await self._results()
                for each in others:
                    each.cancel()
        except* _Gone:
            self._gone = True
        except* TimeoutError:
            expired = not self._leaving
        self._deadline = None
        if not self._gone:
            await self._end(scope, expired)

    async def _results(self) -> None:
        with self._gateway.metrics.operations.track_inprogress():
            try:
                await self._operate()
            except _Gone:
                raise
            except RequestError as error:
                await self._next(errors_only(error.errors))
            except Exception as error:
                await self._next(errors_only([shown_exception(error)]))
            await self._write(COMPLETE)

    async def _operate(self) -> None:
        planned, request = self._planned, self._request
        if isinstance(planned, RequestError):
            raise planned
        if planned.kind is not OperationType.SUBSCRIPTION:
            await self._next(await self._gateway.operations.execute(planned, request))
            return
        async with aclosing(self._gateway.operations.subscribe(planned, request)) as results:
            async for each in results:
                await self._next(each, None if request.place is None else request.place.cursor)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._gateway.settings.heartbeat_s)
            await self._write(b":\n\n")

    async def _next(self, result: Result, cursor: str | None = None) -> None:
        """Sends a result; one with errors has no id, so that a client may ask for it again."""
        self._gateway.metrics.count_errors(result.codes)
        id_ = b"" if cursor is None or result.codes else b"id: " + cursor.encode() + b"\n"
        await self._write(b"event: next\n" + id_ + b"data: " + result.body + b"\n\n")

    async def _write(self, data: bytes, *, more: bool = True) -> None:
        """Sends once the client has taken most of what was sent before."""
        async with self._sending:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def _end(self, scope: Scope, expired: bool) -> None:
        """Ends the response, and says that the token has expired; cuts a client that stalls."""
        try:
            async with asyncio.timeout(END_S):
                if expired:
                    fault = Fault(UNAUTHENTICATED, "The token has expired")
                    await self._next(errors_only([fault.formatted]))
                    await self._write(COMPLETE)
                await self._write(b"", more=False)
        except TimeoutError:
            abort(scope)
            await self._write(b"", more=False)


async def _watch(receive: Receive) -> None:
    """Returns never; raises `_Gone` when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
    raise _Gone
