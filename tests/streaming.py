"""An honest client of GraphQL over event streams: the events of one operation, as they stand."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from tests.serving import Json, ProcessServer

__all__ = ["Event", "streamed"]


@dataclass(frozen=True)
class Event:
    """One event as it stands in the stream."""

    name: str
    id: str | None
    data: Json


async def _events(response: httpx.Response) -> AsyncGenerator[Event]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "event" in fields:
            yield Event(fields["event"], fields.get("id"), json.loads(fields["data"] or "null"))
        fields = {}


@asynccontextmanager
async def streamed(
    server: ProcessServer,
    query: str,
    variables: Mapping[str, object] | None = None,
    *,
    token: str | None = None,
    last_id: str | None = None,
    method: str = "POST",
) -> AsyncGenerator[AsyncGenerator[Event]]:
    """The events of an operation, asked for after the last of them that was seen."""
    headers = {"Accept": "text/event-stream"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    body = {"query": query, "variables": dict(variables or {})}
    if method == "GET":
        coded = urlencode({"query": query, "variables": json.dumps(body["variables"])})
        asked = server.http.stream("GET", f"/graphql?{coded}", headers=headers)
    else:
        asked = server.http.stream("POST", "/graphql", json=body, headers=headers)
    async with asked as response, aclosing(_events(response)) as events:
        assert response.status_code == 200
        yield events
