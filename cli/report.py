"""``physmodel report``: write the report of a run again."""

from __future__ import annotations

import click


@click.command("report")
@click.argument("run", metavar="RUN")
def command(run: str) -> None:
    """Write report.html into the folder RUN from the model and data that it holds."""
    from physmodel.cli.support.runs import law_of
    from physmodel.laws.files.manifest import record
    from physmodel.reports.html import write_report
    from physmodel.reports.provenance import facts_of_run

    path = write_report(law_of(run), run, facts_of_run(run))
    record(path.parent, (path.name,), known=True)
    click.echo(path)
