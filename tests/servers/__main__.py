"""`python -m tests.servers`: a real Kafka and a real MongoDB for a person, until Ctrl-C."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.kafka import KafkaServer
from tests.servers.mongo import MongoServer
from tests.servers.process import NoServer

USAGE = "python -m tests.servers [FOLDER]    (what FOLDER holds stays; without one it goes)"
ENDING = {signal.SIGINT, signal.SIGTERM}
DATABASE = "headrace"


def main(arguments: list[str]) -> int:
    """Start both servers, print what to pass, and stop them on Ctrl-C."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(USAGE, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _running(Path(arguments[0]).resolve() if arguments else None) as (kafka, mongo):
            # Waited for, not handled: whoever asks a second time must not break off the stopping.
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
            uri = mongo.uri_of(DATABASE)
            print(f"headrace serve --kafka {kafka.bootstrap} --mongo '{uri}'", flush=True)
            print("\nCtrl-C stops both.", flush=True)
            signal.sigwait(ENDING)
    except NoServer as fault:
        print(fault, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def _running(folder: Path | None) -> Generator[tuple[KafkaServer, MongoServer]]:
    """Both of them; Kafka starts while MongoDB does."""
    kafka = KafkaServer(folder and folder / "kafka")
    mongo = MongoServer(folder and folder / "mongo")
    try:
        kafka.launch()
        mongo.start()
        kafka.until_it_serves()
        yield kafka, mongo
    finally:
        mongo.stop()
        kafka.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
