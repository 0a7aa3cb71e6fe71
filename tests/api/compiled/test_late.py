"""What was waited for in vain: told where it was asked for, not elsewhere, and waited for once."""

import json
from typing import Any

from api.context import Request, Session
from tests.api.compiled.answers import planned
from tests.api.compiled.operations import Operation
from tests.api.compiled.test_differential import OPERATIONS
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
