"""The suite on known equations: its records, its peer, its table."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from physmodel.bench.equations import CASES, run_unit, summarise, table
from physmodel.cli.benchmarks.bench import command


def test_numbers_of_lorenz_beside_single_shooting() -> None:
    records = run_unit("lorenz-100-noise-1", {"seeds": 1})
    ours, peer = sorted(records, key=lambda record: record["method"])
    assert (ours["method"], peer["method"]) == ("physmodel", "single-shooting")
    # Four times the standard error of the worst number, 1e-3; the peer has the same least squares,
    # if it gets there.
    assert ours["error"] < 4e-3
    assert peer["error"] > 0.0


def test_a_partial_differential_equation() -> None:
    (row,) = summarise(run_unit("variable-coefficients", {"seeds": 1}))
    assert row["error"] < 1e-11  # rounding of second derivatives
    assert "variable-coefficients" in table([row])


@pytest.mark.parametrize("case", ["lorenz-25", "burgers"])
def test_cases_are_known(case: str) -> None:
    assert case in CASES


def test_the_command_refuses_what_it_does_not_know() -> None:
    done = CliRunner().invoke(command, ["equations", "--case", "lorentz-25"])
    assert done.exit_code != 0
    assert "lorenz-25" in str(done.output) + str(done.exception)
