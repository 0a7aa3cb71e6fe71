"""Operations: which one runs, what its errors look like, and that nothing inside gets out."""

import json
import logging
from contextlib import aclosing
from typing import Any

import pytest

from api.context import Request, Session
from api.errors import Fault
from api.execution import Operations, Params, RequestError, decode_params
from api.settings import Settings
from domain.rules import Viewer
from tests.api.toy import Toy, toy_schema

SCHEMA = toy_schema()


def request(toy: Toy | None = None) -> Request[Toy]:
    return Request(Session(Viewer("ada", frozenset({"clerk"}))), toy or Toy())


async def answer(query: str, variables: dict[str, Any] | None = None, **changed: Any) -> Any:
    operations = Operations(SCHEMA, Settings(**changed))
    planned = operations.plan(Params(query, variables=variables))
    return json.loads((await operations.execute(planned, request())).body)


async def refused(query: str, variables: dict[str, Any] | None = None, name: str = "") -> Any:
    operations = Operations(SCHEMA, Settings())
    try:
        planned = operations.plan(Params(query, name, variables))
        result = await operations.execute(planned, request())
    except RequestError as error:
        return error.errors
    raise AssertionError(result.body)


async def test_a_query_and_a_mutation_are_answered() -> None:
    assert await answer("{ hello later who }") == {
        "data": {"hello": "Hello, you", "later": "later", "who": "ada"}
    }
    assert await answer("mutation { add(a: 1, b: 2) }") == {"data": {"add": 3}}


async def test_the_named_operation_runs() -> None:
    operations = Operations(SCHEMA, Settings())
    query = "query a { hello } query b { who }"
    planned = operations.plan(Params(query, "b"))
    assert json.loads((await operations.execute(planned, request())).body)["data"] == {"who": "ada"}
    for name, word in (("c", "'c'"), ("", "operationName")):
        (error,) = await refused(query, name=name)
        assert word in error["message"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    (error,) = await refused("fragment f on Query { hello }")
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("query", ["", "{", "{ nothing }", "{ hello(name: 1) }", "{ hello { x } }",
                                   "subscription { ticks endless }", "{ whole: }", '{ hello(name: "\\ud800") }'])  # fmt: skip  # noqa: E501
async def test_a_wrong_document_is_bad_input_with_a_place(query: str) -> None:
    for error in await refused(query):
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert error["locations"]


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({}, "$a"),
        ({"a": None}, "null"),
        ({"a": "1"}, "Int"),
        ({"a": 1.5}, "Int"),
        ({"a": 2**31}, "32-bit"),
        ({"a": 10**30}, "32-bit"),
        ({"a": [1]}, "Int"),
        ({"a": {"b": 1}}, "Int"),
        ({"a": True}, "Int"),
        ({"a": float("nan")}, "Int"),
    ],
)
async def test_a_wrong_variable_is_bad_input(variables: dict[str, Any], word: str) -> None:
    (error,) = await refused("mutation ($a: Int!) { add(a: $a) }", variables)
    assert word in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_null_that_reaches_an_argument_too_late_is_bad_input_too() -> None:
    body = await answer('query ($n: String = "x") { hello(name: $n) }', {"n": None})
    (error,) = body["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_fault_is_shown_whole_with_its_path() -> None:
    assert await answer("{ hello forbidden }") == {
        "data": {"hello": "Hello, you", "forbidden": None},
        "errors": [
            {
                "message": "Not for you",
                "locations": [{"line": 1, "column": 9}],
                "path": ["forbidden"],
                "extensions": {"code": "FORBIDDEN", "what": "forbidden"},
            }
        ],
    }


async def test_an_unexpected_error_shows_an_id_and_the_log_has_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = await answer("{ broken }")
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(body)
    (record,) = caplog.records
    assert error["extensions"]["errorId"] in record.getMessage()
    assert error["extensions"]["errorId"] in error["message"]
    assert record.exc_info is not None
    assert "secret: /etc/shadow" in str(record.exc_info[1])


async def test_a_result_that_does_not_fit_its_type_is_internal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.CRITICAL):
        (error,) = (await answer("{ whole }"))["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert str(2**40) not in error["message"]


async def test_an_operation_that_takes_too_long_is_stopped() -> None:
    toy = Toy()
    operations = Operations(SCHEMA, Settings(operation_timeout_s=0.05))
    result = await operations.execute(operations.plan(Params("{ never }")), request(toy))
    assert result.codes == ("TIMEOUT",)
    assert json.loads(result.body)["data"] is None
    assert toy.sources == 0


async def test_a_subscription_gives_its_results_and_is_closed_with_its_reader() -> None:
    toy = Toy()
    operations = Operations(SCHEMA, Settings())
    planned = operations.plan(Params("subscription { endless }"))
    async with aclosing(operations.subscribe(planned, request(toy))) as results:
        async for each in results:
            assert json.loads(each.body) == {"data": {"endless": 0}}
            assert toy.sources == 1
            break
    assert toy.sources == 0


async def test_what_a_source_raises_comes_out_after_its_results() -> None:
    toy = Toy()
    operations = Operations(SCHEMA, Settings())
    planned = operations.plan(Params("subscription { broken }"))
    async with aclosing(operations.subscribe(planned, request(toy))) as results:
        assert (await anext(results)).body == b'{"data":{"broken":0}}'
        with pytest.raises(RuntimeError):
            await anext(results)
    assert toy.sources == 0


async def test_a_subscription_with_wrong_variables_does_not_start() -> None:
    operations = Operations(SCHEMA, Settings())
    planned = operations.plan(Params("subscription ($n: Int!) { ticks(count: $n) }"))
    with pytest.raises(RequestError) as raised:
        await anext(operations.subscribe(planned, request()))
    assert raised.value.errors[0]["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"nonsense", "JSON"),
        (b'{"query":"{ a }"', "JSON"),
        (b'{"query":"\xff"}', "JSON"),
        (b'{"query":"{a}","variables":{"x":NaN}}', "JSON"),
        (b'{"query":"{a}","variables":{"x":Infinity}}', "JSON"),
        (b'{"query":"{a}","variables":{"x":1e999}}', "range"),
        (b'{"query":"{a}","variables":{"x":' + b"1" * 5000 + b"}}", "range"),
        (b'{"query":"{a}","variables":' + b'{"x":' * 5000 + b"1" + b"}" * 5001, "deep"),
        (b'{"query":"\\ud800"}', "JSON"),
        (b"{}", "query"),
        (b"null", "object"),
        (b"7", "object"),
        (b'"{ a }"', "object"),
        (b'[{"query":"{ a }"}]', "batches"),
        (b'{"qeury":"{ a }"}', "query"),
        (b'{"query":null}', "query"),
        (b'{"query":7}', "query"),
        (b'{"query":"{a}","variables":[7]}', "variables"),
        (b'{"query":"{a}","variables":"{}"}', "variables"),
        (b'{"query":"{a}","operationName":7}', "operationName"),
        (b'{"query":"{a}","extensions":[]}', "extensions"),
    ],
)
def test_what_is_no_request_says_what_is_wrong(body: bytes, word: str) -> None:
    with pytest.raises(Fault) as raised:
        decode_params(body)
    assert raised.value.code == "BAD_USER_INPUT"
    assert word in raised.value.message


def test_members_that_are_not_known_are_left_for_the_future() -> None:
    assert decode_params(b'{"query":"{a}","id":1,"variables":null}') == Params("{a}")
