"""What a server counts: requests, sockets, operations and errors, in a registry of its own."""

from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

__all__ = ["Metrics"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of the protocols; other parts add theirs to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "headrace_http_requests",
            "GraphQL requests over HTTP",
            ["kind", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "headrace_http_request_seconds",
            "Time of a GraphQL request over HTTP",
            ["kind"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.connections = Gauge(
            "headrace_connections",
            "WebSockets and event streams that are open",
            ["kind"],
            registry=self.registry,
        )
        self.closes = Counter(
            "headrace_websocket_closes",
            "WebSockets that the server closed",
            ["code"],
            registry=self.registry,
        )
        self.operations = Gauge(
            "headrace_operations_active",
            "Operations that run over WebSockets and event streams",
            registry=self.registry,
        )
        self.errors = Counter(
            "headrace_errors", "Errors that clients were told of", ["code"], registry=self.registry
        )

        self._requests = cache(self.requests.labels)
        self._seconds = cache(self.seconds.labels)

    def count_request(self, kind: str, status: int, seconds: float | None) -> None:
        """Counts a request, and its time where it has ended."""
        self._requests(kind, str(status)).inc()
        if seconds is not None:
            self._seconds(kind).observe(seconds)

    def count_errors(self, codes: tuple[str, ...]) -> None:
        """Counts errors by their codes."""
        for code in codes:
            self.errors.labels(code).inc()

    def text(self) -> bytes:
        """Everything in the registry, in Prometheus' text format."""
        return generate_latest(self.registry)
