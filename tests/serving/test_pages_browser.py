"""The pages as Debian's Chromium shows them: scripts, keyboard, widths, colours; and the README's pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from chromium import Tab, chromium
from listening_app import listening
from serving_shop import make_live

from edgewise.serving.app import make_app
from edgewise.serving.limits import RateLimit
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings, Tenant

pytestmark = pytest.mark.browser

PAGES = ("/preview?user=3", "/preview?user=3&beside=5", "/graph", "/query?text=PREDICT%20x", "/models", "/sign-in")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over the small shop."""
    settings = Settings(clock="data", deadline=5.0)
    tenant = Tenant("main", tmp_path_factory.mktemp("state"), make_live(), make_live, settings)
    app = make_app(Service({"main": tenant}, None, RateLimit(1e6, 1e6)))
    with listening(app) as found:
        yield found


@pytest.fixture(scope="module")
def tab(chromium_command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A page of the browser."""
    with chromium(chromium_command, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_no_page_is_wider_than_its_window_or_complains(
    tab: Tab, address: str, path: str, width: int, dark: bool
) -> None:
    tab.look(width, 800, dark=dark)
    tab.problems.clear()
    tab.asked.clear()
    tab.open(address + path)
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.problems == []
    assert all(asked.startswith(address) or asked.startswith("data:") for asked in tab.asked)
    red, green, blue = json.loads(
        tab.run("getComputedStyle(document.body).backgroundColor.replace(/rgba?\\(/, '[').replace(')', ']')")
    )[:3]
    assert (red + green + blue < 200) == dark


def test_an_event_changes_the_page_without_leaving_it(tab: Tab, address: str) -> None:
    tab.look(1280, 900)
    tab.open(f"{address}/preview?user=7")
    tab.run("window.stayed = true")
    first = "document.querySelector('[data-key]').dataset.key"
    assert tab.run(first) == "tracks/0"
    card = "document.querySelector('[data-key=\"tracks/9\"]')"
    tab.run(f"{card}.querySelector('summary').click()")
    tab.run(f"{card}.querySelector('button[name=table]').click()")
    tab.until(f"{first} === 'tracks/9'")
    assert tab.run("window.stayed")
    said = tab.run("document.querySelector('#said').textContent")
    assert "Recorded: Listen of Track 9." in said
    assert "new on the page" in said
    tab.until("document.activeElement.closest('[data-key]')?.dataset.key === 'tracks/9'")


def test_the_keyboard_reaches_everything_and_is_seen_to(tab: Tab, address: str) -> None:
    tab.open(f"{address}/preview?user=3")
    seen = []
    for _ in range(15):
        tab.press("Tab", 9)
        seen.append(tab.run("document.activeElement.textContent.trim().slice(0, 20)"))
        assert tab.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert seen[0] == "To the content"
    assert {"Graph", "Show", "Random", "Cold"} <= set(seen)
    tab.run("document.querySelector('.card summary').focus()")
    tab.press("Enter", 13, "\r")
    tab.until("document.querySelector('.card details').open")


def test_users_are_proposed_while_a_key_is_typed(tab: Tab, address: str) -> None:
    tab.open(f"{address}/preview")
    tab.run("document.querySelector('#user').focus()")
    tab.type("1")
    tab.until("[...document.querySelector('#user-found').options].map(o => o.value).slice(0, 2).join() === '1,10'")


def test_a_query_is_completed_and_checked_while_it_is_written(tab: Tab, address: str) -> None:
    tab.open(f"{address}/query")
    tab.until("document.documentElement.dataset.ready === 'query'")
    tab.run("document.querySelector('#text').focus()")
    tab.type("PREDICT COUNT(lis")
    tab.until("!document.querySelector('#choices').hidden")
    tab.press("Enter", 13, "\r")
    assert tab.run("document.querySelector('#text').value") == "PREDICT COUNT(listens"
    tab.type(".*, 0, 7, days) FOR EACH users.user")
    tab.until("document.querySelector('#checked').textContent.includes('user_id')")
    assert tab.run("document.querySelector('#checked mark').textContent") == "user"
    tab.press("Tab", 9)
    tab.until("document.querySelector('#checked').textContent.startsWith('Valid:')")
    assert tab.run("document.querySelector('#text').value").endswith("users.user_id")


def test_a_box_of_the_picture_opens_its_table(tab: Tab, address: str) -> None:
    tab.open(f"{address}/graph")
    tab.run("location.hash = 'table-tracks'")
    tab.until("document.querySelector('#table-tracks').open")


def test_the_pictures_of_the_readme(tab: Tab) -> None:
    """Taken anew from a service at $EDGEWISE_PICTURES; otherwise they are there, and not too large."""
    folder = Path(__file__).parents[2] / "docs" / "pictures"
    service = os.environ.get("EDGEWISE_PICTURES")
    if service is not None:
        folder.mkdir(exist_ok=True)
        user = json.loads(urlopen(f"{service}/preview/users.json?q=3").read())["users"][0]
        looks = [("preview", f"/preview?user={user}", False), ("graph", "/graph", True)]
        for name, path, dark in (*looks, ("forecast", "/decisions/forecast?level=department", False)):
            tab.look(1180, 760, dark=dark)
            tab.open(service + path)
            tab.run("document.querySelector('#look')?.scrollIntoView()")
            tab.picture(folder / f"{name}.png")
    for name in ("preview", "graph", "forecast"):
        assert 10_000 < (folder / f"{name}.png").stat().st_size < 400_000
