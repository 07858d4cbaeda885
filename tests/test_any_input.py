"""Whatever is handed over, discovery refuses it in words or returns finite numbers and says so."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

import physmodel as pm
from physmodel.laws.record import REMEDIES
from physmodel.testing.strategies import BadArrays, bad_arrays

T = 0.05 * np.arange(240)
#: Damped and slow to repeat, so that one linear law is all that fits: x'' = -0.2 x' - 4.01 x.
X = np.exp(-0.1 * T)[:, None] * np.column_stack([np.cos(2.0 * T), np.sin(2.0 * T)])
#: x' = A x for the columns of X.
A = np.array([[-0.1, -2.0], [2.0, -0.1]])
#: A small library: what is tested here is how data arrive, not the search.
SMALL: dict[str, Any] = {"degree": 2, "order": 1}

#: A fault by itself, and the finding without which a result from such arrays would mislead.
TOLD = {
    "constant column": "W-CONSTANT",
    "repeated column": "W-LEFT-OUT",
    "integers": "I-CAST",
    "dates": "I-DATES",
    "one-dimensional": "I-ONE-STATE",
    "masked": "W-MISSING",
}


@pytest.fixture(scope="module")
def plain() -> pm.Result:
    return pm.discover(pm.from_arrays(T, X), **SMALL)


def codes(law: pm.Result) -> set[str]:
    return {finding.code for finding in law.warnings}


def snapshot(part: Any) -> Any:
    return np.ma.getdata(part).copy() if isinstance(part, np.ndarray) else repr(part)


def finite(law: pm.Result) -> bool:
    tables = (law.coefficients, law.std_errors, law.inclusion)
    numbers = [*law.noise_std.values(), *law.fit_scores.values()]
    return all(np.isfinite(table.values).all() for table in tables) and np.isfinite(numbers).all()


# Two states and thirty samples: a tenth of a second for each that is accepted.
@settings(max_examples=20)
@given(bad_arrays(dim=2, max_size=30))
def test_any_array_is_refused_in_words_or_gives_finite_numbers(bad: BadArrays) -> None:
    before = [snapshot(part) for part in (bad.t, bad.x)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            data = pm.from_arrays(bad.t, bad.x)
            kept = data.copy(deep=True)
            law = pm.discover(data)
        except pm.PhysmodelError as error:
            law = None
            assert error.what  # noqa: PT017 - the refusal is one of two good outcomes
            assert error.exit_code in {2, 3}  # noqa: PT017
        else:
            xr.testing.assert_identical(data, kept)
            assert str(law)  # simulates, scores, prints
    for part, old in zip((bad.t, bad.x), before, strict=True):
        np.testing.assert_array_equal(snapshot(part), old)
    if law is None:
        return
    assert law.status in REMEDIES
    assert finite(law)
    assert ((law.inclusion >= 0.0) & (law.inclusion <= 1.0 + 1e-12)).all()
    assert (law.std_errors >= 0.0).all()
    faults = bad.label.split(", ")[1:]
    if len(faults) == 1 and faults[0] in TOLD and np.ndim(bad.x) == np.ndim(X):
        assert TOLD[faults[0]] in codes(law)


def hidden(rows: slice) -> Any:
    mask = np.zeros(X.shape, dtype=bool)
    mask[rows, 0] = True
    return np.ma.MaskedArray(np.where(mask, 1e300, X), mask=mask)


@pytest.mark.parametrize(
    ("code", "t", "x"),
    [
        ("W-CONSTANT", T, np.column_stack([X, np.full(len(X), 3.0)])),
        ("W-COLLINEAR", T, np.column_stack([X, 2.0 * X[:, 0] + 1.0])),
        ("W-LEFT-OUT", T, np.column_stack([X, X[:, 1]])),
        ("W-MISSING", T, hidden(slice(100, 103))),
        ("W-MISSING", T, np.where(np.arange(480).reshape(240, 2) % 37 == 5, np.nan, X)),
        ("W-GAP", np.delete(T, slice(100, 140)), np.delete(X, slice(100, 140), axis=0)),
        ("I-DATES", np.datetime64("2020-01-01") + (1000 * T).astype("timedelta64[ms]"), X),
        ("I-IRREGULAR", np.delete(T, [5, 50, 51, 99]), np.delete(X, [5, 50, 51, 99], axis=0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_odd_is_recorded_and_the_law_is_still_right(code: str, t: Any, x: Any) -> None:
    law = pm.discover(pm.from_arrays(t, x), **SMALL)
    assert code in codes(law)
    assert law.problem.states == ("x0", "x1")
    found = law.coefficients.sel(term=["x0", "x1"]).values
    # Cut or uneven records of 240 exact samples leave at least seven digits.
    np.testing.assert_allclose(found, A, rtol=1e-7)
    assert {item["term"] for state in law.problem.states for item in law.terms(state)} == {
        "x0",
        "x1",
    }


def test_missing_values_leave_the_law_unbiased() -> None:
    """A tenth of the values of a noisy record: the same terms, errors that hold."""
    rng = np.random.default_rng(0)
    noisy = X + 0.01 * rng.normal(size=X.shape)
    noisy[rng.random(X.shape) < 0.1] = np.nan
    assert any("estimated" in finding.message for finding in pm.check(pm.open(noisy, time=T)))
    law = pm.discover(pm.open(noisy, time=T), **SMALL)
    assert {item["term"] for name in law.problem.states for item in law.terms(name)} == {"x0", "x1"}
    off = law.coefficients.sel(term=["x0", "x1"]).values - A
    # Four standard errors: one of four coefficients is beyond them in 4000 draws.
    assert (np.abs(off) < 4.0 * law.std_errors.sel(term=["x0", "x1"]).values).all()


@pytest.mark.parametrize(
    ("t", "x"),
    [
        (T, np.asfortranarray(X)),
        (T, np.repeat(X, 2, axis=0)[::2]),
        (T, [list(row) for row in X]),
        (T, [X]),
        ([T], [X]),
        (list(T), np.ma.MaskedArray(X, mask=False)),
        (T, np.ma.MaskedArray(X)),
        (T.astype(">f8"), X.astype(">f8")),
        (T, xr.DataArray(X)),
    ],
    ids=["fortran", "strided", "rows", "list", "lists", "unmasked", "no-mask", "endian", "xarray"],
)
def test_the_same_numbers_in_another_container_give_the_same_bits(
    plain: pm.Result, t: Any, x: Any
) -> None:
    found = pm.discover(pm.from_arrays(t, x), **SMALL)
    xr.testing.assert_identical(found.coefficients, plain.coefficients)


def test_a_step_says_as_much_as_its_times(plain: pm.Result) -> None:
    # The products 0.05 * k round, each by half a unit of the last place.
    found = pm.discover(pm.from_arrays(0.05, X), **SMALL)
    xr.testing.assert_allclose(found.coefficients, plain.coefficients, rtol=1e-9)


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e61, 1e300])
def test_units_beyond_reason_are_refused(scale: float) -> None:
    with pytest.raises(pm.DataError, match="x0"):
        pm.discover(pm.from_arrays(T, X * scale))


@pytest.mark.parametrize("scale", [1e-50, 1e20])
def test_units_within_reason_work(scale: float) -> None:
    law = pm.discover(pm.from_arrays(T, X * scale), **SMALL)
    np.testing.assert_allclose(law.coefficients.sel(term=["x0", "x1"]).values, A, rtol=1e-7)


@pytest.mark.parametrize(
    ("t", "x"),
    [
        (T, X.astype(object)),
        (T, X[:, :, None]),
        (T, X.T),
        (T[::-1], X),
        (T[:3], X[:3]),
        (T, np.where(X[7] == X, np.inf, X)),
        (T, np.full_like(X, 3.0)),
        (T, X[:0]),
        (T, None),
        (np.append(T[:-1], np.nan), X),
        (np.append(T[:-1], T[-2]), X),
    ],
    ids=[
        *("object", "3-d", "transposed", "decreasing", "short", "inf", "still", "empty"),
        *("nothing", "nan-time", "repeated"),
    ],
)
def test_what_cannot_be_used_is_refused_before_the_search(t: Any, x: Any) -> None:
    with pytest.raises(pm.DataError) as caught:
        pm.discover(pm.from_arrays(t, x))
    assert caught.value.exit_code == 3
    assert caught.value.what
    assert caught.value.where or caught.value.fix


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        *((thing, "not something to open") for thing in (None, 3.0, b"data.csv", object(), [])),
        *((thing, r"physmodel\.open\(x, time=t\)") for thing in (X, [1, 2, 3], (T, X), [X, X])),
        ({"x": [1, 2]}, "no columns are left to model"),
        ({"t": [1, 2], "x": [1, 2, 3]}, r"t \(2,\), x \(3,\)"),
    ],
)
def test_discover_says_what_it_takes(thing: Any, words: str) -> None:
    with pytest.raises(pm.DataError, match=words):
        pm.discover(thing)
