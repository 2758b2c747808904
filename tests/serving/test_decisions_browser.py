"""The pages of decisions as Debian's Chromium shows them: widths, colours, keyboard, pictures, sliders."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from chromium import Tab, chromium
from decided_samples import assort, forecast, match, notify, plain, trends, write_all
from listening_app import listening
from serving_shop import make_live

from edgewise.serving.app import make_app
from edgewise.serving.limits import RateLimit
from edgewise.serving.pages.origin import Origin
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings, Tenant

pytestmark = pytest.mark.browser

KINDS = ("assort", "forecast", "match", "notify", "trends")

PAGES = ("/decisions", "/decisions/other", *(f"/decisions/{kind}" for kind in KINDS))
WIDTHS = (360, 768, 1400)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over the small shop and decisions of every kind."""
    tenant = Tenant("main", tmp_path_factory.mktemp("state"), make_live(), make_live, Settings(clock="data"))
    folder = write_all(
        tmp_path_factory.mktemp("decided"), plain(), assort(), forecast(), match(), notify(), trends()
    )
    app = make_app(Service({"main": tenant}, None, RateLimit(1e6, 1e6)), origins={"main": Origin(decided=folder)})
    with listening(app) as found:
        yield found


@pytest.fixture(scope="module")
def tab(chromium_command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A page of the browser."""
    with chromium(chromium_command, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_no_page_is_wider_than_its_window_complains_or_asks_elsewhere(
    tab: Tab, address: str, path: str, dark: bool
) -> None:
    for width in WIDTHS:
        tab.look(width, 800, dark=dark)
        tab.problems.clear()
        tab.asked.clear()
        tab.open(address + path)
        assert tab.run("document.documentElement.scrollWidth") <= width, (path, width)
        assert tab.problems == []
        assert all(asked.startswith((address, "data:")) for asked in tab.asked)
        seen = "[...document.querySelectorAll('figure.chart svg')].filter(s => s.getClientRects().length)"
        figures = tab.run("document.querySelectorAll('figure.chart').length")
        assert tab.run(f"{seen}.length") == figures
        assert tab.run(f"{seen}.every(s => s.getAttribute('aria-label'))")
    ground = tab.run("getComputedStyle(document.body).backgroundColor.replace(/rgba?\\(/, '[').replace(')', ']')")
    assert (sum(json.loads(ground)[:3]) < 200) == dark


def test_letters_in_charts_can_be_read_on_a_telephone(tab: Tab, address: str) -> None:
    tab.look(360, 800)
    tab.open(f"{address}/decisions/other")
    size = tab.run(
        "Math.min(...[...document.querySelectorAll('figure.chart .narrow-drawing text')]"
        ".map(t => t.getBoundingClientRect().height))"
    )
    assert size >= 11


def test_a_chart_is_saved_as_png(tab: Tab, address: str) -> None:
    tab.look(1200, 800)
    tab.open(f"{address}/decisions/other")
    tab.until("document.documentElement.dataset.ready === 'decisions'")
    tab.run("window.made = null; URL.createObjectURL = (blob) => { window.made = blob; return '#saved'; }")
    tab.run("document.querySelector('[data-png]').click()")
    tab.until("window.made")
    assert tab.run("window.made.type") == "image/png"
    size = json.loads(
        tab.run("createImageBitmap(window.made).then(b => JSON.stringify([b.width, b.height, window.made.size]))")
    )
    assert size[0] == 2 * (760 + 24)
    assert size[2] > 5_000


def test_the_keyboard_reaches_charts_tables_and_exports(tab: Tab, address: str) -> None:
    tab.look(1200, 800)
    tab.open(f"{address}/decisions/other")
    seen = []
    for _ in range(30):
        tab.press("Tab", 9)
        seen.append(tab.run("document.activeElement.textContent.trim().slice(0, 24)"))
        assert tab.run("document.activeElement === document.body") or (
            tab.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
        )
    assert {"To the content", "Decisions", "The figures as a table"} <= set(seen)
    assert any(words.startswith("PNG") for words in seen)
    tab.run("document.querySelector('figure.chart summary').focus()")
    tab.press("Enter", 13, "\r")
    tab.until("document.querySelector('figure.chart details').open")


def test_a_slider_moves_the_point_without_leaving_the_page(tab: Tab, address: str) -> None:
    tab.look(1200, 800)
    tab.problems.clear()
    tab.open(f"{address}/decisions/notify")
    tab.until("document.documentElement.dataset.ready === 'decisions'")
    assert tab.run("getComputedStyle(document.querySelector('[data-look] .buttons')).display") == "none"
    tab.run("window.stayed = true; document.querySelector('#point').focus()")
    before = tab.run("document.querySelector('#shown .notice').textContent")
    tab.press("ArrowRight", 39)
    tab.until("document.querySelector('#shown [data-said]').textContent.includes('beside the decision')")
    assert tab.run("window.stayed")
    assert tab.run("document.querySelector('#shown .notice').textContent") != before
    assert tab.run("location.search").startswith("?point=2")
    assert "gained" in tab.run("document.querySelector('#point').getAttribute('aria-valuetext')")
    assert tab.run("document.activeElement.id") == "point"
    tab.run("document.querySelector('#channel').value = 'push'")
    tab.run("document.querySelector('#channel').dispatchEvent(new Event('input', { bubbles: true }))")
    tab.until("document.querySelector('#chart-calendar').textContent.includes('over push')")
    assert tab.problems == []


def test_without_scripts_a_slider_is_a_form(tab: Tab, address: str) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.call("Page.navigate", url=f"{address}/decisions/notify")
        tab.until("document.readyState === 'complete' && document.querySelector('#point')")
        assert tab.run("getComputedStyle(document.querySelector('[data-look] .buttons')).display") != "none"
        tab.run("document.querySelector('#point').value = '3'; document.querySelector('[data-look]').submit()")
        tab.until("location.search.includes('point=3') && document.readyState === 'complete'")
        assert "125" in tab.run("document.querySelector('#shown .notice').textContent")
        assert tab.run("document.querySelector('[data-png]').hidden")
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
