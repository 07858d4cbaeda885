"""The benchmark: its truth, its judge, its draws, its runner, and its peers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from threadpoolctl import threadpool_info, threadpool_limits

from physmodel.bench.runner import run_units, write_results
from physmodel.bench.systems import discovery, peers
from physmodel.bench.systems.answers import Answer, judge
from physmodel.bench.systems.chaotic import ChaoticSystem, load_systems
from physmodel.bench.systems.draws import CONDITIONS, Cell, detectable, draw
from physmodel.cli.root import root
from physmodel.errors import ProblemError


@pytest.fixture(scope="module")
def lorenz() -> ChaoticSystem:
    """The flow that everybody knows by heart."""
    return next(system for system in load_systems() if system.name == "Lorenz")


def test_truth_of_known_systems(lorenz: ChaoticSystem) -> None:
    """82 polynomial flows; the coefficients of Lorenz are the published ones."""
    systems = load_systems()
    assert len(systems) == 82
    assert {system.degree for system in systems} == {2, 3, 4}
    assert lorenz.equations == {
        "x": {"x": -10.0, "y": 10.0},
        "y": {"x": 28.0, "y": -1.0, "x*z": -1.0},
        # dysts rounds 8/3 to 2.667.
        "z": {"z": pytest.approx(-2.667, abs=1e-3), "x*y": 1.0},
    }


def test_trajectories_solve_the_equations(lorenz: ChaoticSystem) -> None:
    """Eighth-order central differences of the records agree with the right-hand side."""
    time, states = lorenz.trajectories([0, 3])
    assert states.shape == (2, 1000, 3)
    stencil = np.array([3, -32, 168, -672, 0, 672, -168, 32, -3]) / 840.0
    for x in states:
        slope = np.stack([np.correlate(c, stencil, "valid") for c in x.T], 1) / (time[1] - time[0])
        a, b, c = x[4:-4].T
        beta = lorenz.equations["z"]["z"]
        rate = np.stack([10 * (b - a), 28 * a - b - a * c, beta * c + a * b], 1)
        # The stencil's error is h^8/630 times the ninth derivative; at 150 samples per turn
        # that is 1e-5 of the largest rate.
        assert np.abs(slope - rate).max() < 1e-4 * np.abs(rate).max()


def test_judge_by_hand() -> None:
    """Exact support, errors, intervals and rivals of a case that can be counted by hand."""
    truth = {"x": {"x": -2.0, "y": 4.0}, "y": {"x": 1.0}}
    wrong = {"x": {"x": -2.2, "y": 4.0}, "y": {"x": 1.0, "y": 0.1}}
    deviations = {"x": {"x": 0.1, "y": 0.1}, "y": {"x": 0.1, "y": 0.1}}
    right = {"x": {"x": -2.0, "y": 4.0}, "y": {"x": 1.0}}
    found = judge(Answer(wrong, 1.0, deviations, [right], "identified"), truth)
    assert not found["exact"]
    assert found["listed"]
    assert found["equations"] == 0.5
    assert found["error"] == 0.0
    assert (found["covered"], found["intervals"]) == (2, 3)
    assert judge(Answer(right, 1.0), truth)["exact"]
    assert judge(Answer({}, 1.0), truth)["error"] == 1.0


@pytest.mark.parametrize("condition", CONDITIONS)
def test_draws_repeat_and_are_as_described(lorenz: ChaoticSystem, condition: Any) -> None:
    """The same seed gives the same bits; noise has the level asked for."""
    cell = Cell(0.1, 3, condition)
    per_period, periods = cell.sampling
    clean = lorenz.trajectories([0, 1, 2], per_period=per_period, periods=periods)
    first, again, other = (draw(lorenz, clean, cell, seed) for seed in (0, 0, 1))
    for one, two, three in zip(first.records, again.records, other.records, strict=True):
        assert np.array_equal(one, two)
        assert one.shape != three.shape or not np.array_equal(one, three)
    truth = [np.searchsorted(clean[0], t) for t in first.times]
    noise = np.concatenate(
        [r - clean[1][k][i] for k, (r, i) in enumerate(zip(first.records, truth, strict=True))]
    )
    spread = clean[1].reshape(-1, 3).std(axis=0)
    factors = [1 / 3, 1, 3] if condition == "unequal-noise" else [1, 1, 1]
    # About 1500 samples: the standard deviation is known to 2 per cent; five of those.
    assert noise.std(axis=0) / spread == pytest.approx(0.1 * np.array(factors), rel=0.1)
    lengths = [len(t) for t in first.times]
    uneven = {"irregular", "missing", "unequal-lengths"}
    assert (len(set(lengths)) == 1) == (condition not in uneven)


def test_perturbed_systems_keep_their_terms(lorenz: ChaoticSystem) -> None:
    """Every coefficient changes by at most a tenth, and the changed flow goes on moving."""
    changed = lorenz.perturbed(3)
    for state, terms in lorenz.equations.items():
        assert set(changed.equations[state]) == set(terms)
        for term, value in terms.items():
            assert 0.0 < abs(changed.equations[state][term] / value - 1.0) <= 0.1
    _, states = changed.trajectories([0])
    # Two lobes, as wide as those of the original to within a third.
    assert np.all(np.abs(states[0].std(axis=0) / lorenz.starts.std(axis=0) - 1.0) < 0.33)
    assert changed.equations != lorenz.perturbed(4).equations
    assert changed.equations == lorenz.perturbed(3).equations


def test_what_can_be_found_falls_with_the_noise(lorenz: ChaoticSystem) -> None:
    """Noise that drowns the motion hides the law; without noise nothing is hidden."""
    clean = lorenz.trajectories([0])
    found = [detectable(draw(lorenz, clean, Cell(noise), 0)) for noise in (0.0, 0.1, 30.0)]
    assert found == [True, True, False]


def square(unit: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Work that leaves a trace of having been done."""
    trace = Path(settings["trace"])
    trace.write_text(trace.read_text() + unit)
    if unit == settings.get("fails"):
        raise RuntimeError(unit)
    return [{"unit": unit, "value": int(unit) ** 2}]


def test_runner_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What was done before an interruption is read, not done again."""
    trace, folder = tmp_path / "trace", tmp_path / "run"
    trace.write_text("")
    settings = {"trace": str(trace)}
    steps = run_units(square, ["1", "2", "3"], settings, folder)
    assert next(steps) == [{"unit": "1", "value": 1}]
    steps.close()
    done = list(run_units(square, ["1", "2", "3"], settings, folder))
    assert [records[0]["value"] for records in done] == [1, 4, 9]
    assert trace.read_text() == "123"
    path = write_results([r for records in done for r in records], {"n": 3}, folder)
    content = json.loads(path.read_text())
    assert content["summary"] == {"n": 3}
    assert len(content["records"]) == 3
    assert content["settings"] == settings


def threads(unit: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Work that tells on how many threads the libraries of its process run."""
    counts = [library["num_threads"] for library in threadpool_info()]
    return [{"process": os.getpid(), "most": max(counts)}]


def test_workers_run_on_one_thread(tmp_path: Path) -> None:
    """Whatever the process that starts them runs on, which keeps its threads and environment."""
    before = dict(os.environ)
    with threadpool_limits(2):
        done = list(run_units(threads, ["1", "2", "3"], {}, tmp_path / "run", jobs=2))
        here = max(library["num_threads"] for library in threadpool_info())
    records = [record for unit in done for record in unit]
    assert [record["most"] for record in records] == [1, 1, 1]
    assert os.getpid() not in {record["process"] for record in records}
    assert here == 2
    assert dict(os.environ) == before


def test_runner_protects_folders(tmp_path: Path) -> None:
    """A run with other settings and a folder of something else are both left alone."""
    trace = tmp_path / "trace"
    trace.write_text("")
    list(run_units(square, ["1"], {"trace": str(trace)}, tmp_path / "run"))
    with pytest.raises(ProblemError, match="other settings"):
        next(run_units(square, ["1"], {"trace": str(trace), "more": 1}, tmp_path / "run"))
    with pytest.raises(ProblemError, match="no benchmark run"):
        next(run_units(square, ["1"], {"trace": str(trace)}, tmp_path))


def test_peers_are_what_pysindy_does(lorenz: ChaoticSystem) -> None:
    """The rows of the finite-difference scan give the model that `SINDy.fit` gives."""
    import pysindy as ps

    case = draw(lorenz, lorenz.trajectories([0]), Cell(0.0), 0)
    rows = peers.strong_rows(ps.FiniteDifference())
    library = ps.PolynomialLibrary(degree=3)
    optimizer = ps.STLSQ(threshold=0.2).fit(*rows(library, case.times, case.records))
    model = ps.SINDy(
        optimizer=ps.STLSQ(threshold=0.2), feature_library=ps.PolynomialLibrary(degree=3)
    )
    model.fit(case.records[0], t=case.times[0])
    # The same linear algebra on the same numbers.
    assert np.allclose(np.asarray(optimizer.coef_), model.coefficients(), rtol=1e-9, atol=1e-12)


def test_one_system_through_the_suite() -> None:
    """Clean Lorenz: our engine is exact, every peer answers, and the table holds all of them."""
    chosen = discovery.settings(noise=[0.0], trajectories=[1], unusual=False, seeds=1)
    records = discovery.run_system("Lorenz", chosen)
    assert len(records) == 1 + 2 * len(discovery.PEERS)
    ours = next(record for record in records if record["method"] == "physmodel")
    assert ours["exact"]
    assert ours["status"] == "identified"
    # Rounding of a well-conditioned problem; the benchmark asks for 1e-10.
    assert ours["error"] < 1e-10
    best = {r["method"]: r["exact"] for r in records if r["method"].endswith("oracle")}
    assert any(best.values())
    text = discovery.table(discovery.summarise(records))
    assert all(record["method"] in text for record in records)


def test_bench_command(tmp_path: Path) -> None:
    """The command writes records and prints the table; bad names get a suggestion."""
    args = ["bench", "discovery", "--system", "Lorenz", "--method", "physmodel", "--noise", "0"]
    args += ["--trajectories", "1", "--seeds", "1", "--regular", "-o", str(tmp_path / "run")]
    done = CliRunner().invoke(root, args)
    assert done.exit_code == 0, done.output
    assert "100%" in done.stdout
    assert len(json.loads((tmp_path / "run" / "results.json").read_text())["records"]) == 1
    bad = CliRunner().invoke(root, ["bench", "discovery", "--system", "Lorentz"])
    assert bad.exit_code == 2
    assert "did you mean 'Lorenz" in bad.stderr
