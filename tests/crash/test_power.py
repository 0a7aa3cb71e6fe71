"""A loss of power: images of a busy server's files come up whole, and subscribers go on from them.

An image is taken of a frozen server, so it is what the disk would hold at that instant, but for
what a disk may lose: the newest commits of the documents, and the end of a write to the log.
"""

import asyncio
from copy import deepcopy
from pathlib import Path
from random import Random

from tests.crash.images import frozen, lose_last_writes, take_image, tear_log
from tests.crash.ledger import check_answers
from tests.crash.living import check, check_all, living, shows_what_is_asked
from tests.crash.people import Sent
from tests.crash.quiet import until_quiet
from tests.crash.watchers import Watcher
from tests.crash.world import World
from tests.serving import running_server

IMAGES = 3
APART_S = 0.7


async def test_images_of_a_busy_server_come_up_whole(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    directory = tmp_path / "data"
    images: list[tuple[Path, list[Sent], list[Watcher]]] = []
    async with living(seed) as life, running_server(directory) as server:
        life.world.rises(server)
        for number in range(IMAGES):
            await asyncio.sleep(APART_S + random.random() / 2)
            image = tmp_path / f"image-{number}"
            with frozen(server):
                take_image(server, image)
            images.append((image, [*life.books.sent], deepcopy(life.watching)))
        await life.ends(server)
        assert await server.terminate() == 0
    await check(directory, life.books)
    for image, sent, watching in images:
        lost = lose_last_writes(image, random)
        tear_log(image, random)
        print(f"{image.name}: {lost} bytes of the documents are lost")
        await goes_on(image, sent, watching)


async def goes_on(image: Path, sent: list[Sent], watching: list[Watcher]) -> None:
    """A server on the image has all that was accepted, and subscribers find what they need."""
    world = World()
    async with running_server(image) as server, asyncio.TaskGroup() as group:
        world.rises(server)
        subscribed = [group.create_task(each.watch(world)) for each in watching]
        await until_quiet(server)
        for each in watching:
            await shows_what_is_asked(each, server)
        for task in subscribed:
            task.cancel()
    events = await check_all(image)
    check_answers(events, sent)
