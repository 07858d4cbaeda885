"""Bad inputs: every row of the table in the design, and a property over all of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from physmodel.data.arrays import from_arrays
from physmodel.data.contract import validate, variable_names
from physmodel.data.doctor import check, summary
from physmodel.errors import DataError, PhysmodelError
from physmodel.findings import recorded
from physmodel.testing.strategies import BadArrays, bad_arrays

N = 1001
T = 0.01 * np.arange(N)
X = np.column_stack([np.cos(T), -np.sin(T)])


def codes(data: Any) -> set[str]:
    return {finding.code for finding in check(data)}


def refused(t: Any, x: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        from_arrays(t, x, **options)
    return str(caught.value)


def spoiled(row: int, column: int, value: float) -> Any:
    x = X.copy()
    x[row, column] = value
    return x


@pytest.mark.parametrize(
    ("value", "word", "policy"), [(np.nan, "missing", "raise"), (np.inf, "infinite", "estimate")]
)
def test_nan_and_inf_name_variable_row_and_time(value: float, word: str, policy: Any) -> None:
    text = refused(T, spoiled(500, 1, value), nan_policy=policy)
    assert "'x1'" in text
    assert "row 500" in text
    assert "t=5" in text
    assert word in text
    assert "--missing" in text


def test_consecutive_missing_rows_are_a_range() -> None:
    x = X.copy()
    x[500:503, 0] = np.nan
    assert "rows 500-502" in refused(T, x, nan_policy="raise")
    told = next(f for f in check(from_arrays(T, x)) if f.code == "W-MISSING")
    assert told.where == "x0, rows 500-502"
    assert f"3 of {N} samples" in told.message
    assert "estimated" in told.message


def test_a_missing_value_is_a_sample_that_was_not_observed() -> None:
    x = X.copy()
    lost = np.random.default_rng(0).random(X.shape) < 0.05
    x[lost] = np.nan
    kept = ~lost.any(axis=1)
    data = from_arrays(T, x)
    assert data.sizes["trajectory"] == 1
    np.testing.assert_array_equal(data["time"].values, T[kept])
    np.testing.assert_array_equal(data["x1"].values, X[kept, 1])


def test_a_long_run_of_missing_values_is_a_gap() -> None:
    x = X.copy()
    x[500:520, 0] = np.nan
    data = from_arrays(T, x)
    assert data["row_size"].values.tolist() == [500, N - 520]
    assert codes(data) >= {"W-GAP", "W-MISSING"}


def test_a_leap_is_seen_beside_missing_values() -> None:
    x = np.delete(X, slice(400, 430), axis=0)
    x[200, 0] = np.nan
    assert from_arrays(0.01, x)["row_size"].values.tolist() == [399, N - 430]


def test_a_column_without_any_value_is_left_out() -> None:
    data = from_arrays(T, np.column_stack([X, np.full(N, np.nan)]))
    assert variable_names(data) == ("x0", "x1")
    assert "W-EMPTY" in codes(data)
    assert "every value is missing" in refused(T, np.nan * X)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_segment_policy_cuts_at_missing_values(value: float) -> None:
    data = from_arrays(T, spoiled(500, 1, value), nan_policy="segment")
    assert data["row_size"].values.tolist() == [500, 500]
    assert data["trajectory"].values.tolist() == ["0.0", "0.1"]
    assert "W-MISSING" in codes(data)


def test_unknown_nan_policy() -> None:
    assert "'segment'" in refused(T, X, nan_policy="drop")


def test_duplicate_time_names_the_rows() -> None:
    t = T.copy()
    t[7] = t[6]
    assert "rows 6-7" in refused(t, X)


def test_non_monotonic_time_names_the_rows() -> None:
    t = T.copy()
    t[7] = 0.0
    text = refused(t, X)
    assert "rows 6-7" in text
    assert "never sorted silently" in text


def test_reversed_time_is_called_that() -> None:
    assert "backwards" in refused(T[::-1], X)


def test_irregular_sampling_is_kept_whole() -> None:
    kept = np.sort(np.random.default_rng(0).choice(N, 300, replace=False))
    data = from_arrays(T[kept], X[kept])
    assert data.sizes["trajectory"] == 1
    np.testing.assert_array_equal(data["x0"].values, X[kept, 0])
    assert {"I-IRREGULAR"} <= codes(data)


def test_gap_with_true_times_cuts() -> None:
    kept = np.r_[0:400, 500:N]
    data = from_arrays(T[kept], X[kept])
    assert data["row_size"].values.tolist() == [400, 501]
    assert "row 399" in recorded(data)[0].where


# A gap of three samples moves the states by twice the step of their neighbours.
@pytest.mark.parametrize("missing", [3, 10, 100, 300])
def test_gap_hidden_by_a_scalar_step_is_found(missing: int) -> None:
    kept = np.r_[0:400, 400 + missing : N]
    data = from_arrays(0.01, X[kept])
    assert data["row_size"].values[0] == 400
    assert codes(data) >= {"W-GAP"}


def test_constant_column_is_reported() -> None:
    found = check(from_arrays(T, np.column_stack([X, np.full(N, 3.0)])))
    assert [f.where for f in found if f.code == "W-CONSTANT"] == ["x2"]


def test_duplicate_column_is_reported_with_the_relation() -> None:
    found = check(from_arrays(T, np.column_stack([X, 2.5 * X[:, 0] - 1.0])))
    message = next(f for f in found if f.code == "W-COLLINEAR")
    assert message.where == "x0, x2"
    assert message.message == "x2 = 2.5*x0 - 1"


def test_integers_are_cast_and_their_step_reported() -> None:
    data = from_arrays(T, (100 * X).astype(int))
    assert data["x0"].dtype == np.float64
    assert {"I-CAST", "W-QUANTISED"} <= codes(data)


def test_rounded_floats_are_reported() -> None:
    assert "W-QUANTISED" in codes(from_arrays(T, np.round(X, 2)))


# Powers of two so that the scaling itself does not round.
@pytest.mark.parametrize("scale", [2.0**-40, 2.0**40])
def test_extreme_units_change_no_finding(scale: float) -> None:
    data = from_arrays(T * 2.0**-30, X * scale)
    assert [f.code for f in check(data)] == [f.code for f in check(from_arrays(T, X))]
    np.testing.assert_array_equal(data["x0"].values, X[:, 0] * scale)


def test_mixed_scales_are_mentioned() -> None:
    data = from_arrays(T, X * np.array([1e12, 1e-12]))
    assert "I-SCALES" in codes(data)
    assert not any(f.severity != "info" for f in check(data))


def test_one_dimensional_array_is_one_state() -> None:
    data = from_arrays(T, X[:, 0])
    assert variable_names(data) == ("x0",)
    assert "I-ONE-STATE" in codes(data)


def test_objects_are_refused_by_name() -> None:
    assert "Python objects" in refused(T, X.astype(object))


def test_dates_become_seconds() -> None:
    dates = np.datetime64("2020-01-01") + np.arange(N) * np.timedelta64(90, "m")
    data = from_arrays(dates, X)
    assert data["time"].attrs["units"] == "s"
    np.testing.assert_array_equal(data["time"].values, 5400.0 * np.arange(N))
    assert "I-DATES" in codes(data)


def test_dates_beyond_nanoseconds() -> None:
    # 1500 to 4242 does not fit into 64 bits of nanoseconds.
    dates = np.datetime64("1500-01-01", "D") + 1000 * np.arange(N)
    assert from_arrays(dates, X)["time"].values[-1] == 86_400.0 * 1000 * (N - 1)


def test_complex_numbers_are_refused() -> None:
    assert "real and the imaginary part" in refused(T, X + 1j)


def test_text_is_refused() -> None:
    assert "text" in refused(T, X.astype(str))


@pytest.mark.parametrize("t", [T, 0.01])
def test_transposed_array_suggests_the_cure(t: Any) -> None:
    assert "x.T" in refused(t, X.T)


def test_wrong_length_gives_both_shapes() -> None:
    text = refused(T[:-1], X)
    assert "(1000,)" in text
    assert "(1001, 2)" in text


@pytest.mark.parametrize("step", [0.0, -0.1, np.nan, np.inf])
def test_sampling_interval_must_be_positive(step: float) -> None:
    assert "positive" in refused(step, X)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_time_names_the_row(value: float) -> None:
    t = T.copy()
    t[7] = value
    assert "row 7" in refused(t, X)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_too_few_samples_says_how_many_are_needed(n: int) -> None:
    assert "need at least 4 samples" in refused(T[:n], X[:n])
    assert "need at least 4 samples" in refused(0.1, X[:n])


def test_few_samples_are_reported() -> None:
    assert "need >= 30" in next(f for f in check(from_arrays(T[:9], X[:9]))).message


def test_masked_values_are_missing_whatever_lies_beneath() -> None:
    hidden = np.zeros(X.shape, dtype=bool)
    hidden[300:303, 0] = True
    garbage = np.where(hidden, 1e9, X)
    masked = np.ma.MaskedArray(garbage, mask=hidden)
    data = from_arrays(T, masked)
    assert data["row_size"].values.tolist() == [998]
    cut = from_arrays(T, masked, nan_policy="segment")
    assert cut["row_size"].values.tolist() == [300, 698]
    assert abs(data["x0"].values).max() <= 1.0
    assert "W-MISSING" in codes(data)


def test_all_zeros_are_refused() -> None:
    assert "nothing moves" in refused(T, 0.0 * X)


def test_all_constant_is_an_error_finding() -> None:
    data = from_arrays(T, np.full((N, 2), 7.0))
    assert check(data)[0].code == "E-STILL"
    assert check(data)[0].severity == "error"


def test_unequal_trajectories_and_inputs() -> None:
    data = from_arrays(0.01, [X, X[:50]], inputs=[T, T[:50]], names=["a [m]", "b"])
    assert data["row_size"].values.tolist() == [N, 50]
    assert variable_names(data) == ("a", "b", "u0")
    assert variable_names(data, "input") == ("u0",)
    assert data["a"].attrs["units"] == "m"


def test_unequal_numbers_of_things() -> None:
    assert "2 time axes" in refused([T, T], [X, X, X])
    assert "samples of inputs" in refused(T, X, inputs=T[:-1])
    assert "1 states and 0 inputs" in refused(0.1, [X, X[:, :1]])
    assert "names" in refused(T, X, names=["x"])
    assert "units are given for 'z'" in refused(T, X, units={"z": "m"})


def test_a_list_of_rows_is_one_trajectory() -> None:
    assert from_arrays(T, list(X)).sizes["trajectory"] == 1


def test_absurd_size_is_refused_before_it_is_copied() -> None:
    huge = np.broadcast_to(np.float64(1.0), (10**9, 2))
    assert "the limit is" in refused(0.1, huge)


@settings(max_examples=300)
@given(bad_arrays())
def test_any_bad_array_is_refused_or_used_well(bad: BadArrays) -> None:
    before = repr(bad)
    copies = [
        np.array(part, copy=True) if isinstance(part, np.ndarray) else None
        for part in (bad.t, bad.x)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            data = from_arrays(bad.t, bad.x)
        except PhysmodelError as error:
            assert error.what  # noqa: PT017 - the refusal is one of two good outcomes
            data = None
        if data is not None:
            validate(data)
            assert isinstance(recorded(data), list)
            assert all(np.isfinite(f["noise_std"]) for f in summary(data)["variables"].values())
            assert all(f.message for f in check(data))
    assert repr(bad) == before
    for part, copy in zip((bad.t, bad.x), copies, strict=True):
        if copy is not None:
            np.testing.assert_array_equal(np.ma.getdata(part), copy)
