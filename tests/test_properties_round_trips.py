"""Properties 24 and 25: what goes out and comes back, and what is refused in words."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.errors import PhysmodelError
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.integration.geometric import implicit_midpoint, projected
from physmodel.models.integration.integrate import integrate, leapfrog, rk4
from physmodel.problem.algebra.parser import parse
from physmodel.testing import BadArrays, bad_arrays, polynomial_systems, trajectories

Array = NDArray[np.float64]


@settings(max_examples=30)
@given(field=polynomial_systems(), seed=st.integers(0, 2**32 - 1))
def test_24_a_field_written_as_text_is_read_back(field: SparseField, seed: int) -> None:
    names = (*field.states, "t")
    again = SparseField(
        field.states,
        (),
        1,
        tuple(parse(str(term), names) for term in field.terms),
        np.array([[float(repr(w)) for w in row] for row in field.coefficients.tolist()]),
    )
    assert again.terms == field.terms
    x = np.random.default_rng(seed).normal(size=(20, len(field.states)))
    arguments = (np.zeros(20), x, None, np.empty((20, 0)))
    np.testing.assert_array_equal(again.rate(*arguments), field.rate(*arguments))


@settings(max_examples=20)
@given(field=polynomial_systems(dim=2), seed=st.integers(0, 2**32 - 1))
def test_24_sympy_computes_the_same_numbers(field: SparseField, seed: int) -> None:
    sympy = pytest.importorskip("sympy")
    symbols = sympy.symbols(field.states)
    x = np.random.default_rng(seed).normal(size=(20, 2))
    rate = field.rate(np.zeros(20), x, None, np.empty((20, 0)))
    for k, state in enumerate(field.states):
        # Python reads x^2*z as x^(2*z), sympy's reader with convert_xor does not.
        text = " + ".join(f"({w!r})*({term})" for term, w in field.equation(state).items())
        compute = sympy.lambdify(symbols, sympy.parse_expr(text.replace("^", "**")), "numpy")
        # Some ten products of numbers below a hundred.
        np.testing.assert_allclose(compute(*x.T), rate[:, k], rtol=1e-12, atol=1e-12)


@settings(max_examples=12)
@given(drawn=trajectories(min_size=4), suffix=st.sampled_from([".csv", ".nc"]))
def test_24_files_keep_every_bit(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[list[Array], list[Array]], suffix: str
) -> None:
    times, states = drawn
    names = [f"q{k}" for k in range(states[0].shape[1])]
    data = pm.from_arrays(times, states, names=names, units=dict.fromkeys(names, "m"))
    path: Path = tmp_path_factory.mktemp("trip") / f"data{suffix}"
    if suffix == ".nc":
        data.to_netcdf(path)
        again = pm.open(path)
    else:
        frame = pd.DataFrame({"t": np.concatenate(times)})
        frame["run"] = np.repeat(np.arange(len(times)), [len(t) for t in times])
        for k, name in enumerate(names):
            frame[f"{name} [m]"] = np.concatenate(states)[:, k]
        frame.to_csv(path, index=False)
        again = pm.open(path, time="t", trajectory="run")
    for name in ("time", *names):
        np.testing.assert_array_equal(again[name].values, data[name].values)
        assert again[name].attrs.get("units") == data[name].attrs.get("units")
    np.testing.assert_array_equal(again["row_size"].values, data["row_size"].values)


# Refusal.


def refused_or(call: Callable[[], Any], bad: BadArrays) -> Any:
    """What a call returns, or None if it refuses in words; anything else is a failure."""
    before = repr(bad)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            answer = call()
        except PhysmodelError as error:
            assert error.what  # noqa: PT017 - a refusal is one of two good outcomes
            answer = None
    assert repr(bad) == before
    return answer


@settings(max_examples=100)
@given(bad=bad_arrays(dim=2, max_size=20))
def test_25_integrators_do(bad: BadArrays) -> None:
    def decay(t: float, x: Array) -> Array:
        return -x

    start = bad.x[0] if isinstance(bad.x, np.ndarray) and bad.x.size and bad.x.ndim else bad.x
    for call in (
        lambda: integrate(decay, bad.t, start, max_evaluations=2000),
        lambda: rk4(decay, bad.t, start),
        lambda: leapfrog(lambda q: -q, bad.t, start, start),
        lambda: implicit_midpoint(decay, bad.t, start),
        lambda: projected(decay, bad.t, start, [lambda x: (x**2).sum(axis=1)]),
    ):
        path = refused_or(call, bad)
        assert path is None or np.isfinite(path).all()
