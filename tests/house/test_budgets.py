"""How long a file and a function may be, and what every public one says about itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "edgewise").rglob("*.py"))
ALL_CODE = SOURCES + sorted(
    path
    for folder in ("tests", "benchmarks", "examples")
    for path in (ROOT / folder).rglob("*.py")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)

FILE_LINES = 400
FUNCTION_LINES = 60

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", ALL_CODE, ids=relative)
def test_files_are_rooms_not_halls(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", ALL_CODE, ids=relative)
def test_functions_fit_a_screen(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or node.lineno) - node.lineno < FUNCTION_LINES, node.name


def public_definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    """The public functions and classes of a module; methods of a class with a parent may inherit its words."""
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        marks = {ast.unparse(mark).split("(")[0].rpartition(".")[2] for mark in node.decorator_list}
        if not marks & {"overload", "setter"}:
            yield node
        if isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases} <= {"ABC", "Protocol"}:
            yield from public_definitions(node.body)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_everything_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    silent = [
        f"{node.name}, line {node.lineno}" for node in public_definitions(tree.body) if not ast.get_docstring(node)
    ]
    assert not silent
