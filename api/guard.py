"""In development only this machine may ask: a page elsewhere must not reach the API through DNS."""

from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from api.settings import is_loopback

__all__ = ["LoopbackOnly"]

BODY = b'{"errors":[{"message":"In development the host must be localhost or 127.0.0.1","extensions":{"code":"FORBIDDEN"}}]}'  # noqa: E501 - one literal


class LoopbackOnly:
    """Refuses requests and sockets whose `Host`, or a socket's `Origin`, is not loopback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan" or _is_local(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": "Forbidden"})
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(BODY)).encode()),
        ]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})


def _is_local(scope: Scope) -> bool:
    named: dict[bytes, list[bytes]] = {b"host": [], b"origin": []}
    for name, value in scope["headers"]:
        if name in named:
            named[name].append(value)
    hosts = ["//" + each.decode("latin-1") for each in named[b"host"]]
    origins = [each.decode("latin-1") for each in named[b"origin"]]
    if scope["type"] == "http":
        origins = []  # across origins a browser shows no answer, and mutations need a preflight
    return len(hosts) == 1 and all(_names_loopback(each) for each in hosts + origins)


@lru_cache(maxsize=1024)
def _names_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname
    except ValueError:
        return False
    return host is not None and is_loopback(host)
