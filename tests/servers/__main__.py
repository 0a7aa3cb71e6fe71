"""`python -m tests.servers mongo` or `kafka`: a real server for a person, until Ctrl-C."""

import signal
import sys
import tempfile
import threading
from pathlib import Path

from tests.servers import kafka
from tests.servers.mongo import MongoServer, NoServer

USAGE = (
    "python -m tests.servers mongo|kafka [FOLDER]    (what FOLDER holds stays; without one it goes)"
)


def main(arguments: list[str]) -> int:
    """Start the named server, print what to pass, and stop it on Ctrl-C."""
    if arguments[:1] == ["kafka"] and len(arguments) <= 2:
        return kafka.main(arguments[1:])
    if arguments[:1] != ["mongo"] or len(arguments) > 2:
        print(USAGE, file=sys.stderr)
        return 2
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stopped.set())
    with tempfile.TemporaryDirectory(prefix="headrace-mongo-") as temporary:
        server = MongoServer(Path(arguments[1] if len(arguments) == 2 else temporary))
        try:
            server.start()
        except NoServer as fault:
            print(fault, file=sys.stderr)
            return 1
        print(f"headrace serve --mongo '{server.uri}'\n\nCtrl-C stops it.", flush=True)
        stopped.wait()
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
