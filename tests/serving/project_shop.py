"""The small shop under a project file: pages with rules, searches and exploration, and a state that is kept."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from serving_shop import PODCASTS, START, TRACKS, USERS, MemoryAnswers, MemoryKeys, schema

from edgewise.clock import DAY
from edgewise.decisions.project.read import parse_project
from edgewise.decisions.surfaces import Surfaces
from edgewise.prediction.nouns import Event
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.serving.desk import Ask
from edgewise.serving.exploration import Exploration
from edgewise.serving.live import Live
from edgewise.serving.project_desk import ProjectDesk
from edgewise.stypes import SType

PROJECT = """
name: shop
source: nowhere
people: {table: users}
items:
  tracks: {title: title}
  podcasts: {title: title}
"""
NOW = START + 7 * DAY


def shop_schema() -> Schema:
    """The shop's schema with a table of searches."""
    shop = schema()
    said = (
        ("user_id", "int64", SType.ID),
        ("words", "string", SType.TEXT),
        ("at", "timestamp[us]", SType.TIMESTAMP),
    )
    searches = Table("searches", tuple(Column(*one) for one in said), 0, time="at")
    return Schema({**shop.tables, "searches": searches}, (*shop.links, Link("searches", "user_id", "users")))


class Columns:
    """The shop's columns at the start: nobody has done anything. Each sixth track is blue, the next red."""

    def column(self, table: str, name: str) -> pa.Array:
        """A column."""
        size = {"users": USERS, "tracks": TRACKS, "podcasts": PODCASTS}.get(table, 0)
        if name.endswith("_id"):
            return pa.array(np.arange(size))
        if name == "at":
            return pa.array([], pa.timestamp("us"))
        colours = ["Blue ", "Red "] + 4 * [""] if table == "tracks" else [""]
        return pa.array([f"{colours[i % len(colours)]}{table[:-1].title()} {i}" for i in range(size)], pa.string())


class KeptAnswers(MemoryAnswers):
    """The shop's answers, with a state that can be kept, and how often they stood on another."""

    def __init__(self) -> None:
        super().__init__()
        self.rebased: list[tuple[str, int]] = []

    def save_state(self, folder: Path) -> None:
        """Write the state."""
        (folder / "state").write_bytes(pickle.dumps((dict(self.heard), self.all)))

    def load_state(self, folder: Path) -> None:
        """Take the state."""
        heard, self.all = pickle.loads((folder / "state").read_bytes())
        self.heard.clear()
        self.heard.update(heard)

    def on(self, folder: Path, events: Iterable[Event]) -> tuple[str, KeptAnswers]:
        """The state, and what came since."""
        found = KeptAnswers()
        found.load_state(folder)
        for event in events:
            found.observe(event)
        return folder.name, found

    def adopt(self, other: tuple[str, KeptAnswers], events: Iterable[Event]) -> None:
        """Become them."""
        name, found = other
        for event in events:
            found.observe(event)
        self.heard, self.all = found.heard, found.all
        self.rebased.append((name, sum(len(every) for every in self.heard.values())))


def desk_of(exploration: Exploration, more: str = "", answers: Any = None) -> ProjectDesk:
    """The desk of the project, with further lines in its file."""
    whole = shop_schema()
    surfaces = Surfaces.build(parse_project(PROJECT + more, "project.yaml", whole), whole, Columns(), until=NOW)
    return ProjectDesk(MemoryAnswers() if answers is None else answers, surfaces, MemoryKeys(), exploration)


def project_live(exploration: Exploration | None = None, *, kept: bool = True) -> Live:
    """A model that answers by the project's desk; its state can be `kept` over a restart."""
    answers = KeptAnswers() if kept else MemoryAnswers()
    desk = desk_of(exploration or Exploration(epsilon=0.0), answers=answers)
    return Live("v1", answers, desk, MemoryKeys(), shop_schema(), "users", NOW)


def ask_of(exposure: str, row: int = 3, at: int = NOW) -> Ask:
    """A question of a user."""
    return Ask(row, at, str(row), exposure)
