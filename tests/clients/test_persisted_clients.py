"""Apollo's and urql's own clients send hashes in place of queries, and fall back as they should."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.harness import Json, run_persisted
from tests.serving import ProcessServer, fresh, running_server

LIST = """
mutation List_OWN($product: ID!) {
  listProduct(input: {
    product: $product, name: "A record", category: "music", price: "14.99", stock: 5
  }) { __typename ... on Accepted { id } ... on Rejected { code } }
}"""
SHOW = "query Show_OWN($product: ID!) { product(id: $product) { id available } }"
WATCH = "subscription Watch_OWN($product: ID!) { product(id: $product) { id available } }"
OTHER = "query Other { products { totalCount } }"
CLIENTS = pytest.mark.parametrize("client", ["apollo", "urql"])

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Disc:
    """A product of the test's own, and operations on it whose texts the server has never had."""

    def __init__(self) -> None:
        self.id = fresh("disc")
        self.list, self.show, self.watch = map(self._operation, (LIST, SHOW, WATCH))

    def is_shown(self, said: Json) -> bool:
        product = said["data"]["product"]
        return (product["id"], product["available"], said["codes"]) == (self.id, 5, [])

    def _operation(self, text: str) -> Json:
        own = self.id.replace("-", "_")
        return {"query": text.replace("OWN", own), "variables": {"product": self.id}}


@pytest.fixture
def disc() -> Disc:
    return Disc()


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


@CLIENTS
async def test_a_client_sends_a_text_once_and_then_its_hash(
    shared: ProcessServer, disc: Disc, client: str
) -> None:
    listed, shown, again = await run(shared, client, disc.list, disc.show, disc.show)
    assert listed["data"]["listProduct"]["id"] == disc.id
    assert forms(listed) == forms(shown) == ["POST hash", "POST hashtext"]
    assert forms(again) == ["POST hash"]
    assert disc.is_shown(shown)
    assert disc.is_shown(again)
    (other,) = await run(shared, client, disc.show)
    assert forms(other) == ["POST hash"]
    assert disc.is_shown(other)


@CLIENTS
async def test_a_client_may_name_a_query_by_get(
    shared: ProcessServer, disc: Disc, client: str
) -> None:
    _, shown, again = await run(shared, client, disc.list, disc.show, disc.show, get=True)
    assert forms(shown)[0] == forms(again)[0] == "GET hash"
    assert forms(again) == ["GET hash"]
    assert disc.is_shown(shown)
    assert disc.is_shown(again)


async def test_urql_names_a_subscription_over_a_socket(shared: ProcessServer, disc: Disc) -> None:
    _, watched, again = await run(shared, "urql", disc.list, disc.watch, disc.watch)
    assert forms(watched) == ["socket hash", "socket hashtext"]
    assert forms(again) == ["socket hash"]
    assert disc.is_shown(watched)
    assert disc.is_shown(again)


@CLIENTS
async def test_a_client_sends_texts_alone_where_hashes_are_turned_off(
    tmp_path: Path, disc: Disc, client: str
) -> None:
    async with running_server(tmp_path / "data", PERSISTED_QUERIES="off") as server:
        _, shown, again = await run(server, client, disc.list, disc.show, disc.show)
    assert disc.is_shown(shown)
    assert disc.is_shown(again)
    assert forms(again) == ["POST text"]


@pytest.mark.parametrize(("client", "form"), [("apollo", "manifest"), ("urql", "map")])
async def test_a_client_runs_what_is_listed_by_hash_alone_and_nothing_else(
    shared: ProcessServer, disc: Disc, tmp_path: Path, client: str, form: str
) -> None:
    learnt = await run(shared, client, disc.list, disc.show)
    texts = {each["sent"][-1]["hash"]: each["sent"][-1]["query"] for each in learnt}
    file = tmp_path / "operations.json"
    file.write_text(json.dumps(texts if form == "map" else manifest(texts)))
    async with running_server(tmp_path / "listed", OPERATIONS=str(file)) as strict:
        listed, shown, other = await run(strict, client, disc.list, disc.show, {"query": OTHER})
    assert forms(listed) == forms(shown) == forms(other) == ["POST hash"]
    assert listed["data"]["listProduct"]["id"] == disc.id
    assert disc.is_shown(shown)
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
