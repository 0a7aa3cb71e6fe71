"""Pages for people: GraphiQL with what it has to know, an index, and the static files."""

import asyncio
import html
import importlib.resources
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["GraphiqlPage", "Tokens", "WithHeaders", "index_page", "static_files"]

Tokens = Callable[[], Mapping[str, str]]
"""Gives a ready token for each role, freshly signed; in development only."""

PLACEHOLDER = "__HEADRACE_CONFIG__"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
PLACES = (
    ("/graphql", "GraphiQL", "write queries, mutations and subscriptions"),
    ("/health/live", "Live", "whether the process answers"),
    ("/health/ready", "Ready", "whether each part is ready"),
    ("/metrics", "Metrics", "what the server counts, for Prometheus"),
)


class GraphiqlPage:
    """The query page, told where the API is and, in development, with a token for each role."""

    def __init__(
        self, static: Path, *, path: str, default_query: str = "", tokens: Tokens | None = None
    ) -> None:
        self._template = static / "graphiql" / "index.html"
        self._path = path
        self._default_query = default_query
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        try:
            template = await asyncio.to_thread(self._template.read_text, "utf-8")
        except OSError:
            response = HTMLResponse("GraphiQL is not built; run `make graphiql`", 503)
        else:
            page = template.replace(PLACEHOLDER, self._config())
            response = HTMLResponse(page, headers={"cache-control": "no-store", **SECURITY})
        await response(scope, receive, send)

    def _config(self) -> str:
        """The page's settings as JSON that cannot end the element it stands in."""
        tokens = dict(self._tokens()) if self._tokens else None
        first = next(iter(tokens.values()), None) if tokens else None
        headers = {"Authorization": f"Bearer {first}"}
        config = {
            "path": self._path,
            "defaultHeaders": msgspec.json.encode(headers).decode() if first else None,
            "defaultQuery": self._default_query,
            "tokens": tokens,
        }
        text = msgspec.json.encode(config).decode()
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class WithHeaders:
    """Adds headers to each response of an application."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self._app(scope, receive, send_with)


def static_directory() -> Path:
    """Where the package keeps its static files."""
    return Path(str(importlib.resources.files("api"))) / "static"


def static_files(directory: Path) -> ASGIApp:
    """The files of a directory, asked for again each time but sent only when changed."""
    files = StaticFiles(directory=directory, check_dir=False)
    return WithHeaders(files, {"cache-control": "no-cache", **SECURITY})


async def index_page(request: Request) -> Response:
    """A plain page that says where things are."""
    del request
    entries = "\n".join(
        f'<li><a href="{html.escape(path)}">{html.escape(name)}</a> {html.escape(about)}</li>'
        for path, name, about in PLACES
    )
    return HTMLResponse(INDEX.replace("ENTRIES", entries), headers=SECURITY)


INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headrace</title>
<link rel="icon" href="/static/graphiql/favicon.svg" type="image/svg+xml">
<style>
:root { color-scheme: light dark; font: 17px/1.6 system-ui, sans-serif; }
body { max-width: 34rem; margin: 12vh auto 0; padding: 0 1.5rem; }
h1 { margin: 0; font-size: 2rem; letter-spacing: -0.02em; }
p { margin: 0.25rem 0 2rem; opacity: 0.75; }
ul { list-style: none; padding: 0; }
li { padding: 0.6rem 0; border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
a { display: inline-block; min-width: 7rem; font-weight: 600; color: inherit; }
</style>
</head>
<body>
<h1>Headrace</h1>
<p>A GraphQL backend whose every read model is live.</p>
<ul>
ENTRIES
</ul>
</body>
</html>
"""
