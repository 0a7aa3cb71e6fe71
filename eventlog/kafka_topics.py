"""The log's topics: made when missing, checked when present."""

from dataclasses import dataclass
from typing import Any

from eventlog.kafka_client import (
    MESSAGE_BYTES_MAX,
    PATIENCE_S,
    Cluster,
    new_topic,
    patiently,
    topic_resource,
)

REPLICATION_MAX = 3
"""Each topic is made with as many replicas as there are brokers, at most these."""
IN_SYNC_MIN = {3: 2}
"""By replicas: how many have what is acknowledged. Any one may then be lost, or only be down."""
_UNKNOWN = 3
_EXISTS_ALREADY = 36
_NOT_YET = (7, 38, 41)
"""It took too long, there are too few brokers at this moment, or another is the controller."""

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
        present = set(await patiently(admin.list_topics))
        missing = {name: each for name, each in wanted.items() if name not in present}
        if missing:
            await _make(admin, missing, partitions, await _replicas(admin, cluster))
        for name, settings in wanted.items():
            await _check(admin, name, settings, partitions)
    finally:
        await admin.close()


async def _replicas(admin: Any, cluster: Cluster) -> int:
    """With how many replicas topics are to be made, for ever. Raises WrongTopic.

    Brokers that are started together with this process come one after another.
    """
    named = min(REPLICATION_MAX, len(cluster.servers.split(",")))
    found = await patiently(admin.describe_cluster, lambda said: len(said["brokers"]) >= named)
    there = len(found["brokers"])
    if there < named:
        raise WrongTopic(
            f"{named} brokers are named and {there} can be found, so that topics would be made "
            "with too few replicas: start again when all are there, or name those there are"
        )
    return min(REPLICATION_MAX, there)


async def _make(
    admin: Any, missing: dict[str, dict[str, str]], partitions: int, replicas: int
) -> None:
    made_with = {"max.message.bytes": str(MESSAGE_BYTES_MAX)}
    if replicas in IN_SYNC_MIN:
        made_with["min.insync.replicas"] = str(IN_SYNC_MIN[replicas])
    topics = [
        new_topic(name, partitions, replicas, settings | made_with | _defaults(settings))
        for name, settings in missing.items()
    ]
    made = await patiently(
        lambda: admin.create_topics(topics),
        lambda said: not any(code in _NOT_YET for _, code, _ in said.topic_errors),
    )
    for name, code, message in made.topic_errors:
        if code not in (0, _EXISTS_ALREADY):
            raise WrongTopic(f"the topic {name} could not be made: {message} (error {code})")
    if not _lead(await patiently(lambda: admin.describe_topics(list(missing)), _lead)):
        raise TimeoutError(f"no leaders for {', '.join(missing)} after {PATIENCE_S:g} s")


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
    (described,) = await patiently(
        lambda: admin.describe_topics([name]), lambda said: bool(said[0]["partitions"])
    )
    found = len(described["partitions"])
    if found != partitions:
        raise WrongTopic(
            f"the topic {name} has {found} partitions, which is fixed for ever; "
            f"it cannot be opened with {partitions}"
        )
    (answer,) = await patiently(
        lambda: admin.describe_configs([topic_resource(name)]),
        lambda said: said[0].resources[0][0] != _UNKNOWN,
    )
    ((code, message, _, _, entries),) = answer.resources
    if code != 0:
        raise WrongTopic(
            f"the settings of the topic {name} cannot be read: {message} (error {code}); "
            "the user needs the right to describe its configuration"
        )
    values = {entry[0]: entry[1] for entry in entries}
    for key, value in settings.items():
        if values.get(key, value) != value:
            raise WrongTopic(
                f"the topic {name} has {key}={values[key]}, so {WHY[key]}: set it to {key}={value}"
            )
