"""What links lead to is read level by level, whatever number of pages a level has."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from api.compiled import plan as module
from domain.rules import Viewer
from readmodels.store import Select
from tests.api.compiled.answers import planned
from tests.api.compiled.documents import made
from tests.api.compiled.operations import Operation
from tests.api.compiled.shipping import MODEL, Shipped, opened, operations

BOUGHT = """{ customerHistories(first: 10) { nodes { id purchases(first: 2) {
    totalCount nodes { id } edges { cursor node { id customer } } pageInfo { endCursor } } } } }"""
SIGNALS = "{ suggestions(first: 10) { edges { node { id productShown { id name } } } } }"
VIEWER = Viewer("ann", MODEL.roles)
OPERATIONS = operations()
CLASSES = {each.__name__: each for each in MODEL.shown}


async def fill(shop: Shipped) -> None:
    random = Random(1)
    for number in range(10):
        await shop.put(made(CLASSES["CustomerHistory"], random, id=f"c{number}"))
        await shop.put(made(CLASSES["Product"], random, id=f"p{number}"))
        given: Any = {"id": f"s{number}", "product": f"p{number % 7}"}
        await shop.put(made(CLASSES["Suggestion"], random, **given))
        for of in range(number % 4):
            given = {"id": f"o{number}-{of}", "customer": f"c{number}"}
            await shop.put(made(CLASSES["Order"], random, **given))


async def answer(shop: Shipped, text: str, *, compiled: bool) -> Any:
    plan = planned(OPERATIONS, Operation(text, {}), compiled=compiled)
    return json.loads((await OPERATIONS.execute(plan, shop.request(VIEWER))).body)


async def test_a_level_of_links_is_one_read_or_a_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as shop:
        await fill(shop)
        sizes: list[int] = []
        reading = shop.store.read

        async def read(selects: list[Select]) -> Any:
            sizes.append(len(selects))
            return await reading(selects)

        monkeypatch.setattr(shop.store, "read", read)
        for text, expected in ((BOUGHT, [1, 10]), (SIGNALS, [1, 7])):
            sizes.clear()
            found = await answer(shop, text, compiled=True)
            assert sizes == expected
            assert found == await answer(shop, text, compiled=False)
            assert "errors" not in found
        monkeypatch.setattr(module, "LINKS_AT_ONCE_MAX", 4)
        sizes.clear()
        assert await answer(shop, BOUGHT, compiled=True) == await answer(
            shop, BOUGHT, compiled=False
        )
        assert sizes == [1, 4, 4, 2]
