"""``physmodel bench odes``."""

from __future__ import annotations

import click

from physmodel.cli.benchmarks.run import carry_out


@click.command("odes", short_help="ODEBench: 63 systems of one to four states.")
@click.option("--quick", is_flag=True, help="Six systems, exact and with 5% noise: a minute.")
@click.option("--cells", multiple=True, metavar="CELLS", help="Only these, such as exact,noise-5.")
@click.option("--systems", metavar="NUMBERS", help="Only these, such as 1,5-9.")
@click.option("--seeds", type=click.IntRange(1), help="Noise draws per cell.")
@click.option("--peers/--no-peers", default=True, show_default=True, help="Run PySINDy as well.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-odes", show_default=True, metavar="FOLDER")
def odes(
    quick: bool,
    cells: tuple[str, ...],
    systems: str | None,
    seeds: int | None,
    peers: bool,
    jobs: int,
    output: str,
) -> None:
    """Systems of ODEBench from one record each: terms, and the motion from both starts.

    Cells: exact, rtol-1e-5, rtol-1e-3, filtered, quantised, noise-1, noise-5, noise-10, half.
    """
    from physmodel.bench.systems import odes as suite
    from physmodel.cli.support.messages import require_known
    from physmodel.cli.support.options import names
    from physmodel.systems.odes import CELLS

    chosen = names(cells)
    require_known("--cells", chosen, CELLS)
    numbers = [] if systems is None else suite.system_numbers(systems)
    units = suite.unit_names(chosen, numbers, quick=quick)
    told = suite.settings(seeds=seeds, peers=peers)
    carry_out(suite, suite.run_unit, units, told, output, jobs, "units")
