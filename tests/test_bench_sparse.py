"""`physmodel bench sparse`: solvers to equal gaps, the phase diagram, pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench_command import bench, finished


def test_paths_reach_the_same_gap_and_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each at the loosest tolerance that is enough; a peer that is not installed is said to be."""
    monkeypatch.setitem(sys.modules, "celer", None)
    content, table = bench(tmp_path / "run", "sparse", "--quick", "--part", "lasso")
    for record in content["records"]:
        if "skipped" in record:
            continue
        assert record["gap"] <= 1e-6
        assert 1e-14 <= record["tolerance"] <= 0.1
        # Equal gaps of 1e-6 leave the smallest coefficients open.
        assert record["agreement"] > 0.9
    ran = {record["method"] for record in content["records"] if "skipped" not in record}
    assert {"physmodel", "scikit-learn"} <= ran
    assert "celer" not in ran
    assert "skipped: ModuleNotFoundError" in table


def test_pursuits_agree_with_their_peers(tmp_path: Path) -> None:
    content, _ = bench(tmp_path / "run", "sparse", "--quick", "--part", "pursuit")
    batch = {r["method"]: r for r in content["records"] if r["part"] == "pursuit"}
    assert batch["scikit-learn"]["agreement"] > 0.999
    assert batch["physmodel"]["seconds"] > 0.0
    exact = [r for r in content["records"] if r["part"] == "basis-pursuit"]
    assert {record["method"] for record in exact} == {"physmodel", "HiGHS"}
    for record in exact:
        # Both solve to 1e-7 or better.
        assert record["gap"] < 1e-7
        assert record["agreement"] == 1.0


def test_the_phase_diagram(tmp_path: Path) -> None:
    """Below the curve of theory every draw, far above it none; the figure is drawn."""
    args = ("sparse", "--quick", "--part", "phase")
    content, table = bench(tmp_path / "run", *args)
    assert "basis pursuit" in table
    assert (tmp_path / "run" / "phase.png").read_bytes().startswith(b"\x89PNG")
    assert {row["part"] for row in content["summary"]} == {"phase"}
    published = {"delta 0.3": 0.291, "delta 0.5": 0.386, "delta 0.7": 0.499}
    for row in content["summary"]:
        # Donoho and Tanner's table has three digits.
        assert row["theory"] == pytest.approx(published[row["case"]], abs=6e-4)
        if row["method"] == "basis pursuit":
            # Five draws on a coarse grid of 0.15: the trend only.
            assert row["transition"] == pytest.approx(row["theory"], abs=0.15)
    for record in content["records"]:
        if record["rho"] <= 0.1:
            assert record["successes"] == record["draws"]
        if record["rho"] >= 0.8 and record["method"] == "basis pursuit":
            assert record["successes"] == 0
    again, same = bench(tmp_path / "run", *args)
    assert same == table
    assert again["records"] == content["records"]


def test_pictures_from_few_numbers(tmp_path: Path) -> None:
    """Bandlets beat the wavelets that they start from, and more numbers give better pictures."""
    content, _ = bench(tmp_path / "run", "sparse", "--quick", "--part", "approximation")
    psnr = {(r["method"], r["share"]): r["psnr"] for r in content["records"]}
    assert {record["size"] for record in content["records"]} == {"128 x 128"}
    for method, share in psnr:
        if method == "bandlet db4":
            assert psnr[method, share] >= psnr["db4", share]
        if method != "bior4.4":  # the best few of oblique atoms need not get better with more
            assert psnr[method, 0.05] > psnr[method, 0.01]


def test_every_unit_has_work(tmp_path: Path) -> None:
    """A whole run is four matrices, two pursuits, nine columns, two levels, seven pictures."""
    cases = {
        "lasso": ("wide", "wide-correlated", "tall", "tall-correlated"),
        "pursuit": ("batch", "exact"),
        "phase": tuple(f"0.{k}" for k in range(1, 10)),
        "dictionary": ("20.0", "10.0"),
        "approximation": ("camera", "coins", "brick", "ascent", "aero", "disk", "texture"),
    }
    units = {f"{part}_{case}": [] for part, names in cases.items() for case in names}
    rhos = [round(0.05 * k, 2) for k in range(1, 20)]
    whole = {"quick": False, "repeats": 3, "seeds": 5, "side": 256, "columns": 256, "draws": 20}
    quick = {"quick": True, "repeats": 1, "seeds": 1, "side": 128, "columns": 100, "draws": 5}
    for settings, args in (
        ({**whole, "rhos": rhos}, ("sparse",)),
        ({**quick, "rhos": rhos[1::3]}, ("sparse", "--quick")),
    ):
        folder = tmp_path / args[-1]
        finished(folder, settings, units)
        assert bench(folder, *args)[0]["records"] == []
        assert len(list((folder / "units").iterdir())) == len(units)
