"""The report's page as a browser reads it: headless Chromium, all of whose requests go to a proxy that refuses."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edgewise.evaluation.page import page
from edgewise.evaluation.report import Report
from edgewise.evaluation.run import evaluate

pytestmark = pytest.mark.browser

QUERY = "PREDICT COUNT(orders.*, 0, 7, days) > 2 FOR EACH users.user_id"
#: Where the browser turns on its own account, whatever it shows.
ITS_OWN = (
    "clients2.google.com",
    "update.googleapis.com",
    "accounts.google.com",
    "optimizationguide-pa.googleapis.com",
)


def render(start: list[str], html: str, folder: Path) -> tuple[str, list[str]]:
    """The document as the browser has it after loading, and what it asked the network for."""
    asked: list[str] = []

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not any(host in self.path for host in ITS_OWN):
                asked.append(self.path)
            self.send_error(403)

        do_CONNECT = do_POST = do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            return

    (folder / "page.html").write_text(html, "utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as proxy, ThreadPoolExecutor(1) as pool:
        serving = pool.submit(proxy.serve_forever)
        command = [
            *start, f"--user-data-dir={folder / 'profile'}", "--proxy-bypass-list=<-loopback>",
            f"--proxy-server=127.0.0.1:{proxy.server_port}", "--dump-dom", (folder / "page.html").as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        finally:
            proxy.shutdown()
            serving.result()
    return done.stdout, asked


def report_of(make_case: Callable[..., Any], kind: str) -> Report:
    case = make_case(kind, n=60)
    spec = replace(case.spec, description=QUERY)
    return evaluate(spec, case.labels, case.predictions, resamples=20, data={"source": "shop"})


def text_of(html: str) -> str:
    """The words of a piece of HTML."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", html).split()))


@pytest.mark.parametrize("kind", ["ranking", "binary", "forecasting"])
def test_title_verdict_and_tables_are_there(
    make_case: Callable[..., Any], chromium_command: list[str], tmp_path: Path, kind: str
) -> None:
    report = report_of(make_case, kind)
    dom, asked = render(chromium_command, page(report), tmp_path)
    head, _, body = dom.partition("</head>")
    assert unescape(re.findall(r"<title>(.*?)</title>", head)[0]) == QUERY
    assert QUERY in text_of(body)
    assert text_of(body).count(report.verdict.sentence) == 1
    tables = re.findall(r"<table.*?</table>", dom, flags=re.S)
    assert len(tables) == page(report).count("<table>") >= 3
    assert all(comparison.row("ours").model in text_of(tables[0]) for comparison in report.comparisons)
    assert all(metric.label in text_of(tables[0]) for metric in report.metrics)
    assert asked == []


def test_a_page_that_asks_is_caught(chromium_command: list[str], tmp_path: Path) -> None:
    _, asked = render(chromium_command, '<img src="http://elsewhere.invalid/pixel.png">', tmp_path)
    assert asked == ["http://elsewhere.invalid/pixel.png"]
