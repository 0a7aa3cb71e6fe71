"""Event streams that go on where they were cut: each change has its cursor as the event's id."""

import json
import socket
import struct
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest

from tests.serving import Json, ProcessServer, delete_documents, running_server
from tests.shop import Shop
from tests.streaming import Event, streamed
from tests.subscribing import LiveMap

CHANGES = """subscription($where: ProductFilter, $since: Cursor) {
  productChanges(where: $where, since: $since) {
    cursor reset more entered { id price } changed { id price } left } }"""
WITHOUT_CURSOR = """subscription($where: ProductFilter) {
  all: productChanges(where: $where) { reset entered { id price } } }"""

on_the_shared_server = pytest.mark.asyncio(loop_scope="session")


def fresh(length: int = 12) -> tuple[str, Json]:
    """What the ids of a test's own products begin with, and variables that ask for these alone."""
    tag = uuid4().hex[:length]
    return tag, {"where": {"category": {"eq": "music"}, "id": {"startsWith": tag}}}


def changes(event: Event) -> Json:
    """The changes in an event, whose id is their cursor."""
    message: Json = event.data["data"]["productChanges"]
    assert event.id == message["cursor"]
    return message


@on_the_shared_server
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_stream_goes_on_after_the_last_event_that_was_seen(shop: Shop, method: str) -> None:
    seen, (tag, own) = LiveMap(), fresh()
    kept, changed, added = f"{tag}-kept", f"{tag}-changed", f"{tag}-added"
    await shop.list(kept)
    await shop.list(changed)
    async with streamed(shop.server, CHANGES, own, method=method) as events:
        while len(seen.documents) < 2:
            seen.apply(changes(await anext(events)))
    await shop.do("repriceProduct", {"product": changed, "price": "11.00"})
    await shop.list(added)
    last_id = seen.cursor
    async with streamed(shop.server, CHANGES, own, last_id=last_id, method=method) as events:
        while added not in seen.documents:
            seen.apply(changes(await anext(events)))
        await shop.do("repriceProduct", {"product": kept, "price": "12.00"})
        seen.apply(changes(await anext(events)))
    prices = {id: each["price"] for id, each in seen.documents.items()}
    assert prices == {kept: "12.00", changed: "11.00", added: "10.00"}
    assert (seen.resets, seen.oddities) == (1, [])


@on_the_shared_server
async def test_the_id_is_there_though_the_operation_does_not_ask_for_the_cursor(shop: Shop) -> None:
    tag, own = fresh()
    first, second = f"{tag}-first", f"{tag}-second"
    await shop.list(first)
    await shop.product(first)
    async with streamed(shop.server, WITHOUT_CURSOR, own) as events:
        begun = await anext(events)
    assert begun.data["data"]["all"]["reset"] is True
    await shop.list(second)
    async with streamed(shop.server, WITHOUT_CURSOR, own, last_id=begun.id) as events:
        then = await anext(events)
    message = then.data["data"]["all"]
    assert [each["id"] for each in message["entered"]] == [second]
    assert message["reset"] is False
    assert then.id not in (None, begun.id)


@on_the_shared_server
async def test_the_last_event_id_wins_over_since_as_it_is_the_newer(shop: Shop) -> None:
    cursors, (tag, own) = list[str](), fresh()
    products = [f"{tag}-first", f"{tag}-second"]
    async with streamed(shop.server, CHANGES, own) as events:
        cursors.append(changes(await anext(events))["cursor"])
        for product in products:
            await shop.list(product)
            cursors.append(changes(await anext(events))["cursor"])
    start, first, _ = cursors
    variables = {**own, "since": start}
    async with streamed(shop.server, CHANGES, variables, last_id=first) as events:
        message = changes(await anext(events))
    assert [each["id"] for each in message["entered"]] == products[1:]
    async with streamed(shop.server, CHANGES, variables, last_id="") as events:
        message = changes(await anext(events))
    assert [each["id"] for each in message["entered"]] == products


@on_the_shared_server
async def test_a_last_event_id_that_is_no_cursor_is_refused_as_such_a_since_is(shop: Shop) -> None:
    async with streamed(shop.server, CHANGES, last_id="nonsense") as events:
        refused, last = [each async for each in events]
    assert refused.data["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (refused.id, last.name) == (None, "complete")


@on_the_shared_server
async def test_what_has_no_cursor_has_no_id_and_a_last_event_id_changes_nothing(shop: Shop) -> None:
    for query in ('subscription { product(id: "1") { id } }', "{ products { totalCount } }"):
        async with streamed(shop.server, query, last_id="nonsense") as events:
            event = await anext(events)
        assert "errors" not in event.data
        assert event.id is None


async def test_an_event_whose_history_is_gone_starts_over(tmp_path: Path) -> None:
    seen = LiveMap()
    async with running_server(tmp_path / "data") as server:
        await Shop(server).list("disc")
        async with streamed(server, CHANGES) as events:
            seen.apply(changes(await anext(events)))
        await server.terminate()
    delete_documents(tmp_path / "data")
    async with (
        running_server(tmp_path / "data") as server,
        streamed(server, CHANGES, last_id=seen.cursor) as events,
    ):
        seen.apply(changes(await anext(events)))
    assert (list(seen.documents), seen.resets) == (["disc"], 2)


@on_the_shared_server
@pytest.mark.parametrize("seed", range(2))
async def test_a_stream_cut_at_any_byte_goes_on_without_a_gap_or_a_repeat(
    shop: Shop, seed: int
) -> None:
    """The ids are short, so that some events are whole by the cut."""
    seen, (tag, own) = LiveMap(), fresh(length=5)
    last_id: str | None = None
    for at in range(25):
        await shop.list(f"{tag}{at}")
        after_bytes = 150 + (at * 97 + seed * 53) % 700
        for event in _cut(shop.server, own, last_id, after_bytes):
            seen.apply(changes(event))
            last_id = event.id
    while len(seen.documents) < 25:
        async with streamed(shop.server, CHANGES, own, last_id=last_id) as events:
            event = await anext(events)
            seen.apply(changes(event))
            last_id = event.id
    assert (seen.resets, seen.oddities) == (1, [])


def _cut(
    server: ProcessServer, variables: Json, last_id: str | None, after_bytes: int
) -> list[Event]:
    """The events that were whole when so many bytes had come; then the connection is reset."""
    address = urlsplit(server.url)
    query = urlencode({"query": CHANGES, "variables": json.dumps(variables)})
    header = "" if last_id is None else f"Last-Event-ID: {last_id}\r\n"
    found = b""
    with socket.create_connection((address.hostname, address.port), timeout=1.0) as connection:
        connection.sendall(
            f"GET /graphql?{query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Accept: text/event-stream\r\n{header}\r\n".encode()
        )
        connection.settimeout(0.2)
        try:
            while len(found) < after_bytes:
                found += connection.recv(after_bytes - len(found))
        except TimeoutError:
            pass  # nothing more has changed
        reset = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    return _whole(found)


def _whole(found: bytes) -> list[Event]:
    events: list[Event] = []
    for block in found.decode().split("\r\n\r\n", 1)[-1].split("\n\n")[:-1]:
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, _, value = line.partition(": ")
            fields[name] = value
        if "data" in fields:
            events.append(Event(fields["event"], fields["id"], json.loads(fields["data"])))
    return events
