"""The events of a stream, for those whom the aggregate names."""

from typing import Any

import pytest

from eventlog.outcome import Unavailable
from tests.api.schema.client import ANN, BOB, NOBODY, Client
from tests.api.schema.fakes import recorded

HISTORY = """
query History($stream: ID!, $afterVersion: Int, $first: Int) {
  history(stream: $stream, afterVersion: $afterVersion, first: $first) {
    edges { cursor node { version } }
    nodes { stream version at data }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
STREAM = "thing-0190-a"


def client(viewer: Any = ANN, events: int = 3) -> Client:
    made = Client(viewer)
    made.services.dispatcher.streams[STREAM] = [
        recorded(STREAM, version, b'{"price":"1.50"}') for version in range(1, events + 1)
    ]
    return made


async def test_a_history_begins_with_the_oldest_event() -> None:
    data = await client().ask(HISTORY, stream=STREAM, first=2)

    history = data["history"]
    assert history["nodes"][0] == {
        "stream": STREAM,
        "version": 1,
        "at": "2026-10-18T09:30:00Z",
        "data": {"price": "1.50"},
    }
    assert history["edges"] == [
        {"cursor": "1", "node": {"version": 1}},
        {"cursor": "2", "node": {"version": 2}},
    ]
    assert history["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": "1",
        "endCursor": "2",
    }


async def test_a_history_goes_on_after_a_version() -> None:
    data = await client().ask(HISTORY, stream=STREAM, afterVersion=2)

    assert [each["version"] for each in data["history"]["nodes"]] == [3]
    assert data["history"]["pageInfo"]["hasNextPage"] is False
    assert data["history"]["pageInfo"]["hasPreviousPage"] is True


async def test_the_id_of_an_aggregate_is_enough() -> None:
    data = await client().ask(HISTORY, stream="0190-a")

    assert len(data["history"]["nodes"]) == 3


@pytest.mark.parametrize("stream", ["thing-none", "none", "thing-", "-", "other-0190-a"])
async def test_a_stream_that_is_not_there_is_empty(stream: str) -> None:
    data = await client().ask(HISTORY, stream=stream)

    assert data["history"]["nodes"] == []


@pytest.mark.parametrize(
    ("viewer", "stream", "code"),
    [
        (NOBODY, STREAM, "UNAUTHENTICATED"),
        (NOBODY, "0190-a", "UNAUTHENTICATED"),
        (BOB, STREAM, "FORBIDDEN"),
        (BOB, "0190-a", "FORBIDDEN"),
        (ANN, "audit-1", "FORBIDDEN"),
    ],
)
async def test_the_history_is_for_those_whom_the_aggregate_names(
    viewer: Any, stream: str, code: str
) -> None:
    assert (await client(viewer).refused(HISTORY, stream=stream))[0] == code


@pytest.mark.parametrize(
    ("variables", "code", "way"),
    [
        ({"stream": ""}, "BAD_USER_INPUT", "stream "),
        ({"stream": "thing-" + "x" * 201}, "BAD_USER_INPUT", "stream "),
        ({"stream": "a\x00"}, "BAD_USER_INPUT", "stream "),
        ({"stream": STREAM, "afterVersion": -1}, "BAD_USER_INPUT", "afterVersion "),
        ({"stream": STREAM, "first": 0}, "BAD_USER_INPUT", "first "),
        ({"stream": STREAM, "first": 501}, "LIMIT_EXCEEDED", "first "),
    ],
)
async def test_wrong_arguments_are_refused(variables: dict[str, Any], code: str, way: str) -> None:
    found, message = await client().refused(HISTORY, **variables)

    assert found == code
    assert message.startswith(way)


async def test_the_longest_id_has_a_history() -> None:
    data = await client().ask(HISTORY, stream="thing-" + "x" * 200)

    assert data["history"]["nodes"] == []


async def test_a_log_that_is_away_is_a_fault() -> None:
    asking = client()

    async def away(stream: str, after_version: int, first: int) -> Any:
        raise Unavailable("the log is away")

    asking.services.dispatcher.history = away  # type: ignore[method-assign]

    assert (await asking.refused(HISTORY, stream=STREAM))[0] == "UNAVAILABLE"
