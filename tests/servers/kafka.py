"""A real Kafka broker: Apache Kafka as one KRaft node on free loopback ports, in its own folder."""

import asyncio
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from eventlog.kafka_client import Cluster, KafkaError
from tests.servers.kafka_jars import libraries
from tests.servers.process import NoServer, Process, free_port

CLUSTER = "aGVhZHJhY2UtdGVzdHMtMQ"
START_S_MAX = 60.0
QUICK = "-XX:TieredStopAtLevel=1"
HEAP_MB = 512
PLAINTEXT = "PLAINTEXT"

CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
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


class KafkaServer:
    """One broker, from `start` to `stop`; it can be killed and started again over its data.

    `options` are lines of its configuration and win over those above. `listeners` are security
    protocols by which it listens besides; `formatting` is said to Kafka's StorageTool.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *options: str,
        listeners: Sequence[str] = (),
        formatting: Sequence[str] = (),
        heap_mb: int = HEAP_MB,
        is_for_load: bool = False,
    ) -> None:
        self._process = Process("kafka", directory)
        self.directory = self._process.directory
        self.controller_port = free_port()
        self._ports = {name: free_port() for name in (PLAINTEXT, *listeners)}
        self._options = list(options)
        self._formatting = formatting
        self._jvm = [f"-Xmx{heap_mb}m", "-XX:+UseSerialGC"]
        if not is_for_load:  # most live for seconds, in which much is compiled and little used
            self._jvm.append(QUICK)

    @property
    def bootstrap(self) -> str:
        """What a client is given."""
        return self.address(PLAINTEXT)

    def address(self, listener: str) -> str:
        """What a client is given that speaks this security protocol."""
        return f"127.0.0.1:{self._ports[listener]}"

    @property
    def is_launched(self) -> bool:
        """Whether it was launched, and neither killed nor stopped since."""
        return self._process.is_launched

    def configure(self, *options: str) -> None:
        """More lines of its configuration, from the next launch on."""
        self._options += options

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
        self._process.launch([*java, *self._jvm, "kafka.Kafka", str(configuration)])

    def _configure(self) -> Path:
        """Written at each start: the ports are new ones for each server over the same data."""
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = CONFIGURATION.format(
            listeners=",".join(f"{name}://{self.address(name)}" for name in self._ports),
            controller=self.controller_port,
            directory=self.directory,
        )
        configuration = self.directory / "server.properties"
        configuration.write_text(settings + "\n".join(self._options) + "\n")
        return configuration

    def _format(self, java: list[str], configuration: Path) -> None:
        tool = [QUICK, "kafka.tools.StorageTool", "format"]
        arguments = ["--cluster-id", CLUSTER, "--config", str(configuration), *self._formatting]
        formatted = subprocess.run(
            [*java, *tool, *arguments], capture_output=True, text=True, check=False
        )
        if formatted.returncode != 0:
            raise NoServer(f"Kafka does not run here: {formatted.stderr[-1000:]}")

    def until_it_serves(self, *, brokers: int = 1) -> None:
        """Wait until it knows so many brokers. Raises NoServer, and then it is stopped."""
        try:
            self._wait(brokers)
        except BaseException:
            self.stop()
            raise

    def _wait(self, brokers: int) -> None:
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            self._process.check_alive()
            with socket.socket() as probe:
                is_open = probe.connect_ex(("127.0.0.1", self._ports[PLAINTEXT])) == 0
            if is_open and self._known_brokers() >= brokers:
                return
            time.sleep(0.05)
        words = self._process.last_words()
        raise NoServer(f"Kafka did not serve after {START_S_MAX:g} s: {words}")

    def _known_brokers(self) -> int:
        """Asked in a thread of its own, since the caller's may be running an event loop."""
        found: list[int] = []
        ask = threading.Thread(target=lambda: found.append(asyncio.run(_brokers(self.bootstrap))))
        ask.start()
        ask.join()
        return sum(found)

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


async def _brokers(bootstrap: str) -> int:
    """How many brokers this one knows; 0 where it does not answer."""
    admin = Cluster(servers=bootstrap).admin()
    try:
        await admin.start()
        return len((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return 0
    finally:
        await admin.close()
