"""Commands that look for something in data and print what they find."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from physmodel.cli.support.options import SOURCE, data_options, open_source

if TYPE_CHECKING:
    import xarray as xr

#: Records with a one-line ``str`` and ``to_dict``, and a remark for standard error.
Look = Callable[["xr.Dataset"], tuple[Sequence[Any], str]]


def listing_command(
    name: str, help_text: str, look: Look, doing: str, nothing: str
) -> click.Command:
    """Make a command that opens data, looks for something, and prints one line for each find.

    Parameters
    ----------
    name : str
        Of the command, and of the list in its JSON object.
    help_text : str
    look : callable
        From an opened dataset to what is found in it and a remark. It imports late.
    doing : str
        For the spinner.
    nothing : str
        The line that stands for an empty list, after which the exit status is 1.

    Returns
    -------
    click.Command
    """

    @click.command(name, help=help_text)
    @SOURCE
    @data_options
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")
    @click.pass_context
    def command(
        ctx: click.Context, /, source: str, as_json: bool, quiet: bool, **where: Any
    ) -> None:
        from physmodel.cli.support.messages import findings, working
        from physmodel.data.checked import checked

        data, noticed = checked(open_source(source, **where)[0])
        findings(noticed, quiet, {"I-DEGREES"})  # no answer says it
        with working(doing, quiet):
            found, remark = look(data)
        if as_json:
            table = {"schema_version": 1, name: [item.to_dict() for item in found]}
            click.echo(json.dumps(table, indent=1, allow_nan=False))
        else:
            click.echo("\n".join(map(str, found)) or nothing)
        if remark and not quiet:
            click.echo(remark, err=True)
        ctx.exit(0 if found else 1)

    return command
