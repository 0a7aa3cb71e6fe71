"""A winter of the library from a file: what time did by itself, served, and built anew."""

import json
from datetime import datetime
from pathlib import Path

from tests.examples.library.facts import day
from tests.histories import line
from tests.serving import Json, ProcessServer, delete_documents, headrace, running_server

MODEL = "tests.examples.library.model:model"


def at(number: int) -> str:
    return day(number).isoformat().replace("+00:00", "Z")


def winter() -> list[Json]:
    """Ann is late; who waits is called, does not come, and is not waited for."""

    def sent(on: datetime, command: str, **input: object) -> Json:
        return line(on, command, f"{command}-{on}-{input['copy']}", **input)

    return [
        sent(day(0), "AcquireCopy", copy="c-1", title="Dune"),
        sent(day(0), "AcquireCopy", copy="c-2", title="Emma", shelfmark="F 3"),
        sent(day(1), "LendCopy", copy="c-1", reader="ann"),
        sent(day(1), "LendCopy", copy="c-2", reader="ann"),
        sent(day(2), "ReserveCopy", copy="c-1"),
        sent(day(30), "ReturnCopy", copy="c-1"),
        sent(day(40), "LendCopy", copy="c-1", reader="cem"),
    ]


EVERYTHING = """{
  copies(orderBy: [{ field: ID }]) { nodes { id shelfmark status dueAt waiting } }
  loans(orderBy: [{ field: LENT_AT }]) { nodes { reader lentAt dueAt returnedAt } }
  overdueLoans { nodes { copy reader dueAt } }
  notices(orderBy: [{ field: SENT_AT }]) { nodes { reader kind status copy until sentAt } }
  lendingDays(orderBy: [{ field: ID }]) { nodes { id lent returned } }
}"""


async def test_a_winter_passes_in_its_own_time_and_is_told_the_same_when_built_anew(
    tmp_path: Path,
) -> None:
    data, file = tmp_path / "data", tmp_path / "winter.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in winter()))
    settings = {"MODEL": MODEL, "DATA": str(data)}
    status, output, errors = await headrace("import", str(file), **settings)
    assert status == 0, errors
    assert output.startswith("7 commands accepted, 0 of them were there before; 0 refused")

    async def look(server: ProcessServer) -> Json:
        return await server.data(EVERYTHING, token=server.token("lib-1", "librarian"))

    async with running_server(data, MODEL=MODEL) as server:
        seen = await look(server)
    assert seen["copies"]["nodes"] == [
        {"id": "c-1", "shelfmark": "", "status": "LENT", "dueAt": at(61), "waiting": 0},
        {"id": "c-2", "shelfmark": "F 3", "status": "LENT", "dueAt": at(22), "waiting": 0},
    ]
    assert seen["overdueLoans"]["nodes"] == [{"copy": "c-2", "reader": "ann", "dueAt": at(22)}]
    assert sorted(map(told, seen["notices"]["nodes"])) == [
        ("ann", "BRING_BACK", "c-1", "CLOSED", at(22), at(22)),
        ("ann", "BRING_BACK", "c-2", "OPEN", at(22), at(22)),
        ("import", "COLLECT", "c-1", "CLOSED", at(33), at(30)),
    ]
    assert [(each["lent"], each["returned"]) for each in seen["lendingDays"]["nodes"]] == [
        (2, 0), (0, 1), (1, 0),
    ]  # fmt: skip

    delete_documents(data)
    async with running_server(data, MODEL=MODEL) as server:
        assert await look(server) == seen


def told(notice: Json) -> tuple[str, ...]:
    return tuple(notice[each] for each in ("reader", "kind", "copy", "status", "until", "sentAt"))
