"""Apollo's and urql's own clients send hashes in place of queries, and fall back as they should."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.harness import Json, run_persisted
from tests.serving import ProcessServer, running_server

LIST = """
mutation List($product: ID!) {
  listProduct(input: {
    product: $product, name: "A record", category: "music", price: "14.99", stock: 5
  }) { __typename ... on Accepted { id } ... on Rejected { code } }
}"""
SHOW = "query Show($product: ID!) { product(id: $product) { id available } }"
WATCH = "subscription Watch($product: ID!) { product(id: $product) { id available } }"
OTHER = "query Other { products { totalCount } }"
CLIENTS = pytest.mark.parametrize("client", ["apollo", "urql"])

LIST_DISC = {"query": LIST, "variables": {"product": "disc"}}
SHOW_DISC = {"query": SHOW, "variables": {"product": "disc"}}
WATCH_DISC = {"query": WATCH, "variables": {"product": "disc"}}


async def run(server: ProcessServer, client: str, *operations: Json, **more: Any) -> list[Json]:
    token = server.token("clerk-1", "clerk")
    url, socket_url = f"{server.url}/graphql", server.socket_url
    return await run_persisted(client, url, operations, socket_url=socket_url, token=token, **more)


def forms(said: Json) -> list[str]:
    """How the document of an operation went over the wire, request by request."""
    return [
        f"{each['by']} {'hash' if each['hash'] else ''}{'text' if each['query'] else ''}"
        for each in said["sent"]
    ]


def is_shown(said: Json) -> bool:
    product = said["data"]["product"]
    return (product["id"], product["available"], said["codes"]) == ("disc", 5, [])


@CLIENTS
async def test_a_client_sends_a_text_once_and_then_its_hash(
    server: ProcessServer, client: str
) -> None:
    listed, shown, again = await run(server, client, LIST_DISC, SHOW_DISC, SHOW_DISC)
    assert listed["data"]["listProduct"]["id"] == "disc"
    assert forms(listed) == forms(shown) == ["POST hash", "POST hashtext"]
    assert forms(again) == ["POST hash"]
    assert is_shown(shown)
    assert is_shown(again)
    (other,) = await run(server, client, SHOW_DISC)
    assert forms(other) == ["POST hash"]
    assert is_shown(other)


@CLIENTS
async def test_a_client_may_name_a_query_by_get(server: ProcessServer, client: str) -> None:
    _, shown, again = await run(server, client, LIST_DISC, SHOW_DISC, SHOW_DISC, get=True)
    assert forms(shown)[0] == forms(again)[0] == "GET hash"
    assert forms(again) == ["GET hash"]
    assert is_shown(shown)
    assert is_shown(again)


async def test_urql_names_a_subscription_over_a_socket(server: ProcessServer) -> None:
    _, watched, again = await run(server, "urql", LIST_DISC, WATCH_DISC, WATCH_DISC)
    assert forms(watched) == ["socket hash", "socket hashtext"]
    assert forms(again) == ["socket hash"]
    assert is_shown(watched)
    assert is_shown(again)


@CLIENTS
async def test_a_client_sends_texts_alone_where_hashes_are_turned_off(
    tmp_path: Path, client: str
) -> None:
    async with running_server(tmp_path / "data", PERSISTED_QUERIES="off") as server:
        _, shown, again = await run(server, client, LIST_DISC, SHOW_DISC, SHOW_DISC)
    assert is_shown(shown)
    assert is_shown(again)
    assert forms(again) == ["POST text"]


@pytest.mark.parametrize(("client", "form"), [("apollo", "manifest"), ("urql", "map")])
async def test_a_client_runs_what_is_listed_by_hash_alone_and_nothing_else(
    server: ProcessServer, tmp_path: Path, client: str, form: str
) -> None:
    learnt = await run(server, client, LIST_DISC, SHOW_DISC)
    texts = {each["sent"][-1]["hash"]: each["sent"][-1]["query"] for each in learnt}
    file = tmp_path / "operations.json"
    file.write_text(json.dumps(texts if form == "map" else manifest(texts)))
    async with running_server(tmp_path / "listed", OPERATIONS=str(file)) as strict:
        listed, shown, other = await run(strict, client, LIST_DISC, SHOW_DISC, {"query": OTHER})
    assert forms(listed) == forms(shown) == forms(other) == ["POST hash"]
    assert listed["data"]["listProduct"]["id"] == "disc"
    assert is_shown(shown)
    assert other["codes"] == ["OPERATION_NOT_ALLOWED"]
    assert not other.get("data")


def manifest(texts: dict[str, str]) -> Json:
    """What Apollo's generate-persisted-query-manifest writes of these texts."""
    operations = [
        {"id": name, "name": text.split()[1].split("(")[0], "type": text.split()[0], "body": text}
        for name, text in texts.items()
    ]
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": operations,
    }
