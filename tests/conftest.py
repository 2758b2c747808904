"""What tests of several packages need."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session")
def chromium_command() -> list[str]:
    """How a headless Chromium is started, with as few look-ups of its own as can be; skips where there is none."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
        "--disable-dev-shm-usage",  # /dev/shm is small in containers
        "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
        "--disable-sync", "--disable-extensions",
        "--disable-features=OptimizationHints,MediaRouter,Translate",
    ]  # fmt: skip
