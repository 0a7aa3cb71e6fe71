"""What is pushed to many is encoded once, and only what is the same for all of them."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from random import Random

import pytest

from api.execution import Params
from domain.rules import Viewer
from readmodels.clinical.chart_page import ChartPage
from readmodels.commerce.low_stock_item import LowStockItem
from tests.api.compiled.answers import told
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


async def test_nobody_is_pushed_the_page_of_another_patient(clinic: Shipped) -> None:
    await clinic.put(page("adam", ANN), page("bert", BOB))
    asked = operations()
    async with AsyncExitStack() as open_ones:
        for viewer, id in ((ANN, "adam"), (BOB, "bert")) * 2:
            planned = asked.plan(Params(PAGE, variables={"id": id}))
            pushed = asked.subscribe(planned, clinic.request(viewer))
            results = await open_ones.enter_async_context(aclosing(pushed))
            shown = json.loads((await anext(results)).body)["data"]["chartPage"]
            assert shown == {"id": id, "patient": id, "page": 1}


async def test_what_cannot_be_shown_of_a_page_is_told_over_a_socket_as_everywhere(
    clinic: Shipped,
) -> None:
    text = "subscription { lowStockItems { nodes { id available } pageInfo { hasNextPage } } }"
    await clinic.put(made(LowStockItem, Random(1), id="lamp", available=2**40))
    asked, viewer = operations(), Viewer("ann", frozenset({"clerk"}))
    planned = asked.plan(Params(text))
    async with aclosing(asked.subscribe(planned, clinic.request(viewer))) as results:
        expected = told([await anext(results)])
    live = asked.live(planned, clinic.request(viewer))
    assert live is not None
    with (await live.opened())(wake=lambda: None) as follower:
        await follower.begin()
        pushed = follower.take()
    assert live.encoded(pushed) is None
    assert told([await live.told(pushed)]) == expected
