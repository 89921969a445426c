"""What the server counts about itself, as Prometheus reads it. Labels are routes, never names or numbers of anybody."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector


class Metrics:
    """The counters of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "satsuma_requests", "Requests that were answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "satsuma_request_seconds", "How long answers took.", ("route",), registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )  # fmt: skip
        self.refused = Counter("satsuma_refused", "Requests that were refused.", ("code",), registry=self.registry)
        self.jobs = Counter("satsuma_jobs", "Jobs that ended.", ("kind", "outcome"), registry=self.registry)

    def watch(self, name: str, words: str, look: Callable[[], float]) -> None:
        """Show a number that is looked at when it is asked for."""
        Gauge(name, words, registry=self.registry).set_function(look)

    def text(self) -> bytes:
        """Return all of it in Prometheus' text form."""
        return generate_latest(self.registry)
