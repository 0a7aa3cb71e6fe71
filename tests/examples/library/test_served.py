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
    """A copy that ann has, as her loans show."""
    copy = f"c-{uuid4().hex[:12]}"
    for name, more in (("acquireCopy", {"title": "Dune"}), ("lendCopy", {"reader": "ann"})):
        shown = "loans(first: 1) { totalCount }"
        done = await send(library, name, {"copy": copy, **more}, "lib-1", "librarian", shown)
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


async def codes(library: ProcessServer, query: str, *who: str) -> list[str]:
    """The codes of an answer's errors, for a subject with roles, or without a token."""
    answer = await library.graphql(query, token=library.token(*who) if who else None)
    return [each["extensions"]["code"] for each in answer.get("errors", ())]


LIBRARIAN, ANN, NOBODY = ("lib-1", "librarian"), ("ann", "reader"), ()


@pytest.mark.parametrize(
    ("documents", "for_readers", "for_nobody"),
    [
        ("copies", [], []),
        ("loans", [], ["UNAUTHENTICATED"]),
        ("notices", [], ["UNAUTHENTICATED"]),
        ("overdueLoans", ["FORBIDDEN"], ["UNAUTHENTICATED"]),
        ("lendingDays", ["FORBIDDEN"], ["UNAUTHENTICATED"]),
    ],
)
async def test_who_may_list_what(
    library: ProcessServer, documents: str, for_readers: list[str], for_nobody: list[str]
) -> None:
    query = f"{{ {documents} {{ totalCount nodes {{ id }} }} }}"
    assert await codes(library, query, *LIBRARIAN) == []
    assert await codes(library, query, *ANN) == for_readers
    assert await codes(library, query, *NOBODY) == for_nobody


async def test_a_reader_sees_own_loans_only_whatever_is_asked(library: ProcessServer) -> None:
    copy = await lent_to_ann(library)
    query = '{ loans(where: { reader: { eq: "ann" } }, first: 500) { nodes { id copy } } }'
    hers = (await library.data(query, token=library.token(*ANN)))["loans"]["nodes"]
    (loan,) = [each["id"] for each in hers if each["copy"] == copy]
    eve = library.token("eve", "reader")
    assert (await library.data(query, token=eve))["loans"]["nodes"] == []
    one = f'{{ loan(id: "{loan}") {{ id }} }}'
    assert await library.data(one, token=eve) == {"loan": None}
    assert await library.data(one, token=library.token(*ANN)) == {"loan": {"id": loan}}


async def test_who_may_send_what(library: ProcessServer) -> None:
    copy = await lent_to_ann(library)
    back = f'mutation {{ returnCopy(input: {{ copy: "{copy}" }}) {{ __typename }} }}'
    reserve = f'mutation {{ reserveCopy(input: {{ copy: "{copy}" }}) {{ __typename }} }}'
    assert await codes(library, back, *ANN) == ["FORBIDDEN"]
    assert await codes(library, back, *NOBODY) == ["UNAUTHENTICATED"]
    assert await codes(library, reserve, *LIBRARIAN) == ["FORBIDDEN"]
    printed = "{ __schema { mutationType { fields { name } } } }"
    fields = (await library.data(printed))["__schema"]["mutationType"]["fields"]
    assert {each["name"] for each in fields} == {
        "acquireCopy", "lendCopy", "returnCopy", "reserveCopy", "cancelReservation",
        "declineNotice",
    }  # fmt: skip


async def test_a_no_of_the_domain_is_data(library: ProcessServer) -> None:
    copy = await lent_to_ann(library)
    no = await send(library, "reserveCopy", {"copy": copy}, *ANN)
    assert (no["code"], no["message"]) == ("YOURS", f"copy {copy} is yours already")


async def test_the_history_of_a_copy_is_for_librarians(library: ProcessServer) -> None:
    copy = await lent_to_ann(library)
    query = f'{{ history(stream: "copy-{copy}") {{ nodes {{ type version data }} }} }}'
    found = await library.data(query, token=library.token(*LIBRARIAN))
    events = found["history"]["nodes"]
    assert [each["type"] for each in events] == ["library.CopyAcquired", "library.CopyLent"]
    assert events[1]["data"]["reader"] == "ann"
    assert await codes(library, query, *ANN) == ["FORBIDDEN"]


async def test_a_reader_who_declines_leaves_the_copy_to_the_next(library: ProcessServer) -> None:
    copy = await lent_to_ann(library)
    for reader in ("dan", "fay"):
        await send(library, "reserveCopy", {"copy": copy}, reader, "reader")
    mine = "subscription { notices { nodes { id copy status } } }"
    async with (
        subscribed(library.socket_url, mine, token=library.token("fay", "reader")) as fays,
        subscribed(library.socket_url, mine, token=library.token("dan", "reader")) as dans,
    ):
        await send(library, "returnCopy", {"copy": copy}, *LIBRARIAN)
        told = await dans.until(lambda data: bool(_about(data, copy)))
        (notice,) = _about(told, copy)
        no = await send(library, "declineNotice", {"notice": notice["id"]}, "fay", "reader")
        assert no["code"] == "NOTICE_UNKNOWN"
        await send(library, "declineNotice", {"notice": notice["id"]}, "dan", "reader")
        await fays.until(lambda data: bool(_about(data, copy)))


def _about(data: Json, copy: str) -> list[Json]:
    return [each for each in data["notices"]["nodes"] if each["copy"] == copy]
