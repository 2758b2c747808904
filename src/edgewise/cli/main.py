"""The command `edgewise`: one file a command, no logic; errors become exit codes here.

Exit codes: 0 done; 1 something is broken (a bug, or `doctor` found a problem); 2 a mistake that the user can mend;
130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from edgewise.cli.admin import admin
from edgewise.cli.assort import assort
from edgewise.cli.check import check
from edgewise.cli.demo import demo
from edgewise.cli.doctor import doctor
from edgewise.cli.evaluate import evaluate
from edgewise.cli.explain import explain
from edgewise.cli.fit import fit
from edgewise.cli.forecast import forecast
from edgewise.cli.inspect import inspect
from edgewise.cli.labels import labels
from edgewise.cli.match import match
from edgewise.cli.notify import notify
from edgewise.cli.predict import predict
from edgewise.cli.serve import serve
from edgewise.cli.simulate import simulate
from edgewise.cli.terminal import Terminal
from edgewise.cli.trends import trends
from edgewise.errors import ArgumentError, UserError

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="edgewise",
    help="Tables to predictions: one line says what to predict.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
PREDICTIONS = (demo, inspect, check, labels, fit, evaluate, predict, explain, serve)
DECISIONS = (assort, forecast, match, notify, trends)
OTHERS = (simulate, admin, doctor)
for command in (*PREDICTIONS, *DECISIONS, *OTHERS):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"edgewise {version('edgewise')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line of this process and exit."""
    # Waiting threads sleep: where cores are shared, spinning makes two threads slower than one.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line, such as `["inspect", "shop"]`, and return its exit code."""
    terminal = Terminal(as_json="--json" in arguments)
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
        return code
    except UserError as mistake:
        terminal.mistake(mistake)
        return 2
    except BrokenPipeError:
        return _reader_left()
    except KeyboardInterrupt:
        terminal.err.print("Interrupted: nothing half-written is left behind.")
        return 130
    except Exception as error:
        from edgewise.cli.apology import apologise

        apologise(terminal, error, arguments)
        return 1


def _invoke(arguments: Sequence[str]) -> int:
    """Parse and call. What typer raises about arguments becomes an ArgumentError."""
    command = get_command(app)
    name = "edgewise"
    try:
        with command.make_context(name, list(arguments) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        raise _argument_error(error) from None
    return 0


def _argument_error(error: typer.TyperException) -> ArgumentError:
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "edgewise"
    message = error.format_message().strip().rstrip(".")
    return ArgumentError(message[:1].lower() + message[1:], hint=f"see `{where} --help`")


def _reader_left() -> int:
    """The reader of stdout went away (as `| head` does): say nothing, and let Python flush into nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
