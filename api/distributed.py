"""The composition root over Kafka and MongoDB: the parts that this process is told to run."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from api.observing_kafka import Observed
from api.projecting import Projecting
from api.runtime import Runtime, cancelled, folding
from api.settings import Settings, SettingsError
from eventlog import kafka_topics
from eventlog.codec import Codec
from eventlog.dispatcher import CommandDispatcher
from eventlog.ids import new_id
from eventlog.kafka import Cluster, KafkaLog
from eventlog.kafka_client import KafkaError
from eventlog.kafka_commands import CommandReader
from eventlog.kafka_group import Membership
from eventlog.kafka_owning import Ownership
from eventlog.kafka_sending import Correspondent
from eventlog.kafka_standby import Standby
from eventlog.kafka_topics import Topics
from eventlog.writer import STATES_MAX, Tally, Writer
from readmodels.composition import Model
from readmodels.feed import Feed
from readmodels.live import LiveDocuments
from readmodels.mongo import MongoStore
from readmodels.mongo_opening import opened
from readmodels.processes import ProcessSender
from readmodels.projector import Projector


class KafkaUnusable(Exception):
    """Kafka cannot be reached, or refuses; the message says which and why."""


@asynccontextmanager
async def distributed(model: Model, settings: Settings) -> AsyncGenerator[Runtime]:
    """The parts of this process, running until the end; the others are other processes'.

    At the end it takes no more commands, finishes those taken in, gives its partitions back and
    leaves. Raises KafkaUnusable, CannotOpen, WrongTopic, DirectoryTaken, ShapeChanged.
    """
    feed = Feed()
    assert settings.mongo is not None
    async with opened(settings.mongo, tell=feed.tell, lost=feed.lost) as store:
        node = _Node(model, settings, store, feed)
        async with AsyncExitStack() as closing:
            try:
                await node.open(closing)
            except (KafkaError, TimeoutError) as fault:
                raise KafkaUnusable(
                    f"Kafka at {settings.kafka} cannot be used: {fault or type(fault).__name__}"
                ) from fault
            for collection in node.collections:
                feed.open(collection, await store.prepare(collection))
            async with node.running():
                yield node.runtime()


def cluster_of(settings: Settings) -> Cluster:
    """Where Kafka is, by the settings. Raises SettingsError for a file that cannot be read."""
    assert settings.kafka is not None
    options: dict[str, Any] = {"security_protocol": settings.kafka_security}
    if settings.kafka_security.endswith("SSL"):
        try:
            context = ssl.create_default_context(cafile=settings.kafka_ca_file)
            if settings.kafka_cert_file is not None:
                context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
        except (OSError, ssl.SSLError) as fault:
            raise SettingsError(f"the certificates for Kafka cannot be read: {fault}") from fault
        options["ssl_context"] = context
    if settings.kafka_security.startswith("SASL_"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password,
        }
    return Cluster(servers=settings.kafka, options=options)


class _Node:
    """What one process has of the parts, put together."""

    def __init__(self, model: Model, settings: Settings, store: MongoStore, feed: Feed) -> None:
        self._model = model
        self._settings = settings
        self._store = store
        self._feed = feed
        self._cluster = cluster_of(settings)
        self._topics = Topics(settings.kafka_prefix)
        self._codec = Codec(model.domain)
        self._tally = Tally()
        self._projectors: tuple[Projector, ...] = ()
        self._senders: tuple[ProcessSender, ...] = ()
        self._log: KafkaLog | None = None
        self._ownership: Ownership | None = None
        self._projecting: Projecting | None = None
        self.collections = [shown.collection for shown in model.shown.values()]

    async def open(self, closing: AsyncExitStack) -> None:
        """Check Kafka and make the parts. Raises KafkaError, WrongTopic, DirectoryTaken."""
        settings, parts = self._settings, self._settings.parts_named
        partitions = settings.kafka_partitions
        if not parts & {"writer", "projector"}:
            await kafka_topics.ready(self._cluster, self._topics, partitions)
            self._name = new_id()
        else:
            self._log = await KafkaLog.open(
                self._cluster,
                settings.kafka_prefix,
                settings.data / "kafka",
                partitions=partitions,
                own=(),
            )
            closing.push_async_callback(self._log.close)
            self._name = self._log.owner
        self._sending = Correspondent(
            self._cluster, self._topics, partitions, self._codec, self._name
        )
        await self._sending.open()
        if self._log is not None and "writer" in parts:
            self._ownership = self._own(self._log)
        owner = self._ownership or self._sending
        self._dispatcher = CommandDispatcher(
            owner, owner, self._model.domain, deadline_s=settings.command_deadline_s
        )
        if self._log is not None and "projector" in parts:
            self._projecting = self._project(self._log)

    def _own(self, log: KafkaLog) -> Ownership:
        domain, codec = self._model.domain, self._codec
        states_max = max(STATES_MAX // log.partitions, 1_000)
        return Ownership(
            log,
            self._topics,
            self._membership("writers", self._topics.commands),
            CommandReader(self._cluster, self._topics, log.partitions),
            Standby(self._cluster, self._topics, log),
            self._sending,
            domain,
            codec,
            lambda: Writer(log, domain, codec, states_max=states_max, tally=self._tally),
        )

    def _project(self, log: KafkaLog) -> Projecting:
        self._projectors, self._senders = folding(
            self._model, self._codec, log, self._store, self._feed, self._dispatcher
        )
        self.collections += [each.collection for each in self._senders]
        membership = self._membership("projectors", self._topics.events)
        return Projecting(log, membership, self._feed, self._projectors, self._senders)

    def _membership(self, group: str, topic: str) -> Membership:
        settings = self._settings
        return Membership(
            self._cluster,
            f"{settings.kafka_prefix}-{group}",
            topic,
            self._name,
            settings.kafka_session_s,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """The parts at work, stopped from the first to send a command to the last to show it.

        A fault of whoever uses them leaves as it is, not in a group.
        """
        fault: Exception | None = None
        async with asyncio.TaskGroup() as group:

            def start(*parts: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
                return [group.create_task(each) for each in parts]

            answering = start(self._store.run(), self._sending.run())
            owning = start(self._ownership.run()) if self._ownership else []
            projecting = start(self._projecting.run()) if self._projecting else []
            try:
                yield
            except Exception as raised:
                fault = raised
            finally:
                # 1. What is not folded or sent yet is folded and sent elsewhere, or later.
                await cancelled(projecting)
                # 2. Commands that were taken in are decided; then the partitions are given back.
                await cancelled(owning)
                # 3. Nobody waits any more.
                await cancelled(answering)
        if fault is not None:
            raise fault

    def runtime(self) -> Runtime:
        """What is to be asked and watched."""
        ownership, projecting, log = self._ownership, self._projecting, self._log
        observed = Observed(self._store, log, ownership, projecting)
        return Runtime(
            model=self._model,
            store=self._store,
            feed=self._feed,
            documents=LiveDocuments(
                self._model.shown, self._store, self._feed, wait_s=self._settings.wait_s_max
            ),
            dispatcher=self._dispatcher,
            projectors=self._projectors,
            senders=self._senders,
            writers=observed.writers,
            tally=self._tally,
            behind=observed.behind,
            readiness=observed.readiness,
            collectors=[observed],
        )
