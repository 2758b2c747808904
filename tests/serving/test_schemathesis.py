"""Whatever is sent that the description allows, or forbids: no answer is a 5xx, and all are as described."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings


@pytest.mark.slow
@pytest.mark.parametrize("allowed", [True, False])
def test_no_answer_is_a_5xx(client_of: Callable[..., TestClient], allowed: bool) -> None:
    client = client_of(deadline=10.0)
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    mode = schemathesis.GenerationMode.POSITIVE if allowed else schemathesis.GenerationMode.NEGATIVE
    for result in schema.get_all_operations():
        operation = result.ok()
        if not allowed and not (operation.query or operation.path_parameters or operation.body):
            continue  # nothing to be wrong

        @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def sent(case: schemathesis.Case) -> None:
            answer = send(client, case)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            if answer.status_code >= 400:
                assert set(answer.json()["error"]) == {"type", "message", "hint", "place", "request"}

        sent()


def send(client: TestClient, case: schemathesis.Case) -> Any:
    """Send a case as it would go over the wire."""
    wire = case.as_transport_kwargs(base_url="http://localhost")
    kept = {
        name: wire[name] for name in ("method", "url", "params", "headers", "json") if wire.get(name) is not None
    }
    if wire.get("data") is not None:
        kept["content"] = wire["data"]
    kept["headers"] = {**dict(wire.get("headers") or {}), "Host": "localhost"}
    return client.request(**kept)
