"""How a server is asked: once, for its answer, or by a load in a process of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.engines import folder
from benchmarks.measuring import Tail
from benchmarks.processes import process
from benchmarks.reads_operations import Operation

CONNECTIONS = 50
FILLING_S_MAX = 60.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a load has seen: answers, how many a second, and how long they took."""

    answers: int
    per_second: float
    tail: Tail


async def load(url: str, operation: Operation, seconds: float, rate: float = 0.0) -> Seen:
    """So many seconds of an operation, at a rate or as fast as its answers come.

    Raises RuntimeError where an answer is an error.
    """
    return await _load(url, operation.bodies(), operation.is_repeated, seconds, rate)


async def send_once(url: str, bodies: Sequence[str]) -> None:
    """Send each request once. Raises RuntimeError where an answer is an error."""
    await _load(url, bodies, False, FILLING_S_MAX, 0.0)


async def _load(
    url: str, bodies: Sequence[str], is_repeated: bool, seconds: float, rate: float
) -> Seen:
    with folder() as directory:
        file = directory / "bodies.json"
        file.write_text(json.dumps(bodies), "utf-8")
        often = "again" if is_repeated else "once"
        arguments = [url, str(file), str(CONNECTIONS), str(seconds), often, str(rate)]
        async with process("benchmarks.reads_load", *arguments) as started:
            out, _ = await started.communicate()
    told: dict[str, Any] = json.loads(out)
    if "fault" in told:
        raise RuntimeError(f"{url}: {told['fault']}")
    answers, per_second = told.pop("answers"), told.pop("per_second")
    return Seen(answers=answers, per_second=per_second, tail=Tail(**told))


async def asked(http: httpx.AsyncClient, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The data of one answer. Raises RuntimeError where it is an error."""
    response = await http.post(f"{url}/graphql", json=body)
    if response.status_code != 200 or '"errors"' in response.text:
        raise RuntimeError(f"{url}: {response.status_code} {response.text}")
    data: dict[str, Any] = response.json()["data"]
    return data
