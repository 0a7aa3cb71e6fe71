"""The library behind a real server: mutations, queries, live inboxes, and who may see what."""

from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.serving import Json, ProcessServer, running_server
from tests.shop import mutation
from tests.subscribing import subscribed

MODEL = "tests.examples.library.model:model"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def library(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ProcessServer]:
    directory = tmp_path_factory.mktemp("library") / "data"
    async with running_server(directory, MODEL=MODEL) as server:
        yield server


async def send(
    library: ProcessServer, name: str, input: Json, sub: str, role: str, query: str = "__typename"
) -> Json:
    """What became of a command."""
    data = await library.data(mutation(name, query), {"input": input}, library.token(sub, role))
    result: Json = data["result"]
    return result


async def lent_to_ann(library: ProcessServer) -> str:
    """A copy that ann has."""
    copy = f"copy-{uuid4().hex[:12]}"
    for name, more in (("acquireCopy", {"title": "Dune"}), ("lendCopy", {"reader": "ann"})):
        done = await send(library, name, {"copy": copy, **more}, "lib-1", "librarian")
        assert done["__typename"] == "Accepted", done
    return copy


async def test_a_reader_who_waits_is_told_by_a_push_when_the_copy_is_back(
    library: ProcessServer,
) -> None:
    copy = await lent_to_ann(library)
    shown = f'copy(id: "{copy}") {{ status waiting }}'
    reserved = await send(library, "reserveCopy", {"copy": copy}, "bob", "reader", shown)
    assert reserved["query"]["copy"] == {"status": "LENT", "waiting": 1}
    inbox = """subscription { notices(where: { status: { eq: OPEN } }) {
        nodes { id reader kind copy title } } }"""
    bob = library.token("bob", "reader")
    async with subscribed(library.socket_url, inbox, token=bob) as notices:
        assert await notices.next() == {"notices": {"nodes": []}}
        await send(library, "returnCopy", {"copy": copy}, "lib-1", "librarian")
        told = await notices.next()
        (notice,) = told["notices"]["nodes"]
        assert notice == {
            "id": reserved["events"][0]["data"]["reservation"],
            "reader": "bob", "kind": "COLLECT", "copy": copy, "title": "Dune",
        }  # fmt: skip
        await send(library, "lendCopy", {"copy": copy, "reader": "bob"}, "lib-1", "librarian")
        assert await notices.next() == {"notices": {"nodes": []}}
