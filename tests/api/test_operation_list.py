"""Only listed operations are admitted, over a real socket; what is wrong with a list is told."""

import json
from collections.abc import AsyncGenerator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from graphql import get_introspection_query

from api.cli import main
from api.execution import Operations, Params, RequestError
from api.operation_list import read_operations
from api.settings import Settings, SettingsError
from tests.api.serving import Served, serving
from tests.api.sockets import connected
from tests.api.toy import toy_schema

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
GREET = "query Greet($n: String!) { hello(name: $n) }"
ADD = "mutation Add { add(a: 1) }"
TICKS = "subscription Ticks { ticks(count: 1) }"
MANIFEST = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": "greet", "name": "Greet", "type": "query", "body": GREET},
        {"id": "add", "name": "Add", "type": "mutation", "body": ADD},
        {"id": "ticks", "name": "Ticks", "type": "subscription", "body": TICKS},
    ],
}
ADA = {"variables": {"n": "Ada"}}
HELLO = {"data": {"hello": "Hello, Ada"}}
over_sockets = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served, None]:
    file = written(tmp_path_factory.mktemp("list"), MANIFEST)
    async with serving(operations=file) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Served) -> AsyncGenerator[httpx.AsyncClient, None]:
    async with served.client(accept=GRAPHQL) as one:
        yield one


def written(directory: Path, content: object) -> Path:
    file = directory / "operations.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def digest(query: str) -> str:
    return sha256(query.encode()).hexdigest()


def hashed(name: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}, **more}


def code(answer: Any) -> str:
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@over_sockets
@pytest.mark.parametrize(
    "named",
    [
        {"query": GREET},
        {"documentId": "greet"},
        {"documentId": f"sha256:{digest(GREET)}"},
        {"documentId": "greet", "query": GREET},
        hashed("greet"),
        hashed(digest(GREET)),
        hashed(digest(GREET), query=""),
        hashed(digest(GREET), query=GREET),
    ],
)
async def test_a_listed_operation_is_asked_for_by_id_hash_or_text(
    client: httpx.AsyncClient, named: dict[str, Any]
) -> None:
    response = await client.post("/graphql", json={**named, **ADA})
    assert (response.status_code, response.json()) == (200, HELLO)


@over_sockets
@pytest.mark.parametrize(
    "body",
    [
        {"query": "{ hello }"},
        {"query": GREET + " "},
        {"query": "{"},
        {"query": ""},
        {"query": get_introspection_query()},
        {"query": "{ __typename }"},
        {"documentId": "other"},
        {"documentId": f"sha256:{digest('{ hello }')}"},
        hashed(digest("{ hello }")),
        hashed(digest("{ hello }"), query="{ hello }"),
        hashed("greet "),
    ],
)
async def test_anything_else_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        response = await client.post("/graphql", json=body, headers={"accept": accept})
        assert (response.status_code, code(response.json())) == (status, "OPERATION_NOT_ALLOWED")


@over_sockets
async def test_what_was_refused_is_refused_again_with_its_hash(client: httpx.AsyncClient) -> None:
    both = hashed(digest("{ hello }"), query="{ hello }")
    for body in (both, both, hashed(digest("{ hello }"))):
        response = await client.post("/graphql", json=body)
        assert code(response.json()) == "OPERATION_NOT_ALLOWED"


@over_sockets
async def test_a_listed_id_beside_another_text_is_bad_input(
    client: httpx.AsyncClient, served: Served
) -> None:
    calls = served.toy.calls
    for text in ("{ hello }", ADD):
        body = {"documentId": "greet", "query": text, **ADA}
        response = await client.post("/graphql", json=body)
        assert code(response.json()) == "BAD_USER_INPUT"
    assert served.toy.calls == calls


@over_sockets
async def test_get_asks_for_queries_and_not_for_mutations(client: httpx.AsyncClient) -> None:
    url = {"documentId": "greet", "variables": '{"n":"Ada"}'}
    assert (await client.get("/graphql", params=url)).json() == HELLO
    assert (await client.get("/graphql", params={"documentId": "add"})).status_code == 405
    refused = await client.get("/graphql", params={"query": "{ hello }"})
    assert (refused.status_code, code(refused.json())) == (400, "OPERATION_NOT_ALLOWED")


@over_sockets
async def test_a_socket_admits_listed_operations_only(served: Served) -> None:
    async with connected(served) as client:
        await client.send(id="1", type="subscribe", payload={"documentId": "ticks"})
        assert await client.results("1") == [{"data": {"ticks": 0}}]
        await client.subscribe("2", TICKS)
        assert await client.results("2") == [{"data": {"ticks": 0}}]
        await client.subscribe("3", "subscription { ticks }")
        (refused,) = await client.results("3")
        assert code(refused) == "OPERATION_NOT_ALLOWED"


@over_sockets
async def test_an_event_stream_admits_listed_operations_only(served: Served) -> None:
    async with served.client(accept=EVENTS) as client:
        listed = await client.post("/graphql", json=hashed("ticks"))
        assert 'data: {"data":{"ticks":0}}' in listed.text
        other = await client.post("/graphql", json={"query": "subscription { ticks }"})
        assert "OPERATION_NOT_ALLOWED" in other.text


def test_every_listed_operation_is_admitted_though_few_plans_are_kept(tmp_path: Path) -> None:
    texts = {f"q{at}": f"query q{at} {{ hello who }}" for at in range(200)}
    settings = Settings(operations=written(tmp_path, texts), plans_tokens_max=50)
    operations = Operations(toy_schema(), settings)
    for name in texts:
        assert operations.plan(Params(documentId=name)).operation.name == name


def test_relays_map_is_a_list_and_a_hash_is_turned_off_with_the_rest(tmp_path: Path) -> None:
    file = written(tmp_path, {"0cc175b9c0f1b6a831c399e269772661": GREET})
    operations = Operations(toy_schema(), Settings(operations=file, persisted_queries="off"))
    named = Params(variables={"n": "Ada"}, documentId="0cc175b9c0f1b6a831c399e269772661")
    assert operations.plan(named).operation.name == "Greet"
    with pytest.raises(RequestError) as raised:
        operations.plan(Params("{ hello }"))
    assert code({"errors": raised.value.errors}) == "OPERATION_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", ["no list of operations"]),
        ("[]", ["no list of operations", "an object"]),
        ("\x00", ["no list of operations"]),
        ("[" * 100_000, ["no list of operations"]),
        ({}, ["lists no operation"]),
        ({**MANIFEST, "operations": []}, ["lists no operation"]),
        ({"a": 7}, ["no list of operations", "str"]),
        ({**MANIFEST, "format": "other"}, ["'other'", "apollo-persisted-query-manifest"]),
        ({**MANIFEST, "version": 2}, ["version 2", "version 1"]),
        ({"format": "apollo-persisted-query-manifest", "version": 1}, ["`operations`"]),
        ({**MANIFEST, "operations": [{"id": "a"}]}, ["`body`", "operations[0]"]),
        (
            {**MANIFEST, "operations": [{"id": "a", "body": ADD}, {"id": "a", "body": GREET}]},
            ["'a'", "two different operations"],
        ),
    ],
)
def test_what_is_no_list_is_told_with_what_one_looks_like(
    tmp_path: Path, content: object, words: list[str]
) -> None:
    file = written(tmp_path, content)
    with pytest.raises(SettingsError) as raised:
        read_operations(file)
    said = str(raised.value)
    assert all(word in said for word in ["--operations", "HEADRACE_OPERATIONS", str(file), *words])


def test_an_operation_that_stands_in_a_list_twice_is_one(tmp_path: Path) -> None:
    twice = [{"id": "a", "body": ADD, "clientName": each} for each in ("web", "ios")]
    assert read_operations(written(tmp_path, {**MANIFEST, "operations": twice})) == {"a": ADD}


def test_a_list_that_does_not_fit_is_told_by_ids_and_nothing_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_DATA", str(tmp_path / "data"))
    deep = "{ product(id: 1) " + "{ a " * 3 + "} " * 4
    file = written(
        tmp_path,
        {"good": "{ __typename }", "misspelt": "{ prodct { id } }", "cut": "{", "long": deep},
    )
    assert main(["serve", "--port", "0", "--operations", str(file)]) == 1
    said = capsys.readouterr().err
    assert str(file) in said
    assert "3 of its 4 operations" in said
    assert "misspelt: Cannot query field 'prodct'" in said
    assert "cut: Syntax Error" in said
    assert "good" not in said
    assert not list((tmp_path / "data").glob("*.sqlite"))


def test_of_a_list_that_fits_nowhere_the_first_are_told(tmp_path: Path) -> None:
    file = written(tmp_path, {f"id{at}": "{ missing }" for at in range(50)})
    with pytest.raises(SettingsError) as raised:
        Operations(toy_schema(), Settings(operations=file))
    assert str(raised.value).count("Cannot query field") == 20
    assert str(raised.value).endswith("and 30 more")


def test_a_file_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HEADRACE_OPERATIONS", str(tmp_path / "none.json"))
    assert main(["serve", "--port", "0"]) == 1
    said = capsys.readouterr().err
    assert "none.json" in said
    assert "No such file" in said
