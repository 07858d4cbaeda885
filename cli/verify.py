"""``physmodel verify``: compare a run with the hashes that it recorded."""

from __future__ import annotations

import click


@click.command("verify")
@click.argument("run", metavar="RUN")
def command(run: str) -> None:
    """Compare the files in the folder RUN with its manifest, and read its model.

    Exit status: 0 all is as it was written; 4 something is missing or changed.
    """
    from physmodel.laws.files.manifest import verify
    from physmodel.loading import load_result

    names = verify(run)
    result = load_result(run)
    click.echo(f"{len(names)} files are as they were written: {', '.join(names)}")
    click.echo(f"status: {result.status}")
