"""Events as they are read: each record of a batch becomes its event at once, and nothing else."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from eventlog.envelope import Recorded
from eventlog.kafka_client import Reader
from eventlog.kafka_records import event_of


class Read(NamedTuple):
    """Events that were read, those of one partition in order, and the last offset of each."""

    events: list[Recorded]
    lasts: Mapping[int, int]


class EventReader(Reader):
    """A reader of a topic of events.

    aiokafka makes each record that it unpacks into one of its own, which costs more than the rest
    of its reading, and more again to keep. What it does so with is replaced here, in what it has
    fetched; the batches, their checksums, and what was aborted are left to it.
    """

    async def start(self) -> None:
        """Raises KafkaConnectionError where no broker can be reached."""
        await super().start()
        self._consumer._fetcher._records = _Fetched()

    async def read(self, limit: int, timeout_ms: int) -> Read:
        """At most `limit` events; none after the timeout.

        Raises KafkaError, ValueError where a record is no event, and RuntimeError where the
        library's own reading task has ended.
        """
        found: list[list[Recorded]] = await self._take(limit, timeout_ms)
        lasts = {each[-1].partition: each[-1].offset for each in found}
        if found and type(found[0][0]) is not Recorded:
            raise RuntimeError("this release of aiokafka unpacks records in another way")
        return Read([event for each in found for event in each], lasts)


class _Fetched(OrderedDict[Any, Any]):
    """What was fetched, by its place, and is unpacked as it is taken."""

    def __setitem__(self, place: Any, fetched: Any) -> None:
        records = getattr(fetched, "_partition_records", None)
        if records is not None:  # it is no fault
            records._consumer_record = event_of
        super().__setitem__(place, fetched)
