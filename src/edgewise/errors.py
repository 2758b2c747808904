"""Every error that Edgewise raises on purpose.

EdgewiseError
├── UserError            something the user can mend; the CLI prints it and exits 2
│   ├── SourceError      the place where the tables are cannot be read
│   ├── SchemaError      tables, keys, links, or the graph file that overrides them
│   ├── QueryError       the predictive query; points into its text
│   ├── LabelError       label tables that users bring, or that a query yields
│   ├── ArgumentError    an option or argument
│   ├── ProjectError     the project file: what is served and decided, its pages and rules
│   ├── DecisionError    a batch decision: constraints that conflict, a folder that is none
│   └── RunError         a run folder
└── InternalError        a broken invariant: a bug of ours, never the user's fault
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ArgumentError",
    "DecisionError",
    "EdgewiseError",
    "InternalError",
    "LabelError",
    "ProjectError",
    "QueryError",
    "RunError",
    "SchemaError",
    "SourceError",
    "UserError",
    "nearest",
    "proposal",
]


class EdgewiseError(Exception):
    """The root of the tree."""


class InternalError(EdgewiseError):
    """A broken invariant inside Edgewise."""


class UserError(EdgewiseError):
    """A mistake that the user can mend: place and cause in `message`, the way out in `hint`.

    `str(error)` is the whole text that a user sees, without the class name.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"

    def render(self) -> str:
        """The text with the class name in front, as the CLI prints it."""
        return f"{type(self).__name__}: {self}"


class SourceError(UserError):
    """The place where the tables are cannot be read."""


class SchemaError(UserError):
    """Tables, keys, links, or the graph file that overrides them."""


class LabelError(UserError):
    """Label tables that users bring, or that a query yields."""


class ArgumentError(UserError):
    """An option or argument."""


class ProjectError(UserError):
    """The project file: what is served and decided, its pages and rules."""


class DecisionError(UserError):
    """A batch decision: constraints that conflict, a folder that is none."""


class RunError(UserError):
    """A run folder."""


class QueryError(UserError):
    """The predictive query. `start` and `end` are offsets into `text`, the query as the user wrote it."""

    def __init__(
        self, message: str, *, text: str, start: int, end: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.start = max(0, min(start, len(text)))
        self.end = max(self.start + 1, end if end is not None else start + 1)

    def __str__(self) -> str:
        lines = [self.message, *self._pointer()]
        if self.hint is not None:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def _pointer(self) -> list[str]:
        """The line of the query that holds the mistake, and carets below it."""
        first = self.text.rfind("\n", 0, self.start) + 1
        last = self.text.find("\n", self.start)
        line = self.text[first : last if last >= 0 else len(self.text)]
        width = max(1, min(self.end, first + len(line)) - self.start)
        return [f"  {line}", "  " + " " * (self.start - first) + "^" * width]


def proposal(name: str, known: Iterable[str], otherwise: str) -> str:
    """A hint for a name that is not known: the nearest ones, or else `otherwise`."""
    near = nearest(name, known)
    return f"did you mean {' or '.join(near)}?" if near else otherwise


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names that are closest to `name`, best first, ignoring case; empty when none is near."""
    by_folded = {k.casefold(): k for k in known}
    found = difflib.get_close_matches(name.casefold(), list(by_folded), n=limit, cutoff=0.6)
    return [by_folded[f] for f in found]
