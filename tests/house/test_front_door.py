"""What `import edgewise` offers, and how little it costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import edgewise

HEAVY = (
    "torch",
    "torch_geometric",
    "pandas",
    "polars",
    "duckdb",
    "lightgbm",
    "matplotlib",
    "numba",
    "scipy",
    "sklearn",
)


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running some code."""
    script = f"{code}\nimport json, sys\njson.dump(sorted({{m.split('.')[0] for m in sys.modules}}), sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_front_door_is_small_and_sorted() -> None:
    names = list(edgewise.__all__)
    assert names == sorted(names)
    assert len(names) <= 15


def test_every_name_at_the_front_door_is_there_and_has_a_docstring() -> None:
    for name in edgewise.__all__:
        assert getattr(edgewise, name).__doc__, name
    assert set(edgewise.__all__) <= set(dir(edgewise))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = edgewise.no_such_name


@pytest.mark.parametrize(
    "code",
    [
        "import edgewise",
        "from edgewise.cli.main import run\nassert run(['--help']) == 0",
        "from edgewise.cli.main import run\nassert run(['fit', '--help']) == 0",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert not loaded_by(code) & set(HEAVY)


def test_the_query_language_needs_neither_torch_nor_frames() -> None:
    light = {"torch", "torch_geometric", "pandas", "polars", "lightgbm", "matplotlib"}
    assert not loaded_by("import edgewise.query, pkgutil, importlib\n"
                         "for m in pkgutil.iter_modules(edgewise.query.__path__):\n"
                         "    importlib.import_module(f'edgewise.query.{m.name}')") & light  # fmt: skip
