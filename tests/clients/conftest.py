"""A server as users start it: `headrace serve` in a process of its own, in development mode."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

START_S_MAX = 60.0
STOP_S_MAX = 30.0
POLL_S = 0.05


@dataclass(frozen=True)
class Headrace:
    """A server that runs: where it is, its ready tokens by role, and its process."""

    port: int
    tokens: dict[str, str]
    process: "subprocess.Popen[bytes]"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    def kill(self) -> None:
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_S_MAX)


@contextmanager
def headrace(data: Path, port: int = 0) -> Generator[Headrace]:
    """Serves the shipped contexts from `data` until the block ends. Raises AssertionError where
    the server ends at its start, or says nothing for a minute."""
    data.mkdir(exist_ok=True)
    log = data / "server.log"
    command = [sys.executable, "-m", "api.cli", "serve", "--data", str(data), "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        said = _until_served(process, log)
        tokens = dict(re.findall(r"^  (\w+): (\S+\.\S+\.\S+)$", said, re.MULTILINE))
        yield Headrace(int(re.findall(r"serves at http://.*?:(\d+)", said)[0]), tokens, process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        finally:
            process.kill()


def _until_served(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_S_MAX
    while "Headrace serves at" not in (said := log.read_text("utf-8")):
        assert process.poll() is None, f"the server ended at its start:\n{said}"
        assert time.monotonic() < deadline, f"the server does not come up:\n{said}"
        time.sleep(POLL_S)
    return said


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    """One server for the tests of a module; each takes products of its own."""
    with headrace(tmp_path_factory.mktemp("headrace") / "var") as running:
        yield running
