"""A replica set of three of which the primary falls: another takes over, and nothing is missed."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from readmodels.query import EVERYTHING
from tests.readmodels.cabinet import QUICK, Place, mongo_workshop
from tests.readmodels.gallery import TELLER, Follower
from tests.readmodels.workshop import EVENTS, is_right
from tests.sample import Account
from tests.servers.mongo import MongoServer
from tests.servers.mongo_set import MongoSet
from tests.servers.process import NoServer
from tests.servers.shared import new_database, no_server


@pytest.fixture(scope="module")
def members() -> Iterator[MongoSet]:
    found = MongoSet()
    try:
        found.start()
    except NoServer as fault:
        no_server(fault)
    yield found
    found.stop()


def steps_down(primary: MongoServer) -> None:
    """As an administrator has it do before an upgrade."""
    with primary.direct() as client:
        try:
            client.admin.command("replSetStepDown", 10, secondaryCatchUpPeriodSecs=5)
        except AutoReconnect:  # it cuts its connections
            return


def stays(primary: MongoServer) -> None:
    """It serves as one of the others."""
    assert primary.is_launched


Deed = Callable[[MongoServer], None]


@pytest.mark.parametrize(
    ("falls", "rises"),
    [
        pytest.param(MongoServer.kill, MongoServer.launch, id="is killed"),
        pytest.param(MongoServer.freeze, MongoServer.thaw, id="hangs"),
        pytest.param(steps_down, stays, id="steps down"),
    ],
)
@pytest.mark.usefixtures("soon")
async def test_another_primary_is_written_to_and_followed(
    members: MongoSet, tmp_path: Path, falls: Deed, rises: Deed
) -> None:
    place = Place(members.uri + QUICK, new_database())
    async with mongo_workshop(tmp_path, place) as shop:
        following = shop.documents.watch_changes(Account, EVERYTHING, TELLER)
        await shop.feed.until_built(shop.collection("Account"))
        async with aclosing(following) as messages:
            follower = Follower(messages)
            await follower.next()
            half = len(EVENTS) // 2
            await shop.record(*EVENTS[:half])
            primary = members.primary()
            falls(primary)
            try:
                await shop.record(*EVENTS[half:])
                await is_right(shop)  # while who fell is away
            finally:
                rises(primary)
            members.start()
            assert members.primary() is not primary
            expected = await shop.shown()
            await follower.until(lambda seen: seen == expected)
            assert [message.reset for message in follower.received].count(True) == 1
