"""The examples of docs/service.md, sent to a service."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

PAGE = Path(__file__).parents[2] / "docs" / "service.md"


def curls() -> list[list[str]]:
    """The arguments of every curl in the page, in order."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("curl")]


def send(client: TestClient, arguments: list[str]) -> object:
    """What curl would send."""
    method, headers, body, path = "GET", {}, None, ""
    rest = iter(arguments)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            body, method = next(rest), "POST" if method == "GET" else method
        elif word.startswith("$URL"):
            path = word.removeprefix("$URL")
    return client.request(method, path, headers=headers, content=body)


def test_every_curl_of_the_page_is_answered(client_of: Callable[..., TestClient]) -> None:
    client = client_of()
    found = curls()
    assert len(found) >= 14
    for arguments in found:
        answer = send(client, arguments)
        assert answer.status_code == 200, (arguments, answer.text)
        json.loads(answer.text)


def test_every_route_is_in_the_page(client: TestClient) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for path in client.get("/openapi.json").json()["paths"]:
        pattern = re.escape(path).replace(re.escape("{key}"), r"[\w-]+")
        assert re.search(pattern + r"\b", text), path
