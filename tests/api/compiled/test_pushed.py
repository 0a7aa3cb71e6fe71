"""What is pushed to many is encoded once, and only what is the same for all of them."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from api.execution import Operations, Params
from domain.rules import Viewer
from readmodels.clinical.chart_page import ChartPage
from tests.api.compiled.documents import made
from tests.api.compiled.shipping import Shipped, opened, operations

ANN, BOB = Viewer("ann"), Viewer("bob")
PAGE = "subscription($id: ID!) { chartPage(id: $id) { id patient page } }"


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Shipped]:
    async with opened(tmp_path) as clinic:
        yield clinic


def page(id: str, seen_by: Viewer) -> ChartPage:
    team = (seen_by.subject,)
    made_page: ChartPage = made(
        ChartPage, Random(1), id=id, patient=id, page=1, care_team=team, emergency=()
    )
    return made_page


async def first(operations: Operations, clinic: Shipped, viewer: Viewer, id: str) -> Any:
    """What the viewer is shown first."""
    planned = operations.plan(Params(PAGE, variables={"id": id}))
    async with aclosing(operations.subscribe(planned, clinic.request(viewer))) as results:
        return json.loads((await anext(results)).body)


async def test_nobody_is_pushed_the_page_of_another_patient(clinic: Shipped) -> None:
    await clinic.put(page("adam", ANN), page("bert", BOB))
    asked = operations()
    for _ in range(2):
        of_ann = await first(asked, clinic, ANN, "adam")
        of_bob = await first(asked, clinic, BOB, "bert")
        assert of_ann == {"data": {"chartPage": {"id": "adam", "patient": "adam", "page": 1}}}
        assert of_bob == {"data": {"chartPage": {"id": "bert", "patient": "bert", "page": 1}}}


async def followed(operations: Operations, clinic: Shipped, viewer: Viewer, id: str) -> Any:
    """What the viewer is shown first over a socket."""
    planned = operations.plan(Params(PAGE, variables={"id": id}))
    live = operations.live(planned, clinic.request(viewer))
    if live is None:  # the first time
        return None
    with (await live.opened())(wake=lambda: None) as follower:
        await follower.begin()
        body = live.encoded(follower.take())
        assert body is not None
        return json.loads(body)["data"]["chartPage"]["id"]


async def test_nobody_follows_the_page_of_another_patient(clinic: Shipped) -> None:
    await clinic.put(page("adam", ANN), page("bert", BOB))
    asked = operations()
    await followed(asked, clinic, ANN, "adam")
    assert await followed(asked, clinic, ANN, "adam") == "adam"
    assert await followed(asked, clinic, BOB, "bert") == "bert"
