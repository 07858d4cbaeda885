"""How every ``physmodel bench`` command runs its suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click


def carry_out(
    suite: Any,
    work: Callable[[str, Mapping[str, Any]], list[dict[str, Any]]],
    units: Sequence[str],
    settings: Mapping[str, Any],
    output: str,
    jobs: int,
    what: str,
    draw: Callable[[Sequence[Mapping[str, Any]], str], Any] | None = None,
) -> None:
    """Run the units of a suite, write their records, draw its figure, print its table."""
    from physmodel.bench.runner import run_units, write_results
    from physmodel.cli.support.messages import progress

    done = run_units(work, units, settings, output, jobs=jobs)
    records = [record for unit in progress(done, len(units), what) for record in unit]
    summary = suite.summarise(records)
    path = write_results(records, summary, output)
    figure = draw(records, output) if draw else None
    click.echo(suite.table(summary))
    click.echo(f"all records: {path}" + (f", phase diagram: {figure}" if figure else ""), err=True)
