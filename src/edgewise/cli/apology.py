"""What is said when Edgewise itself is at fault: one sentence, and a file with the details."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from edgewise.cli.terminal import Terminal

__all__ = ["apologise"]


def apologise(terminal: Terminal, error: Exception, arguments: Sequence[str]) -> None:
    """Write the traceback to a file and name it; with --json, also as an error envelope on stdout."""
    path = _write(error, arguments)
    message = f"something went wrong inside Edgewise ({type(error).__name__}), and it is not your doing"
    hint = f"the details are in {path}; please attach it to a report"
    if terminal.as_json:
        document = {"error": {"type": "InternalError", "message": message, "hint": hint}}
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        terminal.err.print(f"Sorry: {message}.\nhint: {hint}", markup=False, soft_wrap=True)


def _write(error: Exception, arguments: Sequence[str]) -> Path:
    now = dt.datetime.now(dt.UTC)
    handle, name = tempfile.mkstemp(prefix=f"edgewise-{now:%Y%m%dT%H%M%S}-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"edgewise {version('edgewise')}, Python {sys.version.split()[0]}, {now.isoformat()}\n")
        text = f"arguments: {list(arguments)}\n\n{''.join(traceback.format_exception(error))}"
        file.write(re.sub(r"(://[^:/@\s]+):[^@\s]*@", r"\1:…@", text))  # no passwords in logs
    return Path(name)
