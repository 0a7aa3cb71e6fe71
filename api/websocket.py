"""GraphQL over WebSocket: the protocol graphql-transport-ws, in the words of its PROTOCOL.md.

The client opens with `connection_init`, within a time, and is acknowledged. Then each `subscribe`
starts an operation under the client's id: `next` for each result, `complete` at its end, or
`error`, which is the end too. Either side may `complete` and `ping`. A breach of the protocol
closes the socket with the code that the protocol names for it.

One task reads, one pings, and each operation has its own; a task group owns them all, so that
nothing outlives the socket. An operation asks its source for the next result only when the last
one is taken: a slow client has nothing queued here, and one that stalls is cut by the server.
"""

import asyncio
import logging
from contextlib import aclosing
from typing import Any

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api import messages
from api.aborting import abort
from api.closing import CloseCode, Closed, first_of
from api.context import ANONYMOUS, Request, traceparent_in
from api.errors import LIMIT_EXCEEDED, UNAUTHENTICATED, Fault, error_code, shown_exception
from api.execution import Live, RequestError, Result
from api.frames import frames_of
from api.gateway import Gateway
from api.messages import Complete, ConnectionInit, Message, Ping, Pong, Subscribe
from api.pushing import Push
from api.schema.asking import answered

__all__ = ["WebSocketEndpoint"]

CLOSE_S = 1.0
_log = logging.getLogger("headrace.websocket")


class WebSocketEndpoint:
    """Serves the sockets of one path."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        await receive()
        is_spoken = messages.SUBPROTOCOL in scope.get("subprotocols", ())
        subprotocol = messages.SUBPROTOCOL if is_spoken else None
        await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
        socket = _Socket(self._gateway, scope, receive, send)
        if not is_spoken:
            code = CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE
            await socket.close(Closed(code, "Subprotocol not acceptable"))
            return
        try:
            with self._gateway.connections.place("websocket", socket.leave):
                await socket.run()
        except Fault as fault:
            await socket.close(Closed(CloseCode.TRY_AGAIN_LATER, fault.message))


class _Socket:
    def __init__(self, gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
        self._gateway = gateway
        self._settings = gateway.settings
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._session = ANONYMOUS
        self._acknowledged = False
        self._leaving = False
        self._sending = asyncio.Lock()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._alive = 0
        self._frames = frames_of(scope)
        self._end = Closed(CloseCode.INITIALISATION_TIMEOUT, "Connection initialisation timeout")

    def leave(self) -> None:
        """Closes the socket now, since the server stops; the client may connect again."""
        self._end_at(0.0, Closed(CloseCode.RESTART, "The server is stopping"))
        self._leaving = True

    async def run(self) -> None:
        """Serves the socket to its end."""
        end: Closed | None = None
        try:
            async with (
                asyncio.timeout(self._settings.connection_init_timeout_s) as self._deadline,
                asyncio.TaskGroup() as self._tasks,
            ):
                await self._read()
        except* Closed as group:
            end = first_of(group)
        except* TimeoutError:
            end = self._end
        except* Exception as group:
            _log.error("A socket failed", exc_info=group)
            end = Closed(CloseCode.INTERNAL, "Internal server error")
        self._leaving = True
        await self.close(end or Closed())

    async def close(self, end: Closed) -> None:
        """Tells the client why, if it reads; a client that does not is cut."""
        if end.code is None:
            return
        self._gateway.metrics.closes.labels(str(int(end.code))).inc()
        message = {"type": "websocket.close", "code": int(end.code), "reason": end.reason}
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._send(message)
        except TimeoutError:
            abort(self._scope)
        except OSError:
            pass

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                raise Closed
            text = message.get("text")
            if text is None:
                raise Closed(CloseCode.BAD_REQUEST, "Messages must be text frames")
            if len(text) > self._settings.body_bytes_max:
                raise Closed(CloseCode.TOO_BIG, "The message is too big")
            try:
                read = messages.decode(text)
            except ValueError as error:
                raise Closed(CloseCode.BAD_REQUEST, f"Invalid message: {error}") from None
            await self._handle(read)

    async def _handle(self, message: Message) -> None:
        match message:
            case ConnectionInit():
                await self._initialise(message.payload or {})
            case Ping():
                await self._write(messages.pong(message.payload))
            case Pong():
                pass
            case Subscribe():
                await self._subscribe(message)
            case Complete():
                await self._complete(message.id)

    async def _initialise(self, payload: dict[str, Any]) -> None:
        if self._acknowledged:
            raise Closed(CloseCode.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
        try:
            self._session = await self._gateway.authenticator.authenticate(
                self._authorization(payload)
            )
        except Fault as fault:
            if fault.code == UNAUTHENTICATED:
                raise Closed(CloseCode.FORBIDDEN, f"Forbidden: {fault.message}") from None
            raise Closed(CloseCode.TRY_AGAIN_LATER, fault.message) from None
        self._acknowledged = True
        expired = Closed(CloseCode.FORBIDDEN, "Forbidden: token expired")
        self._end_at(self._session.remaining_s, expired)
        await self._write(messages.ack())
        if self._settings.ping_interval_s > 0:
            self._tasks.create_task(self._ping())

    def _authorization(self, payload: dict[str, Any]) -> str | None:
        """The bearer token in the payload, else the one in the handshake's header."""
        for name in ("Authorization", "authorization"):
            value = payload.get(name)
            if value is not None:
                return str(value)
        header = self._headers.get(b"authorization")
        return None if header is None else header.decode("latin-1")

    async def _subscribe(self, message: Subscribe) -> None:
        if not self._acknowledged:
            raise Closed(CloseCode.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            reason = f"Subscriber for {message.id} already exists"
            raise Closed(CloseCode.SUBSCRIBER_EXISTS, reason)
        at_most = self._settings.subscriptions_per_connection_max
        if self._alive >= at_most:
            limit = "subscriptions_per_connection_max"
            text = f"A connection runs at most {at_most} operations at once ({limit})"
            fault = Fault(LIMIT_EXCEEDED, text, limit=limit, max=at_most)
            await self._fail(message.id, [fault.formatted])
            return
        self._alive += 1
        task = self._operations[message.id] = self._tasks.create_task(self._run(message))
        task.add_done_callback(self._has_ended)  # also of one that is cancelled before it begins

    def _has_ended(self, _task: asyncio.Task[None]) -> None:
        self._alive -= 1

    async def _complete(self, operation_id: str) -> None:
        task = self._operations.pop(operation_id, None)
        if task is None:
            return  # it has just ended by itself, or never was: the protocol lets both pass
        task.cancel()
        await asyncio.wait({task}, timeout=self._settings.send_timeout_s)
        if not task.done():
            raise Closed(CloseCode.INTERNAL, "An operation did not stop")

    async def _run(self, message: Subscribe) -> None:
        """Runs an operation to its end; only a socket that must close gets out of here."""
        failed = await self._outcome(message)
        if self._operations.get(message.id) is asyncio.current_task():
            del self._operations[message.id]  # once the client knows, it may use the id again
        if failed is None:
            await self._write(messages.complete(message.id))
        else:
            await self._fail(message.id, failed)

    async def _outcome(self, message: Subscribe) -> list[dict[str, Any]] | None:
        """The errors that an operation ends with; None where it completes."""
        try:
            with self._gateway.metrics.operations.track_inprogress():
                await self._operate(message)
        except Closed:
            raise
        except RequestError as error:
            return error.errors
        except Exception as error:
            return [shown_exception(error)]
        return None

    async def _operate(self, message: Subscribe) -> None:
        operations, params = self._gateway.operations, message.payload
        planned = operations.plan(params)
        traceparent = (params.extensions or {}).get("traceparent")
        request = Request(self._session, self._gateway.services, traceparent_in(traceparent))
        if planned.kind is not OperationType.SUBSCRIPTION:
            await self._next(message.id, await operations.execute(planned, request))
            return
        live = operations.live(planned, request) if self._frames else None
        if live is not None:
            await self._push(message.id, live)
            return
        async with aclosing(operations.subscribe(planned, request)) as results:
            async for each in results:
                await self._next(message.id, each)

    async def _push(self, operation_id: str, live: Live) -> None:
        """Pushes what is followed until the operation is ended, or something fails."""
        assert self._frames is not None
        push = Push(live, self._frames, messages.next_head(operation_id))
        try:
            with live.used(), (await live.opened())(wake=push.wake) as follower:
                await answered(follower.begin())
                push.begin(follower)
                try:
                    while True:
                        await self._next(operation_id, await live.told(await answered(push.odd())))
                        push.go_on()
                finally:
                    push.end()
        except Fault as fault:
            await self._next(operation_id, await live.told(fault))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._settings.ping_interval_s)
            await self._write(messages.ping())

    async def _next(self, operation_id: str, result: Result) -> None:
        self._gateway.metrics.count_errors(result.codes)
        await self._write(messages.next_result(operation_id, result))

    async def _fail(self, operation_id: str, entries: list[dict[str, Any]]) -> None:
        self._gateway.metrics.count_errors(tuple(error_code(each) for each in entries))
        await self._write(messages.error(operation_id, entries))

    async def _write(self, text: str) -> None:
        """Sends once the client has taken most of what was sent before."""
        try:
            async with self._sending:
                await self._send({"type": "websocket.send", "text": text})
        except OSError:
            raise Closed from None

    def _end_at(self, after_s: float | None, end: Closed) -> None:
        """Ends the socket so many seconds from now, None for never, for the reason given."""
        if self._leaving or self._deadline.expired():
            return
        self._end = end
        now = asyncio.get_running_loop().time()
        self._deadline.reschedule(None if after_s is None else now + after_s)
