"""The command group: its help costs one import, its commands are imported when they run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from physmodel.errors import PhysmodelError
from physmodel.version import __version__

#: Command, module, one line of help: `--help` must not import the modules.
COMMANDS = {
    "discover": ("physmodel.cli.discover", "Find the law behind measured trajectories."),
    "fit": ("physmodel.cli.fit", "Fit the numbers of equations whose form is known."),
    "hybrid": ("physmodel.cli.hybrid", "Find what known equations leave out."),
    "check": ("physmodel.cli.check", "Examine data; nothing is fitted."),
    "invariants": ("physmodel.cli.invariants", "Find what measured trajectories conserve."),
    "symmetries": ("physmodel.cli.symmetries", "Find the symmetries of the law behind data."),
    "denoise": ("physmodel.cli.denoise", "Remove noise from measured trajectories."),
    "simulate": ("physmodel.cli.simulate", "Run a discovered law forward in time."),
    "show": ("physmodel.cli.show", "Print the law of a run, also as Python, C or Julia."),
    "next": ("physmodel.cli.next", "Say which experiment would separate the rivals."),
    "report": ("physmodel.cli.report", "Write the report of a run again."),
    "verify": ("physmodel.cli.verify", "Compare a run with the hashes that it recorded."),
    "datasets": ("physmodel.cli.datasets", "List, show, verify and export the catalogue."),
    "bench": ("physmodel.cli.benchmarks.bench", "Run a benchmark against the peers."),
}


#: Exit status when something failed that should not have: EX_SOFTWARE of sysexits.h.
DEFECT = 70


class LazyGroup(click.Group):
    """A group whose commands are imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Add a did-you-mean to click's message."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run, turning errors into messages and exit codes."""
        try:
            return super().invoke(ctx)
        except PhysmodelError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(130)
        except BrokenPipeError:
            # The reader went away (`| head`); leave quietly, with nothing left to flush.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            ctx.exit(_unexpected(error))


def _unexpected(error: Exception) -> int:
    """Say what happened without a traceback; scripts must not take this for an answer."""
    if isinstance(error, OSError):
        told = PhysmodelError(
            f"{error.strerror or error}",
            where=str(error.filename or "standard output"),
            fix="check the place that is written to or read from, and the room there",
        )
    else:
        told = PhysmodelError(
            f"{type(error).__name__}: {' '.join(str(error).split())}",
            where="inside physmodel",
            why="this is a defect of physmodel, or memory ran out; no answer was found",
            fix="run it again as `physmodel --debug ...` and report what that prints",
        )
    click.echo(f"error: {told}", err=True)
    # A buffer that could not be written would fail once more when Python ends.
    with suppress(OSError):  # no real file stands behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2 if isinstance(error, OSError) else DEFECT


#: The backspace tells click to keep the lines of a paragraph as they are.
HELP = """Measured trajectories in, governing laws out.

\b
physmodel discover solar-system -o runs/solar-system
physmodel discover data.csv
physmodel check data.csv

Results go to standard output, messages to standard error.
"""


@click.group(cls=LazyGroup, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="physmodel")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def root(debug: bool) -> None:
    """Parse the options of the group; the commands do the work."""
