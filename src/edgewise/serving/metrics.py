"""What Prometheus reads at `/metrics`: one registry a service, every series with its tenant."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from edgewise.serving.models import CONTROL, TREATMENT, Serving

__all__ = ["Metrics"]

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counters and timings. Labels are few and bounded: no keys of users or things."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "edgewise_requests", "Requests answered.", ("tenant", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "edgewise_request_seconds", "Seconds to an answer.", ("tenant", "route"), buckets=_BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self.degraded = Counter(
            "edgewise_degraded", "Answers that are not the best there is.", ("tenant", "rung", "reason"),
            registry=self.registry,
        )  # fmt: skip
        self.events = Counter(
            "edgewise_events", "Events logged, and those that had been before.", ("tenant", "outcome"),
            registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "edgewise_engine_waiting", "Jobs that wait for a tenant's state.", ("tenant",), registry=self.registry
        )
        self.position = Gauge(
            "edgewise_log_position", "The last position of the event log.", ("tenant",), registry=self.registry
        )
        self._models: dict[str, list[tuple[str, str, str]]] = {}
        self.models = Gauge(
            "edgewise_model", "1 for the models that answer.", ("tenant", "model", "variant"),
            registry=self.registry,
        )  # fmt: skip

    def answering(self, tenant: str, now: Serving) -> None:
        """Say which models of a tenant answer."""
        for labels in list(self._models.get(tenant, ())):
            self.models.remove(*labels)
        self._models[tenant] = [(tenant, now.current.version, CONTROL)]
        if now.challenger is not None:
            self._models[tenant].append((tenant, now.challenger.version, TREATMENT))
        for labels in self._models[tenant]:
            self.models.labels(*labels).set(1)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
