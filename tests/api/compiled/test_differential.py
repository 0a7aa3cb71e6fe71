"""A compiled operation answers as graphql-core does: data, errors, paths, and the order of keys."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.context import Request, Session
from api.execution import RequestError, Result
from api.schema import core, derive
from api.settings import Settings
from domain.rules import Viewer
from tests.api.compiled.answers import Watched, planned, told
from tests.api.compiled.documents import made
from tests.api.compiled.operations import Operation, OperationMaker
from tests.api.schema.client import ANN, BOB, NOBODY
from tests.api.schema.fakes import Fakes, recorded
from tests.api.schema.shop import DayTally, Sale, Thing, shop

SCHEMA = core(derive(shop()))
OPERATIONS = Watched(SCHEMA, Settings(aliases_max=500, directives_max=500, cost_max=10**9))
CLASSES = (Thing, Sale, DayTally)
IDS = ["lamp", "book", "chair", "s1", "s2"]
VIEWERS = (ANN, ANN, BOB, NOBODY)


def services(seed: int, *, no_rows: bool, is_showable: bool) -> Fakes:
    """A shop with documents by chance."""
    random = Random(seed)
    fakes = Fakes()
    fakes.documents.no_rows = no_rows
    fakes.documents.passed[3] = random.choice([7, 100])
    for id in random.sample(IDS, 3):
        events = [recorded(f"thing-{id}", each, b'{"a": [1, null]}') for each in range(1, 5)]
        fakes.dispatcher.streams[f"thing-{id}"] = events
    for cls in CLASSES:
        for id in random.sample(IDS, random.randint(0, len(IDS))):
            fakes.documents.put(made(cls, random, is_showable=is_showable, id=id))
    return fakes


async def answers(operation: Operation, fakes: Fakes, viewer: Viewer, *, compiled: bool) -> Any:
    """What the client is told, all of it."""
    request: Request[Any] = Request(Session(viewer), fakes)
    try:
        plan = planned(OPERATIONS, operation, compiled=compiled)
        if not operation.text.startswith("subscription"):
            return told([await OPERATIONS.execute(plan, request)])
        return told(await pushed(OPERATIONS.subscribe(plan, request), fakes))
    except RequestError as error:
        return error.errors


async def pushed(source: AsyncGenerator[Result, None], fakes: Fakes) -> list[Result]:
    """What is pushed while three documents change, one after another."""
    random = Random(7)
    results: list[Result] = []
    async with aclosing(source):
        for _ in range(4):
            coming = asyncio.ensure_future(anext(source, None))
            for _ in range(200):  # everything is in memory: what comes is there by then
                if coming.done():
                    break
                await asyncio.sleep(0)
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
                break
            result = coming.result()
            if result is None:
                break
            results.append(result)
            fakes.documents.put(made(random.choice(CLASSES), random, id=random.choice(IDS)))
    return results


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # graphql-core leaves tasks
@pytest.mark.parametrize("kind", ["query", "mutation", "subscription"])
@pytest.mark.parametrize("no_rows", [False, True], ids=["rows", "documents"])
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), is_showable=st.booleans())
async def test_what_is_compiled_answers_as_graphql_core_does(
    kind: str, no_rows: bool, seed: int, is_showable: bool
) -> None:
    random = Random(seed)
    operation = OperationMaker(SCHEMA, random, IDS).of(kind)
    viewer = random.choice(VIEWERS)

    def fresh() -> Fakes:
        return services(seed, no_rows=no_rows, is_showable=is_showable)

    services_a, services_b = fresh(), fresh()
    expected = await answers(operation, services_a, viewer, compiled=False)
    asked = OPERATIONS.asked
    found = await answers(operation, services_b, viewer, compiled=True)

    assert found == expected, operation
    assert services_b.dispatcher.sent == services_a.dispatcher.sent, operation
    if kind != "subscription" and is_showable and found[1:] == ([()],):
        assert OPERATIONS.asked == asked, operation  # the plan did not give up
