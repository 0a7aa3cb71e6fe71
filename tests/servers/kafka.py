"""A real Kafka broker: Apache Kafka as one KRaft node on free loopback ports, in its own folder."""

import asyncio
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from hashlib import blake2b
from pathlib import Path

from eventlog.kafka_client import Cluster, KafkaError

ROOT = Path(__file__).parent.parent.parent
POM = Path(__file__).parent / "pom.xml"
FILES = ROOT / ".servers" / "kafka"
"""Where Maven copies Kafka to, once for each state of the pom."""
HOW_TO_GET = (
    "no Kafka: it needs java 17 or newer and mvn (Debian: openjdk-17-jre-headless, maven), "
    "or name a broker by HEADRACE_TEST_KAFKA"
)
CLUSTER = "aGVhZHJhY2UtdGVzdHMtMQ"
START_S_MAX = 60.0
STOP_S_MAX = 30.0
FETCH_S_MAX = 600.0
ENDING = {signal.SIGINT, signal.SIGTERM}
_PR_SET_PDEATHSIG = 1

CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={directory}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.cleaner.dedupe.buffer.size=8388608
log.index.size.max.bytes=1048576
broker.heartbeat.interval.ms=100
broker.session.timeout.ms=1000
initial.broker.registration.timeout.ms=60000
num.network.threads=2
num.io.threads=4
"""


class NoServer(Exception):
    """There is no Kafka here; the message says how to get one."""


def libraries() -> Path:
    """The folder of Kafka's jars, copied by Maven when missing. Raises NoServer."""
    digest = blake2b(POM.read_bytes(), digest_size=6).hexdigest()
    found = FILES / f"lib-{digest}"
    if shutil.which("java") is None or not (found.exists() or shutil.which("mvn")):
        raise NoServer(HOW_TO_GET)
    FILES.mkdir(parents=True, exist_ok=True)
    with (FILES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            _copy(found)
    return found


def _copy(to: Path) -> None:
    """Whole or not at all: another session may look at any time."""
    with tempfile.TemporaryDirectory(dir=FILES) as temporary:
        copied = subprocess.run(
            [
                *("mvn", "--batch-mode", "--quiet", "--file", str(POM)),
                *("dependency:copy-dependencies", "-DincludeScope=runtime"),
                f"-DoutputDirectory={temporary}/lib",
            ],
            capture_output=True,
            text=True,
            timeout=FETCH_S_MAX,
            check=False,
        )
        if copied.returncode != 0:
            raise NoServer(f"{HOW_TO_GET} (mvn says: {copied.stdout.strip()[-500:]})")
        Path(temporary, "lib").rename(to)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class KafkaServer:
    """One broker, from `start` to `stop`; it can be killed and started again over its data."""

    def __init__(self, directory: Path | None = None, *options: str) -> None:
        self._temporary = None if directory else Path(tempfile.mkdtemp(prefix="headrace-kafka-"))
        self.directory = directory or self._temporary or Path()
        self.port, self._controller = free_port(), free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """What a client is given."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> "KafkaServer":
        """Start it and wait until it serves. Raises NoServer."""
        self.launch()
        self.until_it_serves()
        return self

    def launch(self) -> None:
        """Start it, from a thread that lives on: with the thread that launched it, it ends."""
        java = ["java", "-cp", f"{libraries()}/*", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        configuration = self._configure()
        if not (self.directory / "data" / "meta.properties").exists():
            self._format(java, configuration)
        with (self.directory / "kafka.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*java, "-Xmx512m", "-XX:+UseSerialGC", "kafka.Kafka", str(configuration)],
                cwd=self.directory,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )

    def _configure(self) -> Path:
        """Written at each start: the ports are new ones for each server over the same data."""
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = CONFIGURATION.format(
            port=self.port, controller=self._controller, directory=self.directory
        )
        configuration = self.directory / "server.properties"
        configuration.write_text(settings + "\n".join(self._options) + "\n")
        return configuration

    def _format(self, java: list[str], configuration: Path) -> None:
        tool = ["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]
        arguments = ["--cluster-id", CLUSTER, "--config", str(configuration)]
        formatted = subprocess.run(
            [*java, *tool, *arguments], capture_output=True, text=True, check=False
        )
        if formatted.returncode != 0:
            raise NoServer(f"Kafka does not run here: {formatted.stderr[-1000:]}")

    def until_it_serves(self) -> None:
        """Wait for it. Raises NoServer, and then it is stopped."""
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise NoServer(f"Kafka does not run here: {self._last_words()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and self._serves():
                    return
            time.sleep(0.05)
        raise NoServer(f"Kafka did not serve after {START_S_MAX:g} s: {self._last_words()}")

    def _serves(self) -> bool:
        """Asked in a thread of its own, since the caller's may be running an event loop."""
        found: list[bool] = []
        asking = threading.Thread(target=lambda: found.append(asyncio.run(_serves(self.bootstrap))))
        asking.start()
        asking.join()
        return found == [True]

    def _last_words(self) -> str:
        return (self.directory / "kafka.log").read_text(errors="replace")[-1000:]

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
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

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


async def _serves(bootstrap: str) -> bool:
    admin = Cluster(servers=bootstrap).admin()
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()


def _die_with_parent() -> None:
    """A server whose tests were killed is nobody's; this is Linux alone, elsewhere it stays."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """A broker for a person: start it, print what to pass, and stop it on Ctrl-C."""
    server = KafkaServer(Path(arguments[0]).resolve() if arguments else None)
    try:
        server.start()
    except NoServer as fault:
        print(fault, file=sys.stderr)
        return 1
    # Waited for, not handled: a handler that a second signal interrupts waits for itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    print(f"headrace serve --kafka {server.bootstrap}\n\nCtrl-C stops it.", flush=True)
    signal.sigwait(ENDING)
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
