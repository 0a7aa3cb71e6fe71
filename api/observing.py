"""What a running engine tells those who watch over it: readiness, lags and last errors."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.health import Readiness
from api.runtime import Runtime

Part = Mapping[str, object]


def readiness_of(runtime: Runtime) -> Readiness:
    """Each part of the engine: the writer, every projection and every process."""

    def parts() -> Mapping[str, Part]:
        told: dict[str, Part] = dict(runtime.readiness())
        for shown in runtime.model.shown.values():
            name = f"projection {shown.collection.name}"
            told[name] = {"ready": runtime.feed.progress(shown.collection).is_built}
        for projector in runtime.projectors:
            standing = projector.standing
            behind = runtime.behind(standing.checkpoint)
            told[f"projection {projector.name}"] = {
                "ready": runtime.feed.progress(projector.collection).is_built,
                "lag_events": behind,
                "lag_seconds": round(standing.lag_s(datetime.now(UTC), behind), 3),
                "parked": standing.parked,
                "last_error": standing.last_error or None,
            }
        for sender in runtime.senders:
            told[f"process {sender.name}"] = {
                "ready": True,
                "sent": sender.sent,
                "last_error": sender.last_error or None,
            }
        return told

    return parts


def observe(runtime: Runtime, registry: CollectorRegistry) -> None:
    """Adds the engine's gauges and counters to a registry."""
    for each in (_Engine(runtime), *runtime.collectors):
        registry.register(each)


class _Engine(Collector):
    """Read when it is asked for, so that counting costs the engine nothing."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        writers, accepted = self._runtime.writers(), self._runtime.tally.accepted
        queued = sum(each.queued for each in writers)
        held = sum(each.states_held for each in writers)
        yield GaugeMetricFamily(
            "headrace_writer_queued_commands",
            "Commands that wait",
            value=queued,
        )
        yield GaugeMetricFamily(
            "headrace_writer_states",
            "Aggregates held in memory",
            value=held,
        )
        yield CounterMetricFamily(
            "headrace_writer_commands",
            "Commands that were accepted",
            value=accepted,
        )
        yield GaugeMetricFamily(
            "headrace_event_loop_tasks",
            "Tasks of the event loop",
            value=len(asyncio.all_tasks()),
        )
        yield from self._projections()
        yield from self._processes()

    def _projections(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        label = ["projection"]
        lag = GaugeMetricFamily(
            "headrace_projection_lag_events", "Events not folded yet, at most", labels=label
        )
        lag_s = GaugeMetricFamily(
            "headrace_projection_lag_seconds",
            "Age of the oldest event that is not folded yet",
            labels=label,
        )
        parked = GaugeMetricFamily(
            "headrace_projection_parked", "Documents and streams set aside", labels=label
        )
        watchers = GaugeMetricFamily(
            "headrace_projection_watchers", "Subscriptions to live sets", labels=label
        )
        sets = GaugeMetricFamily(
            "headrace_projection_live_sets", "Live sets, each once for all", labels=label
        )
        events = CounterMetricFamily("headrace_projection_events", "Events folded", labels=label)
        documents = CounterMetricFamily(
            "headrace_projection_documents", "Documents written", labels=label
        )
        for each in self._runtime.projectors:
            behind = self._runtime.behind(each.standing.checkpoint)
            lag.add_metric([each.name], behind)
            lag_s.add_metric([each.name], each.standing.lag_s(datetime.now(UTC), behind))
            parked.add_metric([each.name], each.standing.parked)
            live, followers = self._runtime.documents.sets.followers(each.collection)
            sets.add_metric([each.name], live)
            watchers.add_metric([each.name], followers)
            events.add_metric([each.name], each.standing.events)
            documents.add_metric([each.name], each.standing.documents)
        yield from (lag, lag_s, parked, watchers, sets, events, documents)

    def _processes(self) -> Iterable[CounterMetricFamily]:
        sent = CounterMetricFamily(
            "headrace_process_commands", "Commands that processes sent", labels=["process"]
        )
        for each in self._runtime.senders:
            sent.add_metric([each.name], each.sent)
        yield sent
