"""The composition root over Kafka and MongoDB: the parts that this process is told to run."""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from api.observing_kafka import Observed
from api.projecting import Projecting
from api.runtime import Runtime, Unusable, cancelled, folding
from api.settings import Settings, SettingsError
from eventlog import kafka_node
from eventlog.codec import Codec
from eventlog.dispatcher import CommandDispatcher
from eventlog.kafka import Cluster
from eventlog.kafka_client import KafkaError
from eventlog.kafka_node import Node, Place
from eventlog.kafka_topics import WrongTopic
from readmodels.composition import Model
from readmodels.feed import Feed
from readmodels.live import LiveDocuments
from readmodels.mongo import MongoStore
from readmodels.mongo_opening import CannotOpen, opened
from readmodels.processes import ProcessSender
from readmodels.projector import Projector


@asynccontextmanager
async def distributed(model: Model, settings: Settings) -> AsyncGenerator[Runtime]:
    """The parts of this process, running until the end; the others are other processes'.

    At the end it takes no more commands, finishes those taken in, gives its partitions back and
    leaves. Raises Unusable, DirectoryTaken, ShapeChanged.
    """
    feed, codec = Feed(), Codec(model.domain)
    assert settings.mongo is not None
    async with AsyncExitStack() as closing:
        parts = settings.parts_named
        try:
            store = await closing.enter_async_context(
                opened(settings.mongo, tell=feed.tell, lost=feed.lost)
            )
        except CannotOpen as fault:
            raise Unusable(str(fault)) from fault
        with _heard(settings):
            node = await kafka_node.opened(
                _place(settings),
                model.domain,
                codec,
                closing,
                owns="writer" in parts,
                reads="projector" in parts,
            )
        process = _Process(model, settings, codec, store, feed, node)
        for collection in process.collections:
            feed.open(collection, await store.prepare(collection))
        async with process.running():
            yield process.runtime()


@contextmanager
def _heard(settings: Settings) -> Generator[None]:
    """Says of a fault of Kafka's what its client has last said: the fault itself tells little."""
    words = _LastWords()
    logger = logging.getLogger("aiokafka")
    level = logger.level
    logger.addHandler(words)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        yield
    except WrongTopic as fault:
        raise Unusable(str(fault)) from fault
    except (KafkaError, TimeoutError) as fault:
        raise Unusable(
            f"Kafka at {settings.kafka} cannot be used: {words.said or fault or repr(fault)}"
        ) from fault
    finally:
        logger.removeHandler(words)
        logger.setLevel(level)
        logger.propagate = True


class _LastWords(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said = record.getMessage()


def _place(settings: Settings) -> Place:
    return Place(
        cluster=cluster_of(settings),
        prefix=settings.kafka_prefix,
        partitions=settings.kafka_partitions,
        directory=settings.data / "kafka",
        session_s=settings.kafka_session_s,
        append_s_max=settings.command_deadline_s / 2,
    )


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


class _Process:
    """What one process has of the parts, put together."""

    def __init__(
        self,
        model: Model,
        settings: Settings,
        codec: Codec,
        store: MongoStore,
        feed: Feed,
        node: Node,
    ) -> None:
        self._model = model
        self._settings = settings
        self._store = store
        self._feed = feed
        self._node = node
        self._dispatcher = CommandDispatcher(
            node.owner, node.owner, model.domain, deadline_s=settings.command_deadline_s
        )
        self._projectors: tuple[Projector, ...] = ()
        self._senders: tuple[ProcessSender, ...] = ()
        self._projecting: Projecting | None = None
        self.collections = [shown.collection for shown in model.shown.values()]
        if node.log is not None and "projector" in settings.parts_named:
            self._projectors, self._senders = folding(
                model, codec, node.log, store, feed, self._dispatcher
            )
            self.collections += [each.collection for each in self._senders]
            membership = node.membership("projectors", node.topics.events)
            self._projecting = Projecting(
                node.log, membership, feed, self._projectors, self._senders
            )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """The parts at work, stopped from the first to send a command to the last to show it."""
        fault: Exception | None = None
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._store.run())
            projecting = [group.create_task(self._projecting.run())] if self._projecting else []
            try:
                async with self._node.running():
                    try:
                        yield
                    finally:
                        # What is not folded or sent yet is folded and sent elsewhere, or later.
                        await cancelled(projecting)
            except Exception as raised:  # leaves as it is, not in a group
                fault = raised
            finally:
                await cancelled([telling])
        if fault is not None:
            raise fault

    def runtime(self) -> Runtime:
        """What is to be asked and watched."""
        node, projecting = self._node, self._projecting
        observed = Observed(self._store, node.log, node.ownership, projecting)
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
            tally=node.tally,
            behind=observed.behind,
            readiness=observed.readiness,
            collectors=[observed],
        )
