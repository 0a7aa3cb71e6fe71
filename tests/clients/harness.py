"""Real clients for the tests: npm's graphql-ws, Apollo's and urql's, and a browser.

All run as Node processes of their own, with a deadline, and end with the test. A test that
cannot have its client is skipped with a sentence that says how to get it; under CI it fails.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

__all__ = [
    "Json",
    "Messages",
    "event_source",
    "given",
    "graphql_ws",
    "node",
    "run_browser",
    "run_graphql_ws",
    "run_persisted",
]

HERE = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LINE_BYTES_MAX = 16 * 1024 * 1024
GRACE_S = 10.0
"""What a client gets beyond its own deadline, to say that it passed."""

Json = dict[str, Any]


class Messages:
    """What a client prints, line by line: see the head of its script for the shape."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines

    async def next(self, timeout_s: float = 10.0) -> Json:
        """The next line. Raises TimeoutError after `timeout_s`, EOFError after the last."""
        async with asyncio.timeout(timeout_s):
            line = await self._lines.readline()
        if not line:
            raise EOFError("the client has ended and says no more")
        message: Json = json.loads(line)
        return message

    async def rest(self, timeout_s: float = 10.0) -> list[Json]:
        """Every further line until the client ends. Raises TimeoutError after `timeout_s`."""
        async with asyncio.timeout(timeout_s):
            return [json.loads(line) async for line in self._lines]


@asynccontextmanager
async def graphql_ws(
    url: str,
    query: str,
    *,
    token: str | None = None,
    connection_params: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    count: int | None = None,
    retries: int = 0,
    timeout_s: float = 10.0,
) -> AsyncGenerator[Messages]:
    """One operation through npm's graphql-ws, its messages as they come.

    The client stops by itself after `count` results or after `timeout_s`; leaving ends it too.
    """
    job = {
        "url": url,
        "query": query,
        "token": token,
        "connectionParams": connection_params,
        "variables": variables,
        "count": count,
        "retryAttempts": retries,
        "timeoutMs": timeout_s * 1000,
    }
    async with _client("graphql_ws_client.mjs", job) as messages:
        yield messages


async def run_graphql_ws(
    url: str,
    query: str,
    *,
    token: str | None = None,
    connection_params: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    count: int | None = None,
    retries: int = 0,
    timeout_s: float = 10.0,
) -> list[Json]:
    """One operation through npm's graphql-ws: all its messages, once it has ended."""
    conversation = graphql_ws(
        url,
        query,
        token=token,
        connection_params=connection_params,
        variables=variables,
        count=count,
        retries=retries,
        timeout_s=timeout_s,
    )
    async with conversation as messages:
        return await messages.rest(timeout_s + GRACE_S)


async def run_persisted(
    client: str,
    url: str,
    operations: Sequence[Json],
    *,
    socket_url: str | None = None,
    token: str | None = None,
    get: bool = False,
    timeout_s: float = 60.0,
) -> list[Json]:
    """Operations one after another through "apollo" or "urql", which send hashes first.

    Gives for each `data`, `codes`, `messages` and `sent`: what went over the wire for it.
    """
    job = {
        "client": client,
        "url": url,
        "socketUrl": socket_url,
        "token": token,
        "get": get,
        "operations": list(operations),
    }
    async with _client("persisted_client.mjs", job) as messages:
        said = await messages.rest(timeout_s)
    assert len(said) == len(operations), said
    return said


async def run_browser(
    url: str,
    *,
    query: str,
    mutation: str,
    subscription: str,
    pushes: int = 3,
    role: str | None = None,
    headers: Mapping[str, str] | None = None,
    screenshot: Path | None = None,
    timeout_s: float = 60.0,
) -> Json:
    """GraphiQL at `url` in a browser: a query, then a subscription that the mutation wakes.

    Gives `query`, `mutations`, `pushes`, `console` and `requests_elsewhere`. Raises
    AssertionError where the browser did not get to the end.
    """
    job = {
        "url": url,
        "chromium": _browser(),
        "query": query,
        "mutation": mutation,
        "subscription": subscription,
        "pushes": pushes,
        "role": role,
        "headers": headers,
        "screenshot": None if screenshot is None else str(screenshot),
        "timeoutMs": timeout_s * 1000,
    }
    async with _client("graphiql_browser.mjs", job) as messages:
        # Its deadline holds for each step; together they get a few of them.
        result = await messages.next(timeout_s * 3)
    assert "failed" not in result, result
    return result


@asynccontextmanager
async def event_source(url: str, page: str) -> AsyncGenerator[Messages]:
    """A browser's EventSource of `url`, made on a page of its origin: what it is told, as it is."""
    job = {"url": url, "page": page, "chromium": _browser()}
    async with _client("event_source_browser.mjs", job) as messages:
        yield messages


@asynccontextmanager
async def _client(script: str, job: Json) -> AsyncGenerator[Messages]:
    async with node(script) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(given(job)).encode())
        process.stdin.close()
        yield Messages(process.stdout)


@asynccontextmanager
async def node(script: str, *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A script of this folder as a process, which ends with the context."""
    process = await asyncio.create_subprocess_exec(
        _node(),
        str(HERE / script),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        await _end(process)


def given(job: Json) -> Json:
    """A job without what is left to the script."""
    return {key: value for key, value in job.items() if value is not None}


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends the client with whatever it started: they share a process group."""
    for harder in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, harder)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await process.wait()
                return


def _node() -> str:
    if not (HERE / "node_modules" / "graphql-ws").is_dir():
        _without("the npm clients are not installed; run `make setup`")
    found = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    return found or _without("there is no Node; run `make setup`")


def _browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or _without("there is no chromium; on Debian: apt-get install chromium")


def _without(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
