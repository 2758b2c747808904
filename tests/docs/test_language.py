"""docs/query-language.md names all of the language, and its examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgewise.query.kinds import TaskKind
from edgewise.query.nodes import Func, Unit
from edgewise.query.parse import parse

PAGE = (Path(__file__).parents[2] / "docs" / "query-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```pql\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_are_valid(text: str) -> None:
    parse(text)


@pytest.mark.parametrize("name", [*Func, *Unit, *TaskKind])
def test_every_word_is_explained(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE)
