"""Every fenced python and console block in README.md and docs/ runs, in order, file by file.

The blocks of one file share a folder and the Python names of the blocks before. A console block is lines that
begin with `$ ` (a backslash continues them), each with the output it shows; `edgewise` runs in the test process,
anything else is not a console block. An HTML comment on the line above says what is special about a block:

    <!-- varies: reason -->     it runs, but what it prints depends on the machine or the time
    <!-- not run: reason -->    it does not run here

With EDGEWISE_UPDATE=1 the outputs in the files are written anew instead of compared.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli.main import run

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
UPDATE = os.environ.get("EDGEWISE_UPDATE") == "1"
BLOCK = re.compile(
    r"(?:^<!-- (?P<note>varies|not run)(?:: (?P<reason>[^\n]+?))? -->\n)?"
    r"^```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LANGUAGES = {"python", "console", "text", "yaml", "json", "sql", "bash", "pql", "mermaid"}


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    body: str
    note: str | None
    line: int


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(m["language"], m["body"], m["note"], text.count("\n", 0, m.start("body")) + 1)
        for m in BLOCK.finditer(text)
    ]


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def as_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder and a plain terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_blocks_run(page: Path, as_a_reader: None) -> None:
    text = page.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(text):
        if block.note == "not run":
            continue
        if block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.body, str(page), "exec"), names)
        elif block.language == "console":
            shown = "".join(answer(command, f"{relative(page)}:{block.line}") for command in commands(block.body))
            if UPDATE:
                text = text.replace(f"```console\n{block.body}```", f"```console\n{shown}```")
            elif block.note != "varies":
                assert block.body == shown
    if UPDATE:
        page.write_text(text, encoding="utf-8")


def commands(body: str) -> list[str]:
    """The command lines of a console block, as written: with their continuation lines."""
    return re.findall(r"^\$ (?:.*\\\n)*.*\n", body, re.MULTILINE)


def answer(command: str, place: str) -> str:
    """A command line and what it prints. Its exit code is 0, or the one that a last line `# exit N` announces."""
    arguments = shlex.split(command.removeprefix("$ ").replace("\\\n", " "), comments=True)
    assert arguments[0] == "edgewise", f"{place}: a console block runs edgewise, not {arguments[0]}"
    announced = re.search(r"# exit (\d+)$", command.strip())
    both = io.StringIO()
    with contextlib.redirect_stdout(both), contextlib.redirect_stderr(both):
        code = run(arguments[1:])
    assert code == (int(announced[1]) if announced else 0), f"{place}: {command}{both.getvalue()}"
    lines = [line.rstrip() for line in both.getvalue().splitlines()]
    return command + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_fences_name_a_language_and_exceptions_a_reason(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(blocks_of(text)), "a fence has no language, or is not closed"
    assert {block.language for block in blocks_of(text)} <= LANGUAGES
    for match in BLOCK.finditer(text):
        assert match["note"] is None or match["reason"], f"line {text.count(chr(10), 0, match.start()) + 1}"


@pytest.mark.parametrize("page", [*PAGES, *sorted(ROOT.glob("[A-Z]*.md"))], ids=relative)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert (page.parent / target).exists(), target
