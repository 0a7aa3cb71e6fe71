"""Every context that ships answers alike by plans and by graphql-core, over a real store."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import Fault
from api.execution import Live, RequestError, Result
from api.schema.asking import answered
from domain.rules import Viewer
from tests.api.compiled.answers import planned, told
from tests.api.compiled.operations import Operation, OperationMaker
from tests.api.compiled.shipping import IDS, MODEL, SCHEMA, Shipped, opened, operations

OPERATIONS = operations()
VIEWERS = (Viewer("ann", MODEL.roles), Viewer("ann", MODEL.roles), Viewer("ann"), Viewer())


async def answers(
    operation: Operation, shipped: Shipped, viewer: Viewer, *, compiled: bool, live: bool = False
) -> Any:
    """What the client is told, all of it."""
    request = shipped.request(viewer)
    try:
        plan = planned(OPERATIONS, operation, compiled=compiled)
        if not operation.text.startswith("subscription"):
            return told([await OPERATIONS.execute(plan, request)])
        following = OPERATIONS.live(plan, request) if live else None
        if following is None:
            return told(await first(OPERATIONS.subscribe(plan, request)))
        return told([await followed(following)])
    except RequestError as error:
        return error.errors


async def followed(following: Live) -> Result:
    """What a socket is sent first."""
    try:
        with (await following.opened())(wake=lambda: None) as follower:
            await answered(follower.begin())
            pushed = follower.take()
    except Fault as fault:
        pushed = fault
    body = following.encoded(pushed)
    return await following.told(pushed) if body is None else Result(body)


async def first(source: AsyncGenerator[Result, None]) -> list[Result]:
    """What is pushed first."""
    async with aclosing(source):
        return [await anext(source)]


LISTS = [name for name, each in SCHEMA.query_type.fields.items() if "where" in each.args]  # type: ignore[union-attr]  # it has queries


async def given_out(shipped: Shipped, viewer: Viewer, random: Random) -> list[str]:
    """Cursors of some documents, in the order of their ids."""
    cursors: list[str] = []
    for name in random.sample(LISTS, 8):
        plan = planned(
            OPERATIONS, Operation(f"{{ {name} {{ edges {{ cursor }} }} }}", {}), compiled=False
        )
        result = await OPERATIONS.execute(plan, shipped.request(viewer))
        if not result.codes:
            edges = json.loads(result.body)["data"][name]["edges"]
            cursors += [each["cursor"] for each in edges]
    return cursors


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["query", "subscription"])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), is_showable=st.booleans())
async def test_what_ships_answers_by_plans_as_graphql_core_does(
    kind: str, seed: int, is_showable: bool
) -> None:
    random = Random(seed)
    viewer = random.choice(VIEWERS)
    with TemporaryDirectory() as directory:
        async with opened(Path(directory)) as shipped:
            await shipped.fill(random, is_showable=is_showable)
            cursors = await given_out(shipped, viewer, random)
            for _ in range(20):
                await compare(kind, random, shipped, viewer, cursors)


async def compare(
    kind: str, random: Random, shipped: Shipped, viewer: Viewer, cursors: list[str]
) -> None:
    """One operation, asked in every way."""
    tokens = (["0:0"], ["0:9", "1:0", "x"])
    operation = OperationMaker(SCHEMA, random, IDS, tokens=tokens, cursors=cursors).of(kind)
    expected = await answers(operation, shipped, viewer, compiled=False)
    found = await answers(operation, shipped, viewer, compiled=True)
    assert alike(found, expected), operation
    if kind == "subscription":
        found = await answers(operation, shipped, viewer, compiled=True, live=True)
        assert alike(found, expected), operation


def alike(found: Any, expected: Any) -> bool:
    """Where several things are wrong at once, it is open which of them is told."""
    if found == expected or isinstance(found, list) or isinstance(expected, list):
        return bool(found == expected)
    return bool(data_of(found) == data_of(expected)) and all(found[1]) and all(expected[1])


def data_of(told: Any) -> Any:
    """The answers without their errors."""
    return [dict(each)["data"] for each in told[0]]
