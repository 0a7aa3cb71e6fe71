"""A real `headrace serve` for the tests: a process of its own on a free loopback port.

It is started, spoken to over sockets, killed or stopped, and ended by its process id in any case.
What it prints goes to a file beside its data, and into the message of whatever went wrong.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from api.auth import Authenticator, authenticator_from
from api.settings import settings_from
from tests.alone import COMMERCE

__all__ = [
    "HEADRACE",
    "Json",
    "ProcessServer",
    "delete_documents",
    "fresh",
    "headrace",
    "running_server",
    "started",
]

HEADRACE = Path(sys.executable).with_name("headrace")
START_S = 60.0
STOP_S = 180.0
REQUEST_S = 30.0
LOG_CHARS_SHOWN = 6_000
POLL_S = 0.02

_ADDRESS = re.compile(r"^Headrace serves at (http://\S+)", re.MULTILINE)

Json = dict[str, Any]


def fresh(kind: str) -> str:
    """An id that nothing else on a server has."""
    return f"{kind}-{uuid4().hex[:12]}"


@dataclass
class ProcessServer:
    """A server that runs as a process of its own, and how to reach it."""

    directory: Path
    process: asyncio.subprocess.Process
    log: Path
    url: str
    authenticator: Authenticator
    http: httpx.AsyncClient

    @property
    def socket_url(self) -> str:
        """Where graphql-transport-ws is spoken."""
        return self.url.replace("http://", "ws://") + "/graphql"

    def token(self, sub: str, *roles: str, ttl: timedelta = timedelta(hours=1)) -> str:
        """A token that this server takes, for a subject with these roles."""
        return self.authenticator.sign(sub, roles, ttl)

    async def graphql(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Json:
        """The whole answer, errors and all, of one operation by POST."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = json.dumps({"query": query, "variables": dict(variables or {})})
        response = await self.http.post("/graphql", content=body, headers=headers)
        answer: Json = response.json()
        return answer

    async def data(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Json:
        """The data of an operation that must have no errors."""
        answer = await self.graphql(query, variables, token)
        assert "errors" not in answer, answer["errors"]
        found: Json = answer["data"]
        return found

    async def metric(self, name: str) -> float:
        """The sample of /metrics with this name, with its labels as they are printed there."""
        text = (await self.http.get("/metrics")).text
        for line in text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise KeyError(f"/metrics has no {name}")

    async def kill(self) -> None:
        """End it as a power button would: SIGKILL, and nothing is finished."""
        await self._end(signal.SIGKILL)

    async def terminate(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop by a signal, wait for it, and give its exit status."""
        return await self._end(by)

    async def _end(self, by: signal.Signals) -> int:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(by)
        try:
            async with asyncio.timeout(STOP_S):
                return await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"it does not end\n{self.printed()}") from None

    def printed(self) -> str:
        """The end of what it and those before it on this directory have printed."""
        return _printed(self.log, 0)[-LOG_CHARS_SHOWN:]


@asynccontextmanager
async def running_server(directory: Path, **env: str) -> AsyncGenerator[ProcessServer]:
    """`headrace serve` over a data directory, ready; `env` are settings, as `PAGE_MAX="10"`.

    It serves commerce alone, unless `MODEL` says otherwise. A test that fails is told what it
    printed. Leaving stops it, with SIGKILL at last.
    """
    env = {"MODEL": COMMERCE, **env}
    log = _log(directory)
    begin = log.stat().st_size if log.exists() else 0
    async with started(directory, **env) as process:
        url = await _ready(process, log, begin)
        authenticator = authenticator_from(settings_from(environ=_environment(directory, env)))
        async with httpx.AsyncClient(base_url=url, timeout=REQUEST_S) as http:
            server = ProcessServer(directory, process, log, url, authenticator, http)
            try:
                yield server
            except Exception as fault:
                fault.add_note(f"The server printed:\n{server.printed()}")
                raise


@asynccontextmanager
async def started(directory: Path, **env: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The process alone, not ready yet."""
    log = _log(directory)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            HEADRACE, "serve", env=_environment(directory, env), stdin=asyncio.subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        await _stop(process)


def delete_documents(directory: Path) -> None:
    """Leave only the log of a directory on which nothing works."""
    for path in directory.glob("documents.sqlite*"):
        path.unlink()


async def headrace(*arguments: str, **env: str) -> tuple[int, str, str]:
    """Run `headrace` with these arguments to its end: its exit status, output and errors."""
    process = await asyncio.create_subprocess_exec(
        HEADRACE, *arguments, env=_environment(None, env), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(STOP_S):
            output, errors = await process.communicate()
    finally:
        await _stop(process)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


def _log(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.log")


def _environment(directory: Path | None, env: Mapping[str, str]) -> dict[str, str]:
    """The environment without the settings of whoever runs the tests, and with these."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    outer.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled anew, it takes a third longer to start
    served = {} if directory is None else {"HEADRACE_PORT": "0", "HEADRACE_DATA": str(directory)}
    return {**outer, **served, **{f"HEADRACE_{name}": value for name, value in env.items()}}


async def _ready(process: asyncio.subprocess.Process, log: Path, begin: int) -> str:
    """The address that the server prints, once /health/ready says yes there."""
    try:
        async with asyncio.timeout(START_S), httpx.AsyncClient() as http:
            while True:
                printed = _printed(log, begin)
                if process.returncode is not None:
                    raise AssertionError(f"the server has ended ({process.returncode}):\n{printed}")
                address = _ADDRESS.search(printed)
                if address is not None:
                    response = await http.get(f"{address[1]}/health/ready")
                    if response.status_code == 200:
                        return address[1]
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        printed = _printed(log, begin)
        raise AssertionError(f"the server does not get ready:\n{printed}") from None


def _printed(log: Path, begin: int) -> str:
    return log.read_bytes()[begin:].decode("utf-8", "replace")


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the process if it still runs, and reap it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S / 2):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    await process.wait()
