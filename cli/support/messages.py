"""Messages for people, all on standard error."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from physmodel.findings import Finding


@contextmanager
def working(what: str, quiet: bool) -> Iterator[None]:
    """Say now and then what the work in the block is at, and the time it takes."""
    if quiet:
        yield
        return
    from rich.console import Console

    from physmodel.cli.support.stages import told

    with told(what, Console(stderr=True)):
        yield


def findings(noticed: Iterable[Finding], quiet: bool, also: Collection[str] = ()) -> None:
    """What was noticed about the data, except for plain information of other codes."""
    for finding in noticed:
        told = finding.severity != "info" or finding.code in {"I-RENAMED", *also}
        if told and not quiet:
            click.echo(
                f"{'note' if finding.severity == 'info' else finding.severity}: {finding}", err=True
            )


T = TypeVar("T")


def progress(steps: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Pass steps on, with a bar on a terminal and a line for every tenth elsewhere."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(steps, what, total, console=console)
        return
    for count, step in enumerate(steps, 1):
        if count * 10 // total > (count - 1) * 10 // total:
            click.echo(f"{what}: {count} of {total}", err=True)
        yield step


def require_known(option: str, values: Iterable[str], known: Collection[str]) -> None:
    """Refuse an unknown value of an option, with a did-you-mean."""
    from physmodel.errors import ProblemError
    from physmodel.problem.algebra.parser import suggestion

    for value in values:
        if value not in known:
            raise ProblemError(f"unknown {option} {value!r}", fix=suggestion(value, known))
