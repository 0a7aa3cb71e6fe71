"""An import that is killed and run again ends where one run would have."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eventlog.envelope import Recorded
from tests.crash.documents import documents_of
from tests.crash.ledger import read_log
from tests.crash.living import check_all
from tests.histories import write_history
from tests.serving import HEADRACE, headrace


def by_stream(events: Sequence[Recorded]) -> dict[str, list[Any]]:
    """What the log says, without the ids that each run makes anew."""
    found: dict[str, list[Any]] = {}
    for each in events:
        what = (each.version, each.at, each.command_id if each.actor == "import" else "")
        found.setdefault(each.stream, []).append((*what, each.event))
    return found


async def kill_in_the_middle(file: Path, data: Path) -> None:
    """Start an import and kill it at some instant."""
    process = await asyncio.create_subprocess_exec(
        HEADRACE, "import", str(file), "--data", str(data),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(random.uniform(0.5, 3)):
            await process.wait()
    except TimeoutError:
        process.kill()
    finally:
        await process.wait()


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)])
async def test_an_import_that_is_killed_and_run_again_ends_as_one_run_does(
    tmp_path: Path, kills: int
) -> None:
    file, once, often = tmp_path / "history.jsonl", tmp_path / "once", tmp_path / "often"
    write_history(file, count=40)
    for _ in range(kills):
        await kill_in_the_middle(file, often)
    for data in (often, once):
        status, output, errors = await headrace("import", str(file), "--data", str(data))
        assert status == 0, errors
        assert "0 refused" in output

    events = await check_all(often)
    assert by_stream(events) == by_stream(await read_log(once))
    assert await documents_of(often) == await documents_of(once)
