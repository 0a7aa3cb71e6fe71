"""GraphQL over HTTP: POST and GET, by the specification of graphql.github.io/graphql-over-http."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api.context import Request, Session, traceparent_in
from api.deadlines import Deadlines
from api.errors import BAD_USER_INPUT, LIMIT_EXCEEDED, TIMEOUT, UNAUTHENTICATED, UNAVAILABLE, Fault
from api.execution import Params, Planned, RequestError, Result, decode_params, errors_only
from api.gateway import Gateway
from api.negotiation import Media, is_json, negotiate
from api.whole import whole_of

__all__ = ["Call", "HttpEndpoint", "Refused", "send_result"]

STATUS = {UNAUTHENTICATED: 401, UNAVAILABLE: 503, TIMEOUT: 408}
LINGER_S = 2.0
LINGER_BYTES_MAX = 8 * 1024 * 1024
_LINES = {
    media: [
        (b"content-type", f"{media.value}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    for media in Media
}
_HEADS = {
    media: b"".join(b"%s: %s\r\n" % line for line in lines) for media, lines in _LINES.items()
}
MEMBERS = ("query", "operationName", "variables", "extensions", "documentId")


class Refused(Exception):
    """The request ends with this status and error, before anything of it is executed."""

    def __init__(self, status: int, fault: Fault, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(fault.message)
        self.status = status
        self.fault = fault
        self.headers = dict(headers or {})


class Call(msgspec.Struct, frozen=True):
    """A request that is understood: who asks, for what, and in which form."""

    session: Session
    params: Params
    media: Media
    headers: Mapping[bytes, bytes]


Streaming = Callable[[Call, Request[Any], Receive, Send, Scope], Awaitable[None]]


class HttpEndpoint:
    """Answers requests at one path; event streams and the page are handed on."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        streaming: Streaming,
        page: Callable[[Scope, Receive, Send], Awaitable[None]],
    ) -> None:
        self._gateway = gateway
        self._streaming = streaming
        self._page = page
        self._deadlines = Deadlines(gateway.settings.receive_timeout_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        media = negotiate(_text(headers, b"accept"))
        is_get = scope["method"] == "GET"
        if is_get and media is Media.PAGE:
            await self._page(scope, receive, send)
            return
        started = time.perf_counter()
        kind, status = "none", 500
        try:
            call = await self._understand(scope, receive, headers, media)
            request = Request(
                call.session, self._gateway.services, traceparent_in(_text(headers, b"traceparent"))
            )
            if call.media is Media.EVENTS:
                kind, status = "stream", 200
                await self._streaming(call, request, receive, send, scope)
            else:
                kind, status = await self._answer(call, request, scope, send)
        except Refused as refused:
            status = refused.status
            await self._refuse(refused, media, receive, send)
        finally:
            seconds = None if kind == "stream" else time.perf_counter() - started
            self._gateway.metrics.count_request(kind, status, seconds)

    async def _understand(
        self,
        scope: Scope,
        receive: Receive,
        headers: Mapping[bytes, bytes],
        media: Media | None,
    ) -> Call:
        """Everything that is checked before the document is looked at. Raises `Refused`."""
        method: str = scope["method"]
        if method not in ("GET", "POST"):
            raise _refused(
                405, f"{method} is not accepted here, POST and GET are", Allow="GET, POST"
            )
        if media is None or (media is Media.PAGE and method == "POST"):
            raise _refused(406, f"Accept one of {', '.join(each.value for each in Media)}")
        if method == "POST" and not is_json(_text(headers, b"content-type")):
            raise _refused(415, "Content-Type must be application/json, in UTF-8")
        try:
            session = await self._gateway.authenticator.authenticate(_authorization(scope))
        except Fault as fault:
            challenge = {"WWW-Authenticate": "Bearer"} if fault.code == UNAUTHENTICATED else {}
            raise Refused(STATUS[fault.code], fault, challenge) from None
        try:
            if method == "GET":
                params = _params_of_url(scope["query_string"])
            else:
                params = decode_params(await self._body(scope, headers, receive))
        except Fault as fault:
            raise Refused(400, fault) from None
        return Call(session, params, media, headers)

    async def _body(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive
    ) -> bytes | bytearray:
        at_most = self._gateway.settings.body_bytes_max
        declared = _text(headers, b"content-length") or "0"
        if declared.isdecimal() and int(declared[:20]) > at_most:
            raise _too_long(at_most)
        whole = whole_of(scope)
        body = None if whole is None else whole.body(scope)
        if body is not None:
            if len(body) > at_most:
                raise _too_long(at_most)
            return body
        chunks: list[bytes] = []
        size = 0
        try:
            with self._deadlines.begin():
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _refused(400, "The request was cut")
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    if size > at_most:
                        raise _too_long(at_most)
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            raise _refused(408, "The request's body did not arrive in time") from None

    async def _answer(
        self, call: Call, request: Request[Any], scope: Scope, send: Send
    ) -> tuple[str, int]:
        kind, status = "none", 200
        try:
            planned = self._gateway.operations.plan(call.params)
            kind = planned.kind.value
            _check_method(planned, scope["method"] == "GET")
            result = await self._gateway.operations.execute(planned, request)
        except RequestError as error:
            result = errors_only(error.errors)
            status = 200 if call.media is Media.JSON else 400
        self._gateway.metrics.count_errors(result.codes)
        whole = whole_of(scope) if status == 200 else None
        if whole is None or not whole.answer(scope, _HEADS[call.media], result.body):
            await send_result(send, status, call.media, result)
        return kind, status

    async def _refuse(
        self, refused: Refused, media: Media | None, receive: Receive, send: Send
    ) -> None:
        result = errors_only([refused.fault.formatted])
        self._gateway.metrics.count_errors(result.codes)
        form = Media.GRAPHQL if media is Media.GRAPHQL else Media.JSON
        if refused.status in (408, 413):
            refused.headers["Connection"] = "close"
            await send_result(send, refused.status, form, result, refused.headers, more=True)
            await _linger(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await send_result(send, refused.status, form, result, refused.headers)


async def send_result(
    send: Send,
    status: int,
    media: Media,
    result: Result,
    headers: Mapping[str, str] | None = None,
    *,
    more: bool = False,
) -> None:
    """Answers with a result; `more` leaves the end of the response to the caller."""
    lines = [*_LINES[media], (b"content-length", str(len(result.body)).encode())]
    if headers:
        lines += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": result.body, "more_body": more})


async def _linger(receive: Receive) -> None:
    """Reads on for a while, so that a client still sending gets to see the answer."""
    size = 0
    try:
        async with asyncio.timeout(LINGER_S):
            while size < LINGER_BYTES_MAX:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _check_method(planned: Planned, is_get: bool) -> None:
    if planned.kind is OperationType.SUBSCRIPTION:
        message = "A subscription needs Accept: text/event-stream, or a WebSocket"
        raise RequestError([Fault(BAD_USER_INPUT, message).formatted])
    if is_get and planned.kind is OperationType.MUTATION:
        raise _refused(405, "A mutation must be sent by POST", Allow="POST")


def _params_of_url(query_string: bytes) -> Params:
    """The parameters in a URL; `variables` and `extensions` are JSON there."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=100,
            errors="strict",
        )
        given: dict[str, Any] = {name: value for name, value in pairs if name in MEMBERS and value}
        for name in ("variables", "extensions"):
            if name in given:
                given[name] = msgspec.json.decode(given[name])
        return msgspec.convert(given, Params)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise Fault(BAD_USER_INPUT, f"The URL's parameters are wrong: {error}") from None


def _authorization(scope: Scope) -> str | None:
    """The header `Authorization`; several are as wrong as a malformed one."""
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    return ", ".join(each.decode("latin-1") for each in values) if values else None


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _too_long(at_most: int) -> Refused:
    message = f"The request is longer than {at_most} bytes (body_bytes_max)"
    return Refused(413, Fault(LIMIT_EXCEEDED, message, limit="body_bytes_max", max=at_most))


def _refused(status: int, message: str, **headers: str) -> Refused:
    return Refused(status, Fault(BAD_USER_INPUT, message), headers)
