"""What Prometheus reads at `/metrics`: one registry a tenant, so that nobody reads another's numbers."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from edgewise.serving.models import CONTROL, TREATMENT, Serving

__all__ = ["Metrics"]

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counters and timings of one tenant. Labels are few and bounded: no keys of users or things."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "edgewise_requests", "Requests answered.", ("tenant", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "edgewise_request_seconds", "Seconds to an answer.", ("tenant", "route"), buckets=_BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self._degraded = Counter(
            "edgewise_degraded", "Answers that are not the best there is.", ("tenant", "rung", "reason"),
            registry=self.registry,
        )  # fmt: skip
        self._events = Counter(
            "edgewise_events", "Events logged, and those that had been before.", ("tenant", "outcome"),
            registry=self.registry,
        )  # fmt: skip
        self._gauges = Gauge(
            "edgewise_state",
            "Jobs that wait for the state, the log's last position, events that failed, readers that answer.",
            ("tenant", "what"), registry=self.registry,
        )  # fmt: skip
        self._models = Gauge(
            "edgewise_model", "1 for the models that answer.", ("tenant", "model", "variant"),
            registry=self.registry,
        )  # fmt: skip

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(self.tenant, route, str(status)).inc()
        self._seconds.labels(self.tenant, route).observe(seconds)

    def degraded(self, rung: str, reason: str) -> None:
        """Count an answer that is not the best there is."""
        self._degraded.labels(self.tenant, rung, reason).inc()

    def events(self, accepted: int, duplicates: int) -> None:
        """Count events."""
        self._events.labels(self.tenant, "accepted").inc(accepted)
        self._events.labels(self.tenant, "duplicate").inc(duplicates)

    def state(self, now: Serving | None, **found: int) -> None:
        """Say how things stand."""
        for what, value in found.items():
            self._gauges.labels(self.tenant, what).set(value)
        self._models.clear()
        if now is not None:
            self._models.labels(self.tenant, now.current.version, CONTROL).set(1)
        if now is not None and now.challenger is not None:
            self._models.labels(self.tenant, now.challenger.version, TREATMENT).set(1)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
