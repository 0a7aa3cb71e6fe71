"""Plans hold what a client writes as values only, and no more of them than there is room for."""

import json
from itertools import product
from random import Random
from typing import Any

import msgspec
import pytest

from api.compiled.operation import PLANS_MAX
from api.compiled.rendering import Anomaly, Leaf, Selection, row_type
from api.context import Request, Session
from api.execution import Params
from api.schema.shapes import Shape
from tests.api.compiled.answers import planned
from tests.api.compiled.documents import made
from tests.api.compiled.operations import Operation
from tests.api.compiled.test_differential import OPERATIONS
from tests.api.schema.client import ANN
from tests.api.schema.fakes import Fakes
from tests.api.schema.shop import Thing

NAMES = [
    "__class__",
    "__dict__",
    "__struct_fields__",
    "__init__",
    "None",
    "lambda",
    "exec",
    "zip",
    "render",
    "plain",
    "d",
    "ds",
    "f0",
    "x1",
    "S1",
    "l0",
    "v1",
    "_",
]


@pytest.mark.parametrize("name", [*NAMES, "a" * 10_000], ids=lambda name: name[:20])
async def test_a_key_may_be_any_name(name: str) -> None:
    text = f"""{{ things {{ {name}: nodes {{ {name}: price id size {{ {name}: widthMm }}
        pastSales {{ nodes {{ {name}: sold {{ {name}: title }} }} }} }} }} }}"""
    fakes = Fakes()
    fakes.documents.put(made(Thing, Random(1), id="lamp"))
    asked: list[Any] = []
    for compiled in (False, True):
        request: Request[Any] = Request(Session(ANN), fakes)
        plan = planned(OPERATIONS, Operation(text, {}), compiled=compiled)
        before = OPERATIONS.asked
        asked.append(json.loads((await OPERATIONS.execute(plan, request)).body))
        assert OPERATIONS.asked == before + (not compiled)
    assert asked[0] == asked[1]
    assert "errors" not in asked[0]


async def test_an_operation_with_many_conditions_has_a_few_plans() -> None:
    names = [f"c{number}" for number in range(5)]
    given = ", ".join(f"${name}: Boolean!" for name in names)
    parts = " ".join(f"... @include(if: ${name}) {{ {name}: title }}" for name in names)
    text = f"query({given}) {{ things {{ nodes {{ id {parts} }} }} }}"
    request: Request[Any] = Request(Session(ANN), Fakes())
    found = 0
    for values in product([True, False], repeat=5):
        variables = dict(zip(names, values, strict=True))
        compiled = OPERATIONS.plan(Params(text, variables=variables)).operation.compiled
        compiled.uses = 1
        found += compiled.run(request, variables) is not None
    assert found == PLANS_MAX


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_a_number_that_only_mongodb_holds_is_not_shown_as_null(number: float) -> None:
    selection = Selection(Thing, (Leaf("weight", "weight_kg", Shape(float)),))
    row = row_type(Thing, [selection])
    kept = [msgspec.convert({"weight_kg": each}, row) for each in (0.5, number)]
    assert msgspec.json.encode(selection.render(rows=True)(kept[:1])) == b'[{"weight":0.5}]'
    with pytest.raises(Anomaly):
        selection.render(rows=True)(kept)
