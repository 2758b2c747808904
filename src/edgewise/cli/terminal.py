"""Where a command writes: its answer on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from edgewise.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from edgewise.models.contract import Progress

__all__ = ["Terminal", "envelope", "plain"]


class Terminal:
    """Both streams of one command, and the way its user wants to read them.

    With `as_json`, stdout gets one JSON document and nothing else. `quiet` leaves out progress and notes.
    Colour follows the stream: none outside a terminal or with NO_COLOR set.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet

    @property
    def out(self) -> Console:
        """The console on stdout."""
        from rich.console import Console

        return Console(file=sys.stdout, highlight=False)

    @property
    def err(self) -> Console:
        """The console on stderr."""
        from rich.console import Console

        return Console(file=sys.stderr, highlight=False)

    def answer(self, document: Callable[[], Mapping[str, Any]], show: Callable[[Console], None]) -> None:
        """Write the answer: as one JSON document, or by `show` for people."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(document()), indent=2, ensure_ascii=False) + "\n")
        else:
            show(self.out)

    def note(self, text: str) -> None:
        """One line for people, on stderr."""
        if not self.quiet:
            self.err.print(text, markup=False)

    def progress(self) -> Progress:
        """Where a long job says what it is doing."""
        from edgewise.cli.progress import progress_on
        from edgewise.models.contract import Quiet

        return Quiet() if self.quiet else progress_on(self.err)

    def mistake(self, error: UserError) -> None:
        """Say what a user can mend: text on stderr, or the error envelope on stdout."""
        if self.as_json:
            sys.stdout.write(json.dumps(envelope(error), indent=2, ensure_ascii=False) + "\n")
            return
        from rich.text import Text

        label, _, rest = error.render().partition(": ")
        text = Text(f"{label}: ", style="bold red").append(Text(rest, style="default not bold"))
        self.err.print(text, soft_wrap=True)


def envelope(error: UserError) -> dict[str, Any]:
    """The one shape of an error for programs: type, message, hint, and the place in the query if there is one."""
    inside: dict[str, Any] = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
    text, start, end = (getattr(error, name, None) for name in ("text", "start", "end"))
    if text is not None:
        inside["position"] = {"text": text, "start": start, "end": end}
    return {"error": inside}


def plain(value: Any) -> Any:
    """A value in JSON's own types: no NaN and no infinity (null instead), tuples as lists, the rest as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return plain(value.tolist())
    return str(value)
