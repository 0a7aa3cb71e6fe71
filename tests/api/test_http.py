"""GraphQL over HTTP, clause by clause, over a real socket."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.api.serving import Served, serving, until, within

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
QUERY = {"query": "{ hello }"}
HELLO = {"data": {"hello": "Hello, you"}}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncGenerator[Served, None]:
    async with serving() as server:
        yield server


@pytest.fixture
def served(running: Served) -> Served:
    running.toy.forget()
    return running


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Served) -> AsyncGenerator[httpx.AsyncClient, None]:
    async with served.client(accept=GRAPHQL) as one:
        yield one


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


# --- requests ---


async def test_post_with_json_is_answered(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=QUERY)
    assert (response.status_code, response.json()) == (200, HELLO)
    assert response.headers["cache-control"] == "no-store"


async def test_variables_and_operation_name_are_taken(client: httpx.AsyncClient) -> None:
    body = {
        "query": "query a($n: String!) { hello(name: $n) } query b { who }",
        "operationName": "a",
        "variables": {"n": "Ada"},
        "extensions": {"any": 1},
    }
    response = await client.post("/graphql", json=body)
    assert response.json() == {"data": {"hello": "Hello, Ada"}}


async def test_get_carries_a_query_in_the_url(client: httpx.AsyncClient) -> None:
    params = {
        "query": "query a($n: String!) { hello(name: $n) }",
        "variables": '{"n":"Ada"}',
        "operationName": "",
        "extensions": "{}",
    }
    response = await client.get("/graphql", params=params)
    assert response.json() == {"data": {"hello": "Hello, Ada"}}


async def test_get_must_not_execute_a_mutation(client: httpx.AsyncClient, served: Served) -> None:
    response = await client.get("/graphql", params={"query": "mutation { add(a: 1) }"})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    query = "query q { hello } mutation m { add(a: 1) }"
    response = await client.get("/graphql", params={"query": query, "operationName": "m"})
    assert response.status_code == 405
    assert served.toy.calls == 0
    response = await client.get("/graphql", params={"query": query, "operationName": "q"})
    assert response.json() == HELLO


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": ""},
        {"query": "{ hello }", "variables": "{"},
        {"query": "{ hello }", "variables": "[]"},
        {"query": "{ hello }", "extensions": "7"},
        {"query": "{ hello }", "variables": "[" * 15_000},
    ],
)
async def test_wrong_parameters_in_the_url_are_400(
    client: httpx.AsyncClient, params: dict[str, str]
) -> None:
    response = await client.get("/graphql", params=params)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_bytes_that_are_no_text_in_the_url_are_400(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql?query=%ff%fe")
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_405(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"],
)
async def test_json_in_utf_8_is_taken(client: httpx.AsyncClient, content_type: str) -> None:
    content = json.dumps({"query": '{ hello(name: "Ä") }'}, ensure_ascii=False).encode()
    headers = {"content-type": content_type}
    response = await client.post("/graphql", content=content, headers=headers)
    assert response.json() == {"data": {"hello": "Hello, Ä"}}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "text/plain; application/json",
    ],
)
async def test_whatever_a_page_elsewhere_may_send_without_asking_is_415(
    served: Served, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    content = b'{"query":"mutation { add(a: 1) }"}'
    async with served.client() as client:
        response = await client.post("/graphql", content=content, headers=headers)
    assert (response.status_code, code(response)) == (415, "BAD_USER_INPUT")
    assert served.toy.calls == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"NONSENSE", b'{"query":', b'{"qeury":"{ hello }"}', b'{"query":7}', b"[]", b"null",
     b'[{"query":"{ hello }"}]', b'{"query":"{ hello }","variables":[7]}', b"\xff\xfe\x00",
     b'{"query":"{ hello }","variables":{"n":NaN}}', b"[" * 200_000],
)  # fmt: skip
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_what_is_no_well_formed_request_is_400(
    client: httpx.AsyncClient, content: bytes, accept: str
) -> None:
    headers = {"content-type": JSON, "accept": accept}
    response = await client.post("/graphql", content=content, headers=headers)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    assert response.headers["content-type"].startswith(accept)


async def test_a_subscription_is_pointed_to_where_it_works(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "subscription { ticks }"})
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    assert "text/event-stream" in response.text


# --- responses ---


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{GRAPHQL}; charset=utf-16, {JSON}", JSON),
        (f"image/png, {GRAPHQL};q=0, {JSON};q=0.1", JSON),
        ("", GRAPHQL),
    ],
)
async def test_the_answer_has_the_accepted_media_type(
    client: httpx.AsyncClient, accept: str, answered: str
) -> None:
    response = await client.post("/graphql", json=QUERY, headers={"accept": accept})
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.json() == HELLO


async def test_without_accept_the_graphql_media_type_answers(served: Served) -> None:
    async with served.client() as client:
        del client.headers["accept"]
        response = await client.post("/graphql", json=QUERY)
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


@pytest.mark.parametrize("accept", ["image/png", "text/html", f"{JSON};q=0", "garbage;;;,,,"])
async def test_nothing_acceptable_is_406(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", json=QUERY, headers={"accept": accept})
    assert response.status_code == 406


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query a { hello } query b { hello }"},
        {"query": "query ($a: Int!) { big(size: $a) }", "variables": {"a": None}},
        {"query": "{ items(first: 501) { total } }"},
    ],
)
async def test_a_request_error_is_400_and_200_for_legacy_json(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    response = await client.post("/graphql", json=body)
    assert response.status_code == 400
    assert "data" not in response.json()
    legacy = await client.post("/graphql", json=body, headers={"accept": JSON})
    assert (legacy.status_code, legacy.json()) == (200, response.json())


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_a_field_error_is_200_with_what_there_is(
    client: httpx.AsyncClient, accept: str
) -> None:
    headers = {"accept": accept}
    response = await client.post("/graphql", json={"query": "{ hello forbidden }"}, headers=headers)
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "Hello, you", "forbidden": None}
    assert code(response) == "FORBIDDEN"


# --- limits ---


async def test_a_body_that_says_it_is_too_long_is_413() -> None:
    async with serving(body_bytes_max=2000) as served, served.client() as client:
        body = {"query": "{ hello }", "extensions": {"x": "x" * 3000}}
        response = await client.post("/graphql", json=body)
        assert (response.status_code, code(response)) == (413, "LIMIT_EXCEEDED")
        assert response.json()["errors"][0]["extensions"]["limit"] == "body_bytes_max"
        assert (await client.post("/graphql", json=QUERY)).json() == HELLO


async def test_a_body_that_goes_on_and_on_is_413() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for _ in range(100):
            yield b" " * 1000

    async with serving(body_bytes_max=2000) as served, served.client() as client:
        headers = {"content-type": JSON}
        response = await client.post("/graphql", content=chunks(), headers=headers)
        assert (response.status_code, code(response)) == (413, "LIMIT_EXCEEDED")


async def test_a_body_that_never_comes_is_408() -> None:
    async with serving(receive_timeout_s=0.5) as served, within():
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert b" 408 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"P",
        b"POST /graphql HTTP/1.1\r\nHost: l",
        b"POST /graphql HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\n"
        b"Content-Length: 9\r\n\r\n{",
        b"\x16\x03\x01\x00\x00",
        b"\x00" * 100,
    ],
)
async def test_a_connection_that_is_cut_leaves_nothing(served: Served, start: bytes) -> None:
    async with within():
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(start)
        await writer.drain()
        writer.transport.abort()
        async with served.client() as client:
            assert (await client.post("/graphql", json=QUERY)).json() == HELLO
        await until(lambda: not served.server.server_state.tasks)


async def test_a_header_without_end_is_refused(served: Served) -> None:
    async with within():
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        writer.writelines(b"X-%d: %s\r\n" % (at, b"x" * 1000) for at in range(100))
        assert b" 400 " in await reader.readline()
        writer.close()


# --- who asks ---


async def test_a_bearer_token_says_who_asks(served: Served) -> None:
    async with served.client(authorization=served.bearer(sub="grace")) as client:
        response = await client.post("/graphql", json={"query": "{ who }"})
        assert response.json() == {"data": {"who": "grace"}}


async def test_without_a_token_nobody_asks(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ who }"})
    assert response.json() == {"data": {"who": None}}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON, "text/event-stream"])
@pytest.mark.parametrize("authorization", ["Bearer broken", "Basic YTpi", ""])
async def test_a_bad_token_is_401_and_never_anonymous(
    served: Served, authorization: str, accept: str
) -> None:
    headers = {"authorization": authorization, "accept": accept}
    async with served.client(**headers) as client:
        response = await client.post("/graphql", json={"query": "mutation { add(a: 1) }"})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"
    assert served.toy.calls == 0


async def test_two_tokens_are_no_token(served: Served) -> None:
    headers = [("authorization", served.bearer()), ("authorization", served.bearer())]
    async with served.client() as client:
        response = await client.post("/graphql", json=QUERY, headers=headers)
    assert response.status_code == 401


async def test_the_trace_context_reaches_the_resolver_if_it_is_one(served: Served) -> None:
    good = f"00-{'a' * 32}-{'b' * 16}-01"
    async with served.client() as client:
        for given in (good, "nonsense", good.upper()):
            await client.post("/graphql", json=QUERY, headers={"traceparent": given})
    assert served.toy.traceparents == [good, None, None]


# --- development ---


async def test_in_development_only_this_machine_by_its_own_name_may_ask() -> None:
    async with serving(jwt_secret=None) as served, served.client() as client:
        for host in ("localhost", "127.0.0.1", f"127.0.0.1:{served.port}", "[::1]:80"):
            response = await client.post("/graphql", json=QUERY, headers={"host": host})
            assert response.json() == HELLO
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[::1"):
            for path in ("/graphql", "/metrics", "/"):
                response = await client.get(path, headers={"host": host})
                assert (response.status_code, code(response)) == (403, "FORBIDDEN")


async def test_with_a_key_any_host_may_be_named(served: Served) -> None:
    async with served.client(host="api.example") as client:
        assert (await client.post("/graphql", json=QUERY)).json() == HELLO


# --- the end ---


async def test_a_request_under_way_is_answered_before_the_server_stops() -> None:
    async with within(), serving() as served, served.client() as client:
        query = {"query": "mutation { add(a: 1) } "}
        asked = [asyncio.create_task(client.post("/graphql", json=query)) for _ in range(20)]
        await until(lambda: served.toy.calls > 0)
        served.server.should_exit = True
        assert {each.status_code for each in await asyncio.gather(*asked)} == {200}


async def test_many_requests_at_once_leave_nothing_behind() -> None:
    async with serving() as served, served.client() as client:
        bodies = [QUERY, {"query": "{"}, {"query": "{ broken }"}, {"query": "{ forbidden }"}]
        answers = await asyncio.gather(
            *(client.post("/graphql", json=bodies[at % 4]) for at in range(200))
        )
        assert {each.status_code for each in answers} == {200}
        assert served.count("headrace_http_requests_total", kind="query", status="200") == 150
        assert served.count("headrace_errors_total", code="FORBIDDEN") == 50
