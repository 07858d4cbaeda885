"""Files that commands write: over nothing that is there unless asked, and never over input."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from physmodel.laws.answer import Answer

#: Option of every command that writes a table.
FORCE = click.option("--force", is_flag=True, help="Replace a file that is there.")


def free_file(output: str, *, force: bool, inputs: Iterable[Any] = ()) -> Path:
    """A path that a table may be written to, before any work is done.

    Parameters
    ----------
    output : str
    force : bool
        Whether a regular file that is there may be replaced.
    inputs : iterable of path
        What the command reads: never replaced.

    Raises
    ------
    ProblemError
        If the path is empty or an input, or something is there.
    """
    from physmodel.atomic import require_regular
    from physmodel.errors import ProblemError

    if not output:
        raise ProblemError("the name of the output file is empty", where="-o")
    target = require_regular(output)
    if any(target.exists() and Path(p).exists() and target.samefile(p) for p in inputs):
        raise ProblemError(
            "the output file is the input",
            where=target.name,
            why="the measurements would be lost",
            fix="name another file",
        )
    if target.exists() and not force:
        raise ProblemError(
            "the output file exists", where=target.name, fix="name a new file, or add --force"
        )
    return target


def _command_line() -> str:
    """The command as it was typed; empty where another program calls this one."""
    program = Path(sys.argv[0])
    ours = program.stem == "physmodel" or program.name == "__main__.py"
    return shlex.join(["physmodel", *sys.argv[1:]]) if ours else ""


def answered(result: Answer, output: str | None, *, as_json: bool, quiet: bool) -> None:
    """Print a law and what was noticed, then write its run folder and say where the report is."""
    from physmodel.cli.support.messages import findings, working
    from physmodel.laws.files.storage import json_text
    from physmodel.reports.run import write_run

    if as_json:
        click.echo(json_text(result.to_dict(output)), nl=False)
    else:
        click.echo(str(result))
    findings(result.warnings, quiet)
    if output is None:
        return
    # An answer that cannot be saved is on the screen already.
    with working("writing the report", quiet):
        folder = write_run(result, output, _command_line())
    if not quiet:
        click.echo(f"report: {folder / 'report.html'}", err=True)
