"""A loss of power: images of a busy server's files come up whole, and subscribers go on from them.

An image is taken of a frozen server, so it is what the disk would hold at that instant, but for
what a disk may lose: the newest commits of the documents, and the end of a write to the log.
"""

import asyncio
from pathlib import Path
from random import Random

import pytest

from tests.crash.images import frozen, lose_last_writes, take_image, tear_log
from tests.crash.ledger import check_answers
from tests.crash.living import check, check_all, come_back, living
from tests.crash.people import Sent
from tests.crash.quiet import work_of
from tests.crash.watchers import Watcher
from tests.crash.world import World
from tests.serving import running_server
from tests.shop import Shop

APART_S = 0.7


@pytest.mark.parametrize("count", [2, pytest.param(10, marks=pytest.mark.soak)])
async def test_images_of_a_busy_server_come_up_whole(tmp_path: Path, seed: int, count: int) -> None:
    random = Random(seed)
    directory = tmp_path / "data"
    images: list[tuple[Path, list[Sent], list[Watcher]]] = []
    async with living(seed) as life, running_server(directory) as server:
        life.world.rises(server)
        for number in range(count):
            await asyncio.sleep(APART_S + random.random() / 2)
            image = tmp_path / f"image-{number}"
            with frozen(server):
                take_image(server, image)
            watching = [each.copy() for each in life.watching]
            images.append((image, [*life.books.sent], watching))
        await life.ends(work_of(server))
        assert await server.terminate() == 0
    await check(directory, life.books)
    for image, sent, watching in images:
        lost = lose_last_writes(image, random)
        tear_log(image, random)
        print(f"{image.name}: {lost} bytes of the documents are lost")
        await goes_on(image, sent, watching)


async def goes_on(image: Path, sent: list[Sent], watching: list[Watcher]) -> None:
    """A server on the image has all that was accepted, and subscribers find what they need.

    New changes come before them: whoever takes a cursor of commits that are lost for one of these
    would miss them.
    """
    world = World()
    async with running_server(image) as server:
        world.rises(server)
        shop = Shop(server)
        for product in {each.input["product"] for each in sent if each.name == "listProduct"}:
            for _ in range(3):
                await shop.send("restockProduct", {"product": product, "quantity": 1})
        await come_back(world, watching, work_of(server))
    events = await check_all(image)
    check_answers(events, sent)
