"""The data doctor and the summary."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.data.arrays import from_arrays
from physmodel.data.contract import make_dataset, validate
from physmodel.data.doctor import check, constant_columns, duplicate_columns, summary
from physmodel.errors import DataError
from physmodel.findings import Finding
from physmodel.testing.strategies import unit_scalings

T = 0.05 * np.arange(400)
X = np.column_stack([np.cos(T), np.sin(T) * np.exp(-T / 9), np.cos(1.7 * T + 1)])


def by_code(x: NDArray[np.float64], code: str, **options: object) -> list[Finding]:
    return [f for f in check(from_arrays(T[: len(x)], x, **options)) if f.code == code]


def test_clean_data_have_no_warnings() -> None:
    assert {f.severity for f in check(from_arrays(T, X))} == {"info"}


def test_check_changes_nothing() -> None:
    data = from_arrays(T, X)
    before = data.copy(deep=True)
    check(data)
    summary(data)
    assert data.identical(before)


def test_worst_comes_first() -> None:
    found = [f.severity for f in check(from_arrays(T, np.full((400, 2), 3.0)))]
    assert found == sorted(found, key=["error", "warning", "info"].index)
    assert found[0] == "error"


def test_constant_and_duplicate_columns() -> None:
    data = from_arrays(T, np.column_stack([X, np.ones(400), 3 - 2 * X[:, 1]]))
    assert constant_columns(data) == ["x3"]
    assert duplicate_columns(data) == {"x4": "x1"}


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [(-2.0, 3.0, "x3 = -2*x1 + 3"), (1.0, 0.0, "x3 = 1*x1"), (1e9, -5.0, "x3 = 1e+09*x1 - 5")],
)
def test_affine_relation_is_given(a: float, b: float, text: str) -> None:
    found = by_code(np.column_stack([X, a * X[:, 1] + b]), "W-COLLINEAR")
    assert [f.message for f in found] == [text]


def test_noisy_copy_is_nearly() -> None:
    copy = X[:, 0] + 1e-3 * np.random.default_rng(0).normal(size=400)
    assert "nearly" in by_code(np.column_stack([X, copy]), "W-COLLINEAR")[0].message


def test_linear_dependence_is_given() -> None:
    (found,) = by_code(np.column_stack([X, 10 - X.sum(axis=1)]), "W-DEPENDENT")
    assert found.message == "x0 + x1 + x2 + x3 = 10 at all times"


@given(unit_scalings(4))
def test_dependence_is_seen_in_any_units(scale: NDArray[np.float64]) -> None:
    columns = np.column_stack([X, 10 - X.sum(axis=1)]) * scale
    assert by_code(columns, "W-DEPENDENT")


def test_noise_level_is_reported() -> None:
    noisy = X + np.random.default_rng(1).normal(size=X.shape) * 0.05
    assert len(by_code(noisy, "I-NOISE")) == 3
    assert len(by_code(noisy + 9 * (noisy - X), "W-NOISE")) == 3


def test_stated_noise_wins() -> None:
    data = from_arrays(T, X)
    data["x0"].attrs["noise_std"] = 0.25
    assert summary(data)["variables"]["x0"]["noise_std"] == 0.25


@pytest.mark.parametrize("per_period", [3, 5, 6])
def test_undersampling_is_reported(per_period: int) -> None:
    wave = np.sin(2 * np.pi / per_period * np.arange(300) + 0.3)
    (found,) = [f for f in check(from_arrays(1.0, wave)) if f.code == "W-UNDERSAMPLED"]
    assert f"about {per_period}.0" in found.message


@pytest.mark.parametrize("per_period", [10, 20, 50])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_sufficient_sampling_is_not(per_period: int, noise: float) -> None:
    rng = np.random.default_rng(2)
    wave = np.sin(2 * np.pi / per_period * np.arange(300)) + noise * rng.normal(size=300)
    assert not [f for f in check(from_arrays(1.0, wave)) if f.code == "W-UNDERSAMPLED"]


def test_gaps_in_a_dataset_made_by_hand() -> None:
    kept = np.r_[0:200, 260:400]
    by_time = make_dataset([T[kept]], [X[kept]], ["a", "b", "c"])
    by_value = make_dataset([T[:340]], [X[kept]], ["a", "b", "c"])
    for data in (by_time, by_value):
        (found,) = [f for f in check(data) if f.code == "W-GAP"]
        assert "after sample 199" in found.where


def test_long_lists_are_cut_short() -> None:
    columns = np.column_stack([X, np.ones((400, 30))])
    found = by_code(columns, "W-CONSTANT")
    assert len(found) == 6
    assert found[-1].message == "25 more of the same kind"


def test_summary_is_plain() -> None:
    data = from_arrays([T, T[:50]], [X, X[:50]], names=["a [m]", "b", "c"], time_units="s")
    facts = summary(data)
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["n_samples"], facts["n_trajectories"]) == (450, 2)
    assert facts["time"]["units"] == "s"
    assert facts["time"]["regular"] is True
    assert facts["time"]["step"] == pytest.approx(0.05)
    assert facts["variables"]["a"]["units"] == "m"
    assert facts["variables"]["a"]["max"] == 1.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.drop_vars("row_size"), "no 'row_size'"),
        (lambda d: d.drop_vars(["x0", "x1", "x2"]), "no measured variables"),
        (lambda d: d.assign(row_size=d["row_size"] + 1), "adds up to 401"),
        (lambda d: d.assign(x0=d["x0"].astype(np.float32)), "float32"),
        (lambda d: d.assign(x0=d["x0"].where(d["x0"] < 0.5)), "variable 'x0', row 0"),
        (lambda d: d.assign({"x y": d["x0"]}), "not an identifier"),
        (lambda d: d.assign_coords(time=-d["time"]), "backwards"),
        (lambda d: d.assign(x0=d["x0"] * 1e-200), "smaller unit"),
    ],
)
def test_validate_names_the_fault(change: object, words: str) -> None:
    with pytest.raises(DataError) as caught:
        validate(change(from_arrays(T, X)))  # type: ignore[operator]
    assert words in str(caught.value)


@given(st.integers(4, 60), st.integers(1, 5), st.integers(0, 10_000))
def test_random_data_never_break_the_doctor(n: int, d: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(n, min(d, n)))
    found = check(from_arrays(0.1, x))
    assert all(f.message and f.severity in ("info", "warning", "error") for f in found)


@pytest.mark.parametrize(("code", "rows"), [(-9999.0, [40, 41, 90]), (1e26, [7]), (999.9, [399])])
def test_codes_for_missing_values_are_noticed(code: float, rows: list[int]) -> None:
    x = X.copy()
    x[rows, 1] = code
    found = by_code(x, "W-OUTLIER")
    assert [f.where for f in found] == [f"x1, sample {rows[0]}"]
    assert f"{len(rows)} of 400 values, such as {code:g}" in found[0].message


@pytest.mark.parametrize(
    "x",
    [
        np.exp(0.02 * np.arange(400)),  # growth: every value is the largest so far
        1.0 / (1.0 + 400.0 * (np.mod(T, 5.0) - 2.5) ** 2) ** 2,  # spikes, five samples wide
        np.repeat([0.0, 1.0], [390, 10]),  # a switch
        np.random.default_rng(2).standard_cauchy(400),  # no typical size at all
    ],
)
def test_growth_spikes_and_switches_are_no_outliers(x: NDArray[np.float64]) -> None:
    assert not by_code(np.column_stack([x, X[:, 0]]), "W-OUTLIER")


@pytest.mark.parametrize("code", ["W-INPUT", "I-INPUT"])
def test_a_state_that_looks_like_an_input_is_named(code: str) -> None:
    rng = np.random.default_rng(0)
    measured = X[:, :1] + 1e-3 * rng.standard_normal((400, 1))
    drive = np.repeat(rng.standard_normal(40), 10) if code == "W-INPUT" else np.sin(T)
    (noticed,) = by_code(np.column_stack([measured, drive]), code)
    assert noticed.where == "x1"
    assert "--inputs x1" in noticed.fix
    switch = (np.sin(T) > 0.0) * 2.0
    (noticed,) = by_code(np.column_stack([X[:, 0], switch]), "W-INPUT")
    assert noticed.message == "has two levels only"


def test_a_rounded_state_does_not_look_like_an_input() -> None:
    rounded = np.round(X[:, :2], 1)  # stands still at its turning points, then takes single steps
    assert not by_code(np.column_stack([rounded, X[:, 2]]), "W-INPUT")
    assert not by_code(np.column_stack([X[:, 0] > 0, X[:, 1] > 0]) * 1.0, "W-INPUT")
