"""A real replica set: three members, of which one is primary, and any of which may die."""

import tempfile
import time
from pathlib import Path
from typing import Any

from pymongo.errors import OperationFailure, PyMongoError

from tests.servers.mongo import SET, MongoServer
from tests.servers.process import NoServer

MEMBERS = 3
START_S_MAX = 60.0
SETTINGS = {
    # A member that only waits for its turn of a busy processor is not dead.
    "electionTimeoutMillis": 3000,
    "heartbeatIntervalMillis": 500,
}
_SERVING = ("PRIMARY", "SECONDARY")


class MongoSet:
    """Three mongods, from `start` to `stop`; one may be killed at a time, and started again."""

    def __init__(self, directory: Path | None = None) -> None:
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="headrace-")
        folder = directory or Path(self._temporary.name if self._temporary else "")
        self.members = [MongoServer(folder / str(each)) for each in range(MEMBERS)]

    @property
    def _hosts(self) -> list[str]:
        return [f"127.0.0.1:{each.port}" for each in self.members]

    @property
    def uri(self) -> str:
        """What a client is given."""
        return self.uri_of("")

    def uri_of(self, database: str) -> str:
        """What a client is given that is to use this database: every member."""
        return f"mongodb://{','.join(self._hosts)}/{database}?replicaSet={SET}"

    def start(self) -> "MongoSet":
        """Start those that are down, until one is primary and the others follow. Raises NoServer.

        They end with the thread that does it.
        """
        try:
            for each in self.members:
                if not each.is_launched:
                    each.launch()
            self._until_whole()
        except BaseException:
            self.stop()
            raise
        return self

    def _until_whole(self) -> None:
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            states = self._states()
            if states.count("PRIMARY") == 1 and set(states) <= set(_SERVING):
                return
            time.sleep(0.05)
        raise NoServer(f"the replica set was not whole after {START_S_MAX:g} s: {self._states()}")

    def _states(self) -> list[str]:
        """Those of the members as the first knows them; none where it does not answer."""
        with self.members[0].direct() as client:
            try:
                status = client.admin.command("replSetGetStatus")
                return [each["stateStr"] for each in status["members"]]
            except OperationFailure:  # nobody has told them of each other
                self._initiate(client.admin)
                return []
            except PyMongoError:
                return []

    def _initiate(self, admin: Any) -> None:
        members = [{"_id": number, "host": host} for number, host in enumerate(self._hosts)]
        given = {"_id": SET, "members": members, "settings": SETTINGS}
        try:
            admin.command("replSetInitiate", given)
        except PyMongoError:  # not all of them listen yet
            return

    def primary(self) -> MongoServer:
        """The member that is written to, once there is one. Raises NoServer."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            for each in self.members:
                with each.direct() as client:
                    try:
                        if client.admin.command("hello")["isWritablePrimary"]:
                            return each
                    except PyMongoError:  # it is down
                        continue
            time.sleep(0.05)
        raise NoServer(f"no member of the replica set was primary after {START_S_MAX:g} s")

    def stop(self) -> None:
        """End all of them, and remove what they kept."""
        for each in self.members:
            each.kill()  # in order they would wait for each other, and what they hold goes
        if self._temporary is not None:
            self._temporary.cleanup()
