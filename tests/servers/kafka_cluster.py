"""A real Kafka cluster: three KRaft nodes, each a broker and a controller, any of which may die."""

import tempfile
from pathlib import Path

from tests.servers.kafka import KafkaServer

NODES = 3
HEAP_MB = 256
OPTIONS = (
    "offsets.topic.replication.factor=3",
    "transaction.state.log.replication.factor=3",
    "transaction.state.log.min.isr=2",
    "share.coordinator.state.topic.replication.factor=3",
    "share.coordinator.state.topic.min.isr=2",
    # A node that only waits for its turn of a busy processor is not dead.
    "broker.session.timeout.ms=3000",
    "broker.heartbeat.interval.ms=500",
    "replica.lag.time.max.ms=5000",
)


class KafkaCluster:
    """Three nodes, from `start` to `stop`; one may be killed at a time, and launched again."""

    def __init__(self, directory: Path | None = None) -> None:
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="headrace-")
        folder = directory or Path(self._temporary.name if self._temporary else "")
        ids = range(1, NODES + 1)
        self.nodes = {
            id: KafkaServer(folder / str(id), *OPTIONS, f"node.id={id}", heap_mb=HEAP_MB)
            for id in ids
        }
        """Each by its id, as Kafka speaks of it."""
        voters = ",".join(f"{id}@127.0.0.1:{self.nodes[id].controller_port}" for id in ids)
        for node in self.nodes.values():
            node.configure(f"controller.quorum.voters={voters}")

    @property
    def bootstrap(self) -> str:
        """What a client is given: every node."""
        return ",".join(node.bootstrap for node in self.nodes.values())

    def start(self) -> "KafkaCluster":
        """Start every node and wait until they know each other. Raises NoServer."""
        try:
            self.mend()
        except BaseException:
            self.stop()
            raise
        return self

    def mend(self) -> None:
        """Launch what is down, and wait until the cluster is whole. Raises NoServer."""
        self.launch()
        self.until_whole()

    def launch(self) -> None:
        """Launch the nodes that are down; they end with the thread that does it."""
        for node in self.nodes.values():
            if not node.is_launched:
                node.launch()

    def until_whole(self) -> None:
        """Wait until each node knows all of them. Raises NoServer."""
        for node in self.nodes.values():
            node.until_it_serves(brokers=NODES)

    def stop(self) -> None:
        """End all of them, and remove what they kept."""
        for node in self.nodes.values():
            node.kill()  # in order they would wait for each other, and what they hold goes
        if self._temporary is not None:
            self._temporary.cleanup()
