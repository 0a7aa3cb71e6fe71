"""Automatic persisted queries, clause by clause, over a real socket: a hash in place of a text."""

import json
from collections.abc import AsyncGenerator
from hashlib import sha256
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.api.serving import Served, serving
from tests.api.sockets import connected

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
HELLO = {"data": {"hello": "Hello, you"}}
NOT_FOUND = [
    {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
]
NOT_SUPPORTED = [
    {
        "message": "PersistedQueryNotSupported",
        "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
    }
]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncGenerator[Served, None]:
    async with serving() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Served) -> AsyncGenerator[httpx.AsyncClient, None]:
    async with served.client(accept=GRAPHQL) as one:
        yield one


def digest(query: str) -> str:
    return sha256(query.encode()).hexdigest()


def hashed(query: str, /, **more: Any) -> dict[str, Any]:
    """A request with the hash of a query, without the query."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(query)}}, **more}


def both(query: str, **more: Any) -> dict[str, Any]:
    """A request with the hash of a query and the query."""
    return hashed(query, **more, query=query)


def unique(name: str, fields: str = "hello") -> str:
    """A query of its own for a test: what a hash stands for is remembered by the server."""
    return f"query {name} {{ {fields} }}"


async def ask(client: httpx.AsyncClient, body: dict[str, Any], accept: str = GRAPHQL) -> Any:
    response = await client.post("/graphql", json=body, headers={"accept": accept})
    return response.json()


async def test_a_hash_is_not_found_until_it_has_come_with_its_query(
    client: httpx.AsyncClient,
) -> None:
    query = unique("first")
    assert await ask(client, hashed(query)) == {"errors": NOT_FOUND}
    assert await ask(client, both(query)) == HELLO
    assert await ask(client, hashed(query)) == HELLO


async def test_not_found_has_the_status_of_a_request_error(client: httpx.AsyncClient) -> None:
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        headers = {"accept": accept}
        response = await client.post("/graphql", json=hashed("{ never }"), headers=headers)
        assert (response.status_code, response.json()) == (status, {"errors": NOT_FOUND})
        assert response.headers["cache-control"] == "no-store"


async def test_a_query_without_its_hash_registers_nothing(client: httpx.AsyncClient) -> None:
    query = unique("plain")
    assert await ask(client, {"query": query}) == HELLO
    assert await ask(client, hashed(query)) == {"errors": NOT_FOUND}


@pytest.mark.parametrize(
    "named",
    [
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest("{ who }")}}},
        {"documentId": "sha256:" + digest("{ who }")},
        {"documentId": "any"},
    ],
)
async def test_a_hash_of_another_query_is_bad_input_and_is_not_kept(
    client: httpx.AsyncClient, named: dict[str, Any]
) -> None:
    (error,) = (await ask(client, {"query": "{ hello }", **named}))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert await ask(client, named) == {"errors": NOT_FOUND}


@pytest.mark.parametrize(
    "persisted",
    [
        7,
        "a1",
        [],
        {},
        {"version": 2, "sha256Hash": digest("{ hello }")},
        {"sha256Hash": digest("{ hello }")},
        {"version": 1},
        {"version": 1, "sha256Hash": ""},
        {"version": 1, "sha256Hash": 7},
        {"version": 1, "sha256Hash": None},
    ],
)
async def test_a_malformed_extension_is_bad_input_with_a_query_or_without(
    client: httpx.AsyncClient, persisted: object
) -> None:
    for body in ({}, {"query": "{ hello }"}):
        (error,) = (await ask(client, {**body, "extensions": {"persistedQuery": persisted}}))[
            "errors"
        ]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "version: 1" in error["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"extensions": {"persistedQuery": None}},
        {"extensions": {}},
        {"query": None, "documentId": None},
        {"documentId": ""},
        {"documentId": 7},
    ],
)
async def test_what_names_no_query_at_all_is_400_in_every_form(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    for accept in (GRAPHQL, JSON):
        response = await client.post("/graphql", json=body, headers={"accept": accept})
        assert response.status_code == 400
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_invalid_query_is_refused_with_its_hash_and_not_kept(
    client: httpx.AsyncClient,
) -> None:
    query = unique("invalid", "nothing")
    (error,) = (await ask(client, both(query)))["errors"]
    assert "nothing" in error["message"]
    assert await ask(client, hashed(query)) == {"errors": NOT_FOUND}


async def test_variables_and_the_operation_name_go_with_a_hash(client: httpx.AsyncClient) -> None:
    query = "query one($n: String!) { hello(name: $n) } query two { who }"
    await ask(client, both(query, operationName="two"))
    answer = await ask(client, hashed(query, operationName="one", variables={"n": "Ada"}))
    assert answer == {"data": {"hello": "Hello, Ada"}}


async def test_a_document_id_with_its_prefix_is_the_same_hash(client: httpx.AsyncClient) -> None:
    query = unique("prefixed")
    named = {"documentId": f"sha256:{digest(query)}"}
    assert await ask(client, named) == {"errors": NOT_FOUND}
    assert await ask(client, {**named, "query": query}) == HELLO
    assert await ask(client, named) == HELLO
    assert await ask(client, hashed(query)) == HELLO


async def test_an_empty_query_beside_a_hash_is_none(client: httpx.AsyncClient) -> None:
    assert await ask(client, hashed(unique("empty"), query="")) == {"errors": NOT_FOUND}


async def test_get_names_a_query_and_registers_one(client: httpx.AsyncClient) -> None:
    query = unique("got")
    url = {"extensions": json.dumps(hashed(query)["extensions"])}
    response = await client.get("/graphql", params=url)
    assert (response.status_code, response.json()) == (400, {"errors": NOT_FOUND})
    assert (await client.get("/graphql", params={**url, "query": query})).json() == HELLO
    assert (await client.get("/graphql", params=url)).json() == HELLO
    by_id = {"documentId": f"sha256:{digest(query)}"}
    assert (await client.get("/graphql", params=by_id)).json() == HELLO


async def test_a_mutation_is_named_by_post_and_never_by_get(
    client: httpx.AsyncClient, served: Served
) -> None:
    query = "mutation named($a: Int!) { add(a: $a) }"
    url = {"extensions": json.dumps(hashed(query)["extensions"]), "variables": '{"a":1}'}
    calls = served.toy.calls
    response = await client.get("/graphql", params={**url, "query": query})
    assert response.status_code == 405
    assert (await client.get("/graphql", params=url)).status_code == 405
    assert served.toy.calls == calls
    answer = await ask(client, hashed(query, variables={"a": 1}))
    assert answer == {"data": {"add": 2}}


async def test_a_socket_speaks_hashes_too(served: Served) -> None:
    query = "subscription socket { ticks(count: 2) }"
    expected = [{"data": {"ticks": 0}}, {"data": {"ticks": 1}}]
    async with connected(served) as client:
        for id_, body, results in (
            ("1", hashed(query), [{"errors": NOT_FOUND}]),
            ("2", both(query), expected),
            ("3", hashed(query), expected),
            ("4", hashed(query, query=""), expected),
        ):
            await client.send(id=id_, type="subscribe", payload=body)
            assert await client.results(id_) == results


async def test_a_socket_is_closed_by_what_names_no_query(served: Served) -> None:
    async with connected(served) as client:
        await client.send(id="1", type="subscribe", payload={"variables": {}})
        code, reason = await client.closed()
    assert code == 4400
    assert "query" in reason


async def test_an_event_stream_speaks_hashes_too(served: Served) -> None:
    query = "subscription stream { ticks(count: 1) }"
    async with served.client(accept=EVENTS) as client:
        missed = await client.post("/graphql", json=hashed(query))
        assert missed.status_code == 200
        assert json.dumps(NOT_FOUND, separators=(",", ":")) in missed.text
        for body in (both(query), hashed(query)):
            response = await client.post("/graphql", json=body)
            assert 'data: {"data":{"ticks":0}}' in response.text
        url = {"extensions": json.dumps(hashed(query)["extensions"])}
        response = await client.get("/graphql", params=url)
        assert 'data: {"data":{"ticks":0}}' in response.text


async def test_rights_and_limits_hold_for_a_hash(served: Served) -> None:
    who = unique("mine", "who")
    big = "query page($n: Int!) { items(first: $n) { total } }"
    async with served.client(authorization=served.bearer(sub="grace")) as client:
        assert await ask(client, both(who)) == {"data": {"who": "grace"}}
        await ask(client, both(big, variables={"n": 1}))
        (error,) = (await ask(client, hashed(big, variables={"n": 501})))["errors"]
        assert error["extensions"]["limit"] == "page_max"
    async with served.client() as client:
        assert await ask(client, hashed(who)) == {"data": {"who": None}}


async def test_a_client_with_a_new_query_each_time_takes_no_hash_that_is_in_use() -> None:
    async with serving(plans_tokens_max=400) as served, served.client() as client:
        query = unique("used")
        await ask(client, both(query))
        await ask(client, hashed(query))
        for at in range(300):
            other = unique(f"spam{at}")
            await ask(client, both(other))
        assert await ask(client, hashed(query)) == HELLO
        assert await ask(client, hashed(unique("spam0"))) == {"errors": NOT_FOUND}
        assert await ask(client, hashed(unique("spam299"))) == HELLO


async def test_a_hash_that_was_evicted_is_sent_anew_and_works() -> None:
    async with serving(plans_tokens_max=400) as served, served.client() as client:
        query = unique("used")
        for _ in range(2):
            await ask(client, both(query))
        for at in range(600):
            other = unique(f"spam{at // 2}")
            await ask(client, both(other))
        assert await ask(client, hashed(query)) == {"errors": NOT_FOUND}
        assert await ask(client, both(query)) == HELLO
        assert await ask(client, hashed(query)) == HELLO


@pytest.mark.parametrize("off", [{"persisted_queries": "off"}, {"plans_tokens_max": 0}])
async def test_turned_off_a_hash_is_not_supported_and_queries_run(off: dict[str, Any]) -> None:
    query = unique("off")
    async with serving(**off) as served, served.client() as client:
        for body in (hashed(query), {"documentId": "any"}):
            response = await client.post("/graphql", json=body, headers={"accept": GRAPHQL})
            assert (response.status_code, response.json()) == (400, {"errors": NOT_SUPPORTED})
        assert await ask(client, both(query)) == HELLO
        assert await ask(client, hashed(query)) == {"errors": NOT_SUPPORTED}
