"""Messages for people, all on standard error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from physmodel.data.findings import Finding


@contextmanager
def working(what: str, quiet: bool) -> Iterator[None]:
    """A spinner with the time it takes, on a terminal only."""
    if quiet:
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def findings(noticed: Iterable[Finding], quiet: bool) -> None:
    """What was noticed about the data, except for plain information."""
    for finding in noticed:
        told = finding.severity != "info" or finding.code == "I-RENAMED"
        if told and not quiet:
            click.echo(
                f"{'note' if finding.severity == 'info' else finding.severity}: {finding}", err=True
            )
