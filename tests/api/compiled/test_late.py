"""What was waited for in vain: told where it was asked for, not elsewhere, and waited for once."""

import asyncio
import json
from typing import Any

import pytest

from api.context import Request, Session
from api.settings import Settings
from tests.api.compiled.answers import Watched, planned
from tests.api.compiled.operations import Operation
from tests.api.compiled.test_differential import OPERATIONS, SCHEMA
from tests.api.schema.client import ANN
from tests.api.schema.fakes import Fakes


async def answer(text: str, fakes: Fakes, *, compiled: bool) -> Any:
    request: Request[Any] = Request(Session(ANN), fakes)
    plan = planned(OPERATIONS, Operation(text, {}), compiled=compiled)
    return json.loads((await OPERATIONS.execute(plan, request)).body)


def shop() -> Fakes:
    fakes = Fakes()
    fakes.documents.passed[3] = 7
    return fakes


async def test_another_place_of_the_same_documents_is_not_late() -> None:
    text = '{ a: thing(id: "x", atLeast: "3:9") { id } b: thing(id: "x", atLeast: "3:7") { id } }'
    expected = await answer(text, shop(), compiled=False)
    assert [each["path"] for each in expected["errors"]] == [["a"]]
    assert await answer(text, shop(), compiled=True) == expected


async def test_what_was_late_is_not_waited_for_again() -> None:
    fakes = shop()
    text = '{ a: things(atLeast: "3:9") { totalCount } b: things(atLeast: "3:9") { totalCount } }'
    await answer(text, fakes, compiled=True)
    assert len(fakes.documents.waited) == 1


async def test_a_plan_that_takes_too_long_is_ended_and_not_begun_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fakes = shop()

    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(fakes.documents, "read", never)
    operations = Watched(SCHEMA, Settings(operation_timeout_s=0.01))
    plan = planned(operations, Operation("{ things { totalCount } }", {}), compiled=True)
    result = await operations.execute(plan, Request(Session(ANN), fakes))
    assert result.codes == ("TIMEOUT",)
    assert operations.asked == 0


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_mutation_that_takes_too_long_tells_the_ids_of_what_was_sent(
    monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    fakes = shop()

    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(fakes.documents, "read", never)
    monkeypatch.setattr(fakes.documents, "find", never)
    offer = '(input: {title: "Vase", price: "9.90"}'
    text = f"""mutation {{
      a: offerThing{offer}, commandId: "mine") {{ __typename }}
      b: offerThing{offer}) {{ ... on Accepted {{ query {{ things {{ nodes {{ id }} }} }} }} }}
      c: offerThing{offer}) {{ __typename }}
    }}"""
    operations = Watched(SCHEMA, Settings(operation_timeout_s=0.05))
    plan = planned(operations, Operation(text, {}), compiled=compiled)
    request: Request[Any] = Request(Session(ANN), fakes)
    result = json.loads((await operations.execute(plan, request)).body)
    assert result["data"] is None
    told = {each["path"][0]: each["extensions"] for each in result["errors"]}
    assert [*told] == ["a", "b"]  # the third was not sent
    assert {each["code"] for each in told.values()} == {"TIMEOUT"}
    assert told["a"]["commandId"] == "mine"
    assert told["b"]["commandId"]
