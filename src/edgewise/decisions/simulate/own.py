"""A user's own policy: a function in a Python file. Naming it runs the file."""

from __future__ import annotations

import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from edgewise.decisions.simulate.nouns import Policy
from edgewise.errors import ArgumentError, UserError, proposal

__all__ = ["PolicyError", "failed_in", "is_own", "own_policy"]


class PolicyError(ArgumentError):
    """A policy that cannot be run, or that fails while it runs."""


def is_own(text: str) -> bool:
    """Whether the text says FILE.py:FUNCTION."""
    return ".py:" in text


def own_policy(text: str) -> Policy:
    """The function that FILE.py:FUNCTION names, under that name. The file is run.

    Raises:
        PolicyError: there is no such file or function, or the file fails.
    """
    file, _, function = text.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise PolicyError(f"there is no file '{file}'", hint="a policy of your own is FILE.py:FUNCTION")
    module = _run(path)
    found = getattr(module, function, None)
    if not callable(found):
        names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        hint = proposal(function, names, f"functions: {', '.join(names[:8]) or 'none'}")
        raise PolicyError(f"'{file}' has no function '{function}'", hint=hint)
    return Policy(text, "own", found)


def failed_in(policy: Policy, when: str, error: BaseException) -> PolicyError:
    """What a policy's mistake looks like to its user: the line of its own code, and the words of the error."""
    if isinstance(error, UserError):
        return PolicyError(f"the policy '{policy.name}', {when}: {error.message}", hint=error.hint)
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if policy.name.startswith(f.filename)] or frames[-1:]
    where = f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "?"
    return PolicyError(
        f"the policy '{policy.name}', {when}, failed in {where}: {type(error).__name__}: {error}",
        hint=f"  {own[-1].line}" if own else None,
    )


def _run(path: Path) -> Any:
    spec = spec_from_file_location(f"policy_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise PolicyError(f"'{path}' is no Python file", hint="a policy of your own is FILE.py:FUNCTION")
    module = module_from_spec(spec)
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.append(beside)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        line = f", line {own[-1].lineno}" if own else ""
        raise PolicyError(f"'{path}'{line} fails: {type(error).__name__}: {error}") from error
    return module
