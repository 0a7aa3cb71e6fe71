"""What a process among several tells of its parts: partitions, groups and the change feed."""

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.projecting import Projecting
from eventlog.kafka import KafkaLog
from eventlog.kafka_group import Membership
from eventlog.kafka_owning import Ownership
from eventlog.writer import Writer
from readmodels.mongo import MongoStore

Part = Mapping[str, object]


class Observed(Collector):
    """The parts of this process, for /health/ready and /metrics; what it has not is left out."""

    def __init__(
        self,
        store: MongoStore,
        log: KafkaLog | None,
        ownership: Ownership | None,
        projecting: Projecting | None,
    ) -> None:
        self._store = store
        self._log = log
        self._ownership = ownership
        self._has_served = False
        self._projecting = projecting

    def writers(self) -> Sequence[Writer]:
        """Those that decide here at the moment."""
        seats = self._ownership.seats.values() if self._ownership else ()
        return [seat.writer for seat in seats if seat.writer is not None]

    def behind(self, checkpoint: Mapping[int, int]) -> int:
        """How many events of the partitions that are folded here are still to be seen."""
        if self._log is None or self._projecting is None:
            return 0
        return self._log.behind(checkpoint, self._projecting.partitions)

    def readiness(self) -> Mapping[str, Part]:
        """Each part with whether it is ready, and what it has to say."""
        told: dict[str, Part] = {
            "mongo": {
                "ready": not self._store.feed_error,
                "last_error": self._store.feed_error or None,
            }
        }
        if self._ownership is not None:
            told["writer"] = self._writer(self._ownership)
        if self._projecting is not None:
            told["projector"] = {
                **_joined(self._projecting.membership),
                "partitions": sorted(self._projecting.partitions),
            }
        return told

    def _writer(self, ownership: Ownership) -> Part:
        seats = sorted(ownership.seats.items())
        joined = _joined(ownership.membership)
        taking = {
            str(partition): seat.last_error or "is being taken"
            for partition, seat in seats
            if seat.writer is None
        }
        # Once it is at work, a partition that moves to it makes it no less of use.
        self._has_served = self._has_served or (joined["ready"] is True and not taking)
        is_well = not any(seat.last_error for _, seat in seats)
        return {
            **joined,
            "ready": joined["ready"] and self._has_served and is_well,
            "partitions": [partition for partition, _ in seats],
            "queued": sum(writer.queued for writer in self.writers()),
            "not_served": taking,
        }

    def collect(self) -> Iterable[GaugeMetricFamily]:
        label = ["partition"]
        owned = GaugeMetricFamily(
            "headrace_partition_owned", "1 where this process decides for it", labels=label
        )
        commit = GaugeMetricFamily(
            "headrace_partition_commit_seconds", "Time of its last transaction", labels=label
        )
        hanging = GaugeMetricFamily(
            "headrace_partition_last_stable_offset_lag",
            "Offsets that readers cannot see yet, since a transaction is open",
            labels=label,
        )
        lag = GaugeMetricFamily(
            "headrace_partition_lag_offsets",
            "Offsets that were not read for the projections yet",
            labels=label,
        )
        if self._ownership is not None and self._log is not None:
            states = self._log.owned()
            for partition, seat in sorted(self._ownership.seats.items()):
                owned.add_metric([str(partition)], int(seat.writer is not None))
                if partition in states:
                    commit.add_metric([str(partition)], states[partition].commit_s)
        if self._projecting is not None and self._log is not None:
            for partition, reach in sorted(self._log.reaches().items()):
                hanging.add_metric([str(partition)], reach.hanging)
                lag.add_metric([str(partition)], reach.unread)
        yield from (owned, commit, hanging, lag)


def _joined(membership: Membership) -> dict[str, object]:
    error = membership.last_error
    return {"ready": membership.is_joined and not error, "last_error": error or None}
