"""The benchmark of sparse solvers: published thresholds, known answers, the runner, the peers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from physmodel.bench.signals import approximation, dictionary_recovery, lasso_peers, phase, sparse
from physmodel.bench.signals.sparse_speed import (
    TARGET,
    batch_pursuit,
    exact_pursuit,
    jaccard,
    lasso_cell,
    lasso_problem,
    loosest,
)
from physmodel.cli.root import root


def test_the_weak_curve_is_the_published_one() -> None:
    """Donoho and Tanner's table to its three digits; half the samples allow 0.386."""
    table = {0.1: 0.189, 0.2: 0.243, 0.3: 0.291, 0.4: 0.337, 0.5: 0.386, 0.6: 0.438, 0.7: 0.499}
    for delta, rho in (table | {0.8: 0.573, 0.9: 0.678}).items():
        assert phase.weak_threshold(delta) == pytest.approx(rho, abs=6e-4)
    assert phase.weak_threshold(1.0 - 1e-9) > 0.999  # nothing is missing


def test_the_transition_of_a_step_is_its_place() -> None:
    step = [{"rho": r, "successes": 8 * (r < 0.4), "draws": 8} for r in np.arange(0.05, 1, 0.1)]
    assert phase.transition(step) == pytest.approx(0.4, abs=1e-12)
    ramp = [{"rho": r, "successes": 10 - 10 * r, "draws": 10} for r in np.linspace(0.1, 0.9, 9)]
    assert phase.transition(ramp) == pytest.approx(0.5)


def test_basis_pursuit_changes_where_theory_says() -> None:
    """Half the rows of 100 columns: below the curve every draw, far above it none."""
    chosen = {"columns": 100, "draws": 6, "rhos": [0.1, 0.2, 0.6, 0.8]}
    records = phase.phase_column(0.5, chosen, 0)
    hits = {(r["method"], r["rho"]): r["successes"] for r in records}
    assert [hits["basis pursuit", rho] for rho in (0.1, 0.2, 0.6, 0.8)] == [6, 6, 0, 0]
    assert all(hits[method, 0.1] == 6 for method in phase.METHODS)
    figure = phase.phase_figure(records)
    assert [panel.get_title() for panel in figure.axes] == list(phase.METHODS)
    curve = figure.axes[0].lines[0].get_xydata()
    middle = curve[np.argmin(np.abs(curve[:, 0] - 0.5))]
    assert middle[1] == pytest.approx(0.386, abs=6e-4)


def test_correlation_of_the_columns_is_as_asked() -> None:
    matrix, _ = lasso_problem(4000, 20, 0.9, 0)
    cosines = np.corrcoef(matrix.T)
    # 4000 rows: a correlation of 0.9 is known to (1 - 0.81) / sqrt(4000); five of those.
    assert np.diag(cosines, 1) == pytest.approx(0.9, abs=0.015)
    assert cosines[0, 2] == pytest.approx(0.81, abs=0.03)


def test_bisection_finds_the_loosest_tolerance() -> None:
    for power in (-1.5, -6.2, -11.0):
        found = np.log10(loosest(lambda t, p=power: t <= 10.0**p))
        # Thirteen decades, halved six times.
        assert power - 13 / 2**6 <= found <= power
    assert loosest(lambda _: True) == 0.1


def test_jaccard_by_hand() -> None:
    one = np.array([[1, 1, 0], [0, 0, 0]], dtype=bool)
    other = np.array([[1, 0, 1], [0, 0, 0]], dtype=bool)
    assert jaccard(one, other) == pytest.approx((1 / 3 + 1) / 2)


def test_paths_reach_the_same_gap_and_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lasso_peers.PEERS, "nobody", ("no_such_package", lasso_peers.celer))
    records = {r["method"]: r for r in lasso_cell("tall-correlated", quick=True, repeats=1, seed=1)}
    for label in ("physmodel", "scikit-learn"):
        assert records[label]["gap"] <= TARGET
        # Equal gaps of 1e-6 leave the smallest coefficients open.
        assert records[label]["agreement"] > 0.9
    assert "no_such_package" in records["nobody"]["skipped"]
    text = sparse.table(sparse.summarise(list(records.values())))
    assert "skipped: ModuleNotFoundError" in text


def test_pursuits_agree_with_their_peers() -> None:
    ours, theirs = batch_pursuit(quick=True, repeats=1, seed=0)
    assert theirs["agreement"] > 0.999
    assert ours["seconds"] > 0.0
    for record in exact_pursuit(quick=True, repeats=1, seed=0):
        # Both solve to 1e-7 or better.
        assert record["gap"] < 1e-7
        assert record["agreement"] == 1.0


def test_atoms_are_counted_up_to_sign_and_order() -> None:
    atoms, signals, noise = dictionary_recovery.mixtures(20.0, 0)
    assert np.sum((signals - noise) ** 2) / np.sum(noise**2) == pytest.approx(100.0)
    rng = np.random.default_rng(0)
    shuffled = atoms[:, rng.permutation(50)] * rng.choice([-2.0, 3.0], 50)
    assert dictionary_recovery.share_found(atoms, shuffled) == 1.0
    assert dictionary_recovery.share_found(atoms, shuffled[:, :25]) == 0.5
    # Random directions in 20 dimensions: a cosine above 0.99 does not happen.
    assert dictionary_recovery.share_found(atoms, rng.standard_normal((20, 50))) == 0.0


def test_pictures_from_few_numbers() -> None:
    """One direction, a step: bandlets beat their own wavelets; the haar disk is exact at once."""
    records = approximation.approximation("texture", 64)
    psnr = {(r["method"], r["share"]): r["psnr"] for r in records}
    for share in approximation.SHARES:
        assert psnr["bandlet db4", share] >= psnr["db4", share]
    for method in (*approximation.MAKERS, "bandlet db4"):
        if method != "bior4.4":  # the best few of oblique atoms need not get better with more
            assert psnr[method, 0.05] > psnr[method, 0.01]
    assert approximation.picture("disk", 64).max() == 225.0
    assert approximation.picture("camera", 256).shape == (256, 256)


def test_bench_command_resumes_and_draws(tmp_path: Path) -> None:
    args = ["bench", "sparse", "--quick", "--part", "phase", "-o", str(tmp_path / "run")]
    done = CliRunner().invoke(root, args)
    assert done.exit_code == 0, done.output
    assert "basis pursuit" in done.stdout
    assert (tmp_path / "run" / "phase.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((tmp_path / "run" / "results.json").read_text())
    assert {row["part"] for row in content["summary"]} == {"phase"}
    for row in content["summary"]:
        if row["method"] == "basis pursuit":
            # Five draws on a coarse grid of 0.15: the trend only.
            assert row["transition"] == pytest.approx(row["theory"], abs=0.15)
    again = CliRunner().invoke(root, args)
    assert again.stdout == done.stdout
    bad = CliRunner().invoke(root, ["bench", "sparse", "--part", "lassso"])
    assert bad.exit_code == 2
    assert "did you mean 'lasso'" in bad.stderr


def test_every_unit_has_work() -> None:
    names = sparse.unit_names()
    assert len(names) == len(set(names)) == 4 + 2 + 9 + 2 + 7
    assert all(name.replace("-", "").replace("_", "").replace(".", "").isalnum() for name in names)
    assert set(sparse.unit_names(quick=True)) <= set(names)
