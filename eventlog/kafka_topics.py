"""The log's topics: made when missing, checked when present."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from eventlog.kafka_client import MESSAGE_BYTES_MAX, Cluster, new_topic, topic_resource

REPLICATION_MAX = 3
"""Each topic is made with as many replicas as there are brokers, at most these."""
IN_SYNC_MIN = {3: 2}
"""By replicas: how many have what is acknowledged. Any one may then be lost, or only be down."""
MAKING_S_MAX = 30.0
_UNKNOWN = 3
_EXISTS_ALREADY = 36

EVENTS_SETTINGS = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}
STATES_SETTINGS = {"cleanup.policy": "compact"}
PASSING_SETTINGS = {"cleanup.policy": "delete"}
"""Of the topics whose records matter for as long as somebody waits for an answer."""
PASSING_DEFAULTS = {
    "retention.ms": "3600000",
    "segment.ms": "600000",
    "max.message.bytes": str(2 * MESSAGE_BYTES_MAX),  # an event in a reply is written in base64
}
"""What they are made with besides; whoever wants to look at them for longer may change it."""
WHY = {
    "cleanup.policy": "what it would remove is needed for ever",
    "retention.ms": "old events would be lost",
    "retention.bytes": "old events would be lost",
}


class WrongTopic(ValueError):
    """A topic is there and not as the log needs it; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The names that follow from the prefix."""

    prefix: str

    @property
    def events(self) -> str:
        return f"{self.prefix}.events"

    @property
    def states(self) -> str:
        return f"{self.prefix}.states"

    @property
    def commands(self) -> str:
        return f"{self.prefix}.commands"

    @property
    def replies(self) -> str:
        return f"{self.prefix}.replies"

    def transactional_id(self, partition: int) -> str:
        return f"{self.prefix}-{partition}"


async def ready(cluster: Cluster, topics: Topics, partitions: int) -> None:
    """Make the topics that are missing, check all. Raises WrongTopic, KafkaError, TimeoutError."""
    wanted = {
        topics.events: EVENTS_SETTINGS,
        topics.states: STATES_SETTINGS,
        topics.commands: PASSING_SETTINGS,
        topics.replies: PASSING_SETTINGS,
    }
    admin = cluster.admin()
    try:
        await admin.start()
        # Not by asking for the topic itself: brokers that make topics on demand would make it.
        present = set(await admin.list_topics())
        missing = {name: each for name, each in wanted.items() if name not in present}
        if missing:
            await _make(admin, missing, partitions)
        for name, settings in wanted.items():
            await _check(admin, name, settings, partitions)
    finally:
        await admin.close()


async def _make(admin: Any, missing: dict[str, dict[str, str]], partitions: int) -> None:
    brokers = (await admin.describe_cluster())["brokers"]
    replication = min(REPLICATION_MAX, len(brokers))
    made_with = {"max.message.bytes": str(MESSAGE_BYTES_MAX)}
    if replication in IN_SYNC_MIN:
        made_with["min.insync.replicas"] = str(IN_SYNC_MIN[replication])
    made = await admin.create_topics(
        [
            new_topic(name, partitions, replication, settings | made_with | _defaults(settings))
            for name, settings in missing.items()
        ]
    )
    for name, code, message in made.topic_errors:
        if code not in (0, _EXISTS_ALREADY):
            raise WrongTopic(f"the topic {name} could not be made: {message} (error {code})")
    async for _ in _attempts():
        if _lead(await admin.describe_topics(list(missing))):
            return
    raise TimeoutError(f"no leaders for {', '.join(missing)} after {MAKING_S_MAX:g} s")


def _defaults(settings: dict[str, str]) -> dict[str, str]:
    return PASSING_DEFAULTS if settings is PASSING_SETTINGS else {}


def _lead(described: list[dict[str, Any]]) -> bool:
    """Whether each partition of each topic is there and has a leader."""
    return all(
        topic["error_code"] == 0
        and topic["partitions"]
        and all(each["leader"] >= 0 for each in topic["partitions"])
        for topic in described
    )


async def _check(admin: Any, name: str, settings: dict[str, str], partitions: int) -> None:
    found = await _partitions(admin, name)
    if found != partitions:
        raise WrongTopic(
            f"the topic {name} has {found} partitions, which is fixed for ever; "
            f"it cannot be opened with {partitions}"
        )
    values = await _settings(admin, name)
    for key, value in settings.items():
        if values.get(key, value) != value:
            raise WrongTopic(
                f"the topic {name} has {key}={values[key]}, so {WHY[key]}: set it to {key}={value}"
            )


async def _partitions(admin: Any, name: str) -> int:
    async for _ in _attempts():
        (described,) = await admin.describe_topics([name])
        if described["partitions"]:
            return len(described["partitions"])
    return 0


async def _settings(admin: Any, name: str) -> dict[str, str]:
    code, message = _UNKNOWN, ""
    async for _ in _attempts():
        (answer,) = await admin.describe_configs([topic_resource(name)])
        ((code, message, _, _, entries),) = answer.resources
        if code == 0:
            return {entry[0]: entry[1] for entry in entries}
        if code != _UNKNOWN:
            break
    raise WrongTopic(
        f"the settings of the topic {name} cannot be read: {message} (error {code}); "
        "the user needs the right to describe its configuration"
    )


async def _attempts() -> AsyncIterator[None]:
    """Each question goes to any broker, and not every one knows a topic as soon as it is made."""
    deadline = time.monotonic() + MAKING_S_MAX
    while True:
        yield
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(0.05)
