"""The parts of the docs that are made from the code, so that they cannot be out of date.

A part lies between `<!-- made: NAME -->` and `<!-- /made -->`. With EDGEWISE_UPDATE=1 it is written anew.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import BaseModel
from typer.main import get_command

import edgewise
from edgewise.cli.main import app
from edgewise.decisions.project import file as project
from edgewise.decisions.project.read import RULES
from edgewise.decisions.registry import NAMES, kind_of
from edgewise.evaluation.catalogue import CATALOGUE, PRIMARY
from edgewise.models.registry import BASELINES, MAIN
from edgewise.schema.graphfile import ClockEntry, GraphFile, TableEntry
from edgewise.stypes import SType

DOCS = Path(__file__).parents[2] / "docs"
UPDATE = os.environ.get("EDGEWISE_UPDATE") == "1"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def metrics() -> str:
    """Every metric, and the tasks that it decides."""
    decides = {key: [kind.value for kind, primary in PRIMARY.items() if primary == key] for key in CATALOGUE}
    up = {1: "higher", -1: "lower", 0: "neither"}
    rows = (
        (f"`{m.key}`", m.title(0).replace("@0", "@k"), up[m.better], m.note, ", ".join(decides[m.key]))
        for m in CATALOGUE.values()
    )
    return table(("in JSON", "metric", "better", "what it says", "decides"), rows)


def models() -> str:
    """Every model and baseline, from the registry."""

    def rows(paths: Iterable[str], role: str) -> Iterable[tuple[str, ...]]:
        for path in paths:
            module, _, name = path.partition(":")
            cls = getattr(import_module(module), name)
            yield cls.name, role, " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())

    return table(("name", "is", "what it does"), [*rows(MAIN, "model"), *rows(BASELINES, "baseline")])


def graph_file() -> str:
    """Every field of the graph file."""
    parts = []
    for title, model in (("The file", GraphFile), ("A table", TableEntry), ("A clock", ClockEntry)):
        rows = ((f"`{name}`", field.description or "") for name, field in model.model_fields.items())
        parts.append(f"### {title}\n\n{table(('field', 'meaning'), rows)}")
    return "\n".join(parts)


def project_file() -> str:
    """Every field of the project file."""
    parts = []
    models = (
        ("The file", project.ProjectFile),
        ("People", project.PeopleEntry),
        ("A kind of things", project.ItemEntry),
        ("A table of collections", project.CollectionEntry),
        ("The homepage", project.HomeEntry),
        ("A shelf", project.ShelfEntry),
        ("Curated playlists", project.ListsEntry),
        ("Batch decisions", project.DecisionsEntry),
        *(part for name in NAMES for part in entries(name, kind_of(name).entry)),
        *((f"Rule: {tag}", model) for tag, model in RULES.items()),
    )
    for title, model in models:
        rows = (
            (f"`{name}`", field.description or "") for name, field in model.model_fields.items() if name != "rule"
        )
        about = " ".join((inspect.getdoc(model) or "").split())
        parts.append(f"### {title}\n\n{about}\n\n{table(('field', 'meaning'), rows)}")
    return "\n".join(parts)


def entries(title: str, model: type[BaseModel], known: set[type] | None = None) -> Iterator[tuple[str, type]]:
    """An entry of the project file and those inside it, each once, named by the fields that lead there."""
    known = set() if known is None else known
    known.add(model)
    yield title, model
    for field, info in model.model_fields.items():
        for inside in models_in(info.annotation):
            if inside not in known:
                yield from entries(f"{title}, {field}", inside, known)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The entries that an annotation names."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


TYPES = {
    SType.NUMERICAL: "a quantity: sums and means make sense",
    SType.CATEGORICAL: "one of a set of values, codes written as numbers included",
    SType.MULTICATEGORICAL: "several labels in one value: a list, or a text with separators",
    SType.TEXT: "words to be read",
    SType.TIMESTAMP: "a moment or a date",
    SType.BOOLEAN: "true or false",
    SType.ID: "names a row, here or in another table; it is linked, never read as a number",
    SType.EMBEDDING: "a vector of fixed length",
}


def types() -> str:
    """Every semantic type."""
    return table(("type", "meaning"), ((f"`{stype}`", TYPES[stype]) for stype in SType))


def commands() -> str:
    """Every command with its arguments and options."""
    group = get_command(app)
    context = typer.Context(group, info_name="edgewise")
    parts = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # a group, for it has commands
        usage = " ".join(command.collect_usage_pieces(typer.Context(command, info_name=name, parent=context)))
        rows = [
            (
                "`" + "`, `".join(p.opts) + (f" {p.metavar}" if p.metavar else "") + "`",
                " ".join((p.help or "").split()),
            )
            if p.param_type_name == "option"
            else (f"`{p.metavar or p.name.upper()}`", " ".join((p.help or "").split()))
            for p in command.params
        ]
        parts.append(
            f"## edgewise {name}\n\n`edgewise {name} {usage}`\n\n{inspect.cleandoc(command.help or '')}\n\n"
        )
        parts.append(table(("argument or option", "meaning"), rows) + "\n")
    return "".join(parts).rstrip("\n") + "\n"


def names() -> str:
    """Every public name, with what it says about itself."""
    parts = []
    for name in edgewise.__all__:
        value = getattr(edgewise, name)
        parts.append(f"## {name}\n\n{described(value, f'edgewise.{name}')}")
        if inspect.isclass(value) and not issubclass(value, Exception):
            parts += [f"### {name}.{m}\n\n{described(v, f'{name}.{m}')}" for m, v in methods(value)]
    return "\n".join(parts)


def methods(cls: type) -> list[tuple[str, object]]:
    """The public methods and properties of a class, in the order of its body."""
    kinds = (property, staticmethod, classmethod)
    own = [(n, v) for n, v in vars(cls).items() if not n.startswith("_") and (callable(v) or isinstance(v, kinds))]
    return [(n, v.__func__ if isinstance(v, (staticmethod, classmethod)) else v) for n, v in own]


def described(value: object, name: str) -> str:
    """A signature, where there is one, and the docstring."""
    text = inspect.getdoc(value) or ""
    if isinstance(value, property) or not callable(value):
        return f"{as_markdown(text)}\n"
    if inspect.isclass(value):
        return f"{as_markdown(text)}\n"
    signature = re.sub(r"<\w+\.(\w+): '[^']*'>", r"\1", str(inspect.signature(value)))  # a member of an enum
    signature = re.sub(r"(?<=: |> )'([^']*)'", r"\1", signature)  # annotations are texts
    signature = re.sub(r"\((?:self|cls)(?:, )?", "(", signature, count=1)
    if len(name + signature) > 100:
        inside, _, after = signature[1:].rpartition(")")
        signature = "(\n    " + ",\n    ".join(re.split(r", (?=\*|\w+: )", inside)) + f",\n){after}"
    return f"```text\n{name}{signature}\n```\n\n{as_markdown(text)}\n"


def as_markdown(docstring: str) -> str:
    """A docstring whose sections (Args, Returns, Raises) are lists."""
    lines = []
    for line in docstring.splitlines():
        section = re.fullmatch(r"(Args|Returns|Raises):", line)
        entry = re.fullmatch(r" {4}(\S.*)", line)
        lines.append(
            f"**{section[1]}**\n" if section else f"- {entry[1]}" if entry else line.replace(" " * 8, "  ", 1)
        )
    return "\n".join(lines)


MAKERS: dict[str, Callable[[], str]] = {
    "metrics": metrics,
    "models": models,
    "graph_file": graph_file,
    "project_file": project_file,
    "types": types,
    "commands": commands,
    "names": names,
}
PART = re.compile(r"(<!-- made: (\w+) -->\n)(.*?)(<!-- /made -->)", re.DOTALL)
PARTS = [
    (page, name) for page in sorted(DOCS.rglob("*.md")) for _, name, _, _ in PART.findall(page.read_text("utf-8"))
]


@pytest.mark.parametrize(("page", "name"), PARTS, ids=lambda v: v if isinstance(v, str) else v.name)
def test_made_parts_are_up_to_date(page: Path, name: str) -> None:
    text = page.read_text("utf-8")
    made = f"\n{MAKERS[name]()}\n"
    if UPDATE:
        page.write_text(PART.sub(lambda m: m[1] + (made if m[2] == name else m[3]) + m[4], text), "utf-8")
        return
    (found,) = [body for _, part, body, _ in PART.findall(text) if part == name]
    assert found == made, "run EDGEWISE_UPDATE=1 pytest tests/docs"


def test_every_maker_is_used() -> None:
    assert sorted(name for _, name in PARTS) == sorted(MAKERS)
