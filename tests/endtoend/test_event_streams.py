"""Event streams that go on where they were cut: each change has its cursor as the event's id."""

import json
import socket
import struct
from pathlib import Path
from urllib.parse import urlencode, urlsplit

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
MUSIC = {"category": {"eq": "music"}}


def changes(event: Event) -> Json:
    """The changes in an event, whose id is their cursor."""
    message: Json = event.data["data"]["productChanges"]
    assert event.id == message["cursor"]
    return message


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_stream_goes_on_after_the_last_event_that_was_seen(
    server: ProcessServer, method: str
) -> None:
    shop, seen = Shop(server), LiveMap()
    await shop.list("kept")
    await shop.list("changed")
    variables = {"where": MUSIC}
    async with streamed(server, CHANGES, variables, method=method) as events:
        while len(seen.documents) < 2:
            seen.apply(changes(await anext(events)))
    await shop.do("repriceProduct", {"product": "changed", "price": "11.00"})
    await shop.list("added")
    last_id = seen.cursor
    async with streamed(server, CHANGES, variables, last_id=last_id, method=method) as events:
        while "added" not in seen.documents:
            seen.apply(changes(await anext(events)))
        await shop.do("repriceProduct", {"product": "kept", "price": "12.00"})
        seen.apply(changes(await anext(events)))
    prices = {id: each["price"] for id, each in seen.documents.items()}
    assert prices == {"kept": "12.00", "changed": "11.00", "added": "10.00"}
    assert (seen.resets, seen.oddities) == (1, [])


async def test_the_id_is_there_though_the_operation_does_not_ask_for_the_cursor(
    server: ProcessServer,
) -> None:
    shop = Shop(server)
    await shop.list("first")
    await shop.product("first")
    async with streamed(server, WITHOUT_CURSOR) as events:
        begun = await anext(events)
    assert begun.data["data"]["all"]["reset"] is True
    await shop.list("second")
    async with streamed(server, WITHOUT_CURSOR, last_id=begun.id) as events:
        then = await anext(events)
    message = then.data["data"]["all"]
    assert [each["id"] for each in message["entered"]] == ["second"]
    assert message["reset"] is False
    assert then.id not in (None, begun.id)


async def test_the_last_event_id_wins_over_since_as_it_is_the_newer(server: ProcessServer) -> None:
    shop, cursors = Shop(server), list[str]()
    async with streamed(server, CHANGES) as events:
        cursors.append(changes(await anext(events))["cursor"])
        for product in ("first", "second"):
            await shop.list(product)
            cursors.append(changes(await anext(events))["cursor"])
    start, first, _ = cursors
    async with streamed(server, CHANGES, {"since": start}, last_id=first) as events:
        message = changes(await anext(events))
    assert [each["id"] for each in message["entered"]] == ["second"]
    async with streamed(server, CHANGES, {"since": start}, last_id="") as events:
        message = changes(await anext(events))
    assert [each["id"] for each in message["entered"]] == ["first", "second"]


async def test_a_last_event_id_that_is_no_cursor_is_refused_as_such_a_since_is(
    server: ProcessServer,
) -> None:
    async with streamed(server, CHANGES, last_id="nonsense") as events:
        refused, last = [each async for each in events]
    assert refused.data["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (refused.id, last.name) == (None, "complete")


async def test_what_has_no_cursor_has_no_id_and_a_last_event_id_changes_nothing(
    server: ProcessServer,
) -> None:
    for query in ('subscription { product(id: "1") { id } }', "{ products { totalCount } }"):
        async with streamed(server, query, last_id="nonsense") as events:
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


@pytest.mark.parametrize("seed", range(2))
async def test_a_stream_cut_at_any_byte_goes_on_without_a_gap_or_a_repeat(
    server: ProcessServer, seed: int
) -> None:
    shop, seen = Shop(server), LiveMap()
    last_id: str | None = None
    for at in range(25):
        await shop.list(f"disc-{at}")
        for event in _cut(server, last_id, after_bytes=150 + (at * 97 + seed * 53) % 700):
            seen.apply(changes(event))
            last_id = event.id
    while len(seen.documents) < 25:
        async with streamed(server, CHANGES, last_id=last_id) as events:
            seen.apply(changes(await anext(events)))
    assert (seen.resets, seen.oddities) == (1, [])


def _cut(server: ProcessServer, last_id: str | None, after_bytes: int) -> list[Event]:
    """The events that were whole when so many bytes had come; then the connection is reset."""
    address = urlsplit(server.url)
    query = urlencode({"query": CHANGES})
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
