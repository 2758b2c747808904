"""What tests of several packages need."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# The same examples every time, so that a commit passes or fails alike for everybody.
# HYPOTHESIS_PROFILE=explore looks at new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


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
