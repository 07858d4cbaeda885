"""Properties 12 to 16: what must not matter to a law that is found.

Units and the order of things are in test_invariance.py, with noise and on a chaotic system. Here
the law is a spiral whose solution is known, sampled at times that are exact in binary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.models.terms import TermLibrary, polynomial_terms
from physmodel.optimizers.sparse import basis_pursuit, orthogonal_matching_pursuit, stlsq
from physmodel.testing import permutations, polynomial_systems

Array = NDArray[np.float64]
NAMES = ("x", "y")
STEP, COUNT = 0.125, 161
#: ``x' = -0.1 x - 2 y, y' = 2 x - 0.1 y``.
TRUTH = {("x", "x"): -0.1, ("x", "y"): -2.0, ("y", "x"): 2.0, ("y", "y"): -0.1}


def spiral(time: Array) -> Array:
    size = np.exp(-0.1 * time)
    return np.column_stack([size * np.cos(2.0 * time), size * np.sin(2.0 * time)])


TIME = STEP * np.arange(COUNT)


def found(
    time: Array | list[Array], states: Array | list[Array], names: Sequence[str] = NAMES
) -> dict[tuple[str, str], float]:
    """Coefficients of the law by equation and term."""
    law = pm.discover(pm.from_arrays(time, states, names=names), degree=2)
    return {(s, i["term"]): i["coefficient"] for s in names for i in law.terms(s)}


def test_the_law_is_found() -> None:
    # Interpolation of the samples is good to 1e-8.
    assert found(TIME, spiral(TIME)) == pytest.approx(TRUTH, rel=1e-6)


@settings(max_examples=4)
@given(shift=st.integers(-(2**24), 2**24))
def test_12_the_origin_of_time_does_not_matter(shift: int) -> None:
    # Up to 1e6 times the length of the record; multiples of 1/8 stay exact.
    moved = found(TIME + shift, spiral(TIME))
    assert moved == pytest.approx(found(TIME, spiral(TIME)), rel=1e-9)


@settings(max_examples=4)
@given(start=st.floats(0.0, 6.0))
def test_12_a_record_run_backwards_has_the_opposite_law(start: float) -> None:
    states = spiral(TIME + start)
    there, back = found(TIME, states), found(-TIME[::-1], states[::-1])
    assert {key: -value for key, value in back.items()} == pytest.approx(there, rel=1e-8)


@settings(max_examples=4)
@given(order=permutations(2), letters=st.permutations(["alpha", "q2", "Speed", "zz"]))
def test_13_names_and_their_order_are_only_names(order: Array, letters: list[str]) -> None:
    names = [letters[k] for k in order]
    there = found(TIME, spiral(TIME)[:, order], names)
    back = dict(zip(letters, NAMES, strict=False))
    renamed = {(back[s], back[term]): value for (s, term), value in there.items()}
    # The columns are summed in another order.
    assert renamed == pytest.approx(found(TIME, spiral(TIME)), rel=1e-9)


@settings(max_examples=3)
@given(cut=st.integers(40, COUNT - 41))
def test_14_a_record_may_be_cut_at_a_sample(cut: int) -> None:
    states = spiral(TIME)
    pieces = [slice(0, cut + 1), slice(cut, COUNT)]  # both keep the sample between them
    whole, halves = (
        found(TIME, states),
        found([TIME[p] for p in pieces], [states[p] for p in pieces]),
    )
    # Rules at the ends are one-sided and good to 1e-7 here.
    assert halves == pytest.approx(whole, rel=1e-6)
    assert found(
        [TIME[p] for p in pieces[::-1]], [states[p] for p in pieces[::-1]]
    ) == pytest.approx(halves, rel=1e-9)


@settings(max_examples=3)
@given(copies=st.integers(2, 5), seed=st.integers(0, 1000))
def test_15_copies_shrink_errors_and_change_nothing_else(copies: int, seed: int) -> None:
    noise = 0.01 * np.random.default_rng(seed).standard_normal((COUNT, 2))
    states = spiral(TIME) + noise
    once, often = (
        pm.discover(pm.from_arrays([TIME] * k, [states] * k, names=NAMES), degree=1)
        for k in (1, copies)
    )
    first, second = (
        {(q, i["term"]): i for q in NAMES for i in law.terms(q)} for law in (once, often)
    )
    assume(set(first) == set(second))  # noise that is there several times may count as a term
    for key, item in second.items():
        # The search ends when coefficients move by less than a hundredth of their errors, 5e-3.
        assert item["coefficient"] == pytest.approx(first[key]["coefficient"], abs=5e-5)
        # Degrees of freedom: 2 of 161 samples are paid for by coefficients, once or several times.
        assert first[key]["std"] / item["std"] == pytest.approx(np.sqrt(copies), rel=0.02)


@settings(max_examples=15)
@given(dim=st.sampled_from([2, 3]), data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_16_noise_free_systems_come_back_from_a_library(
    dim: int, data: st.DataObject, seed: int
) -> None:
    field = data.draw(polynomial_systems(dim=dim, couplings=2))
    terms = polynomial_terms(field.states, 3)
    count = 10 * len(terms)
    states = np.random.default_rng(seed).uniform(-1.5, 1.5, (count, dim))
    rates = field.rate(np.zeros(count), states, None, np.empty((count, 0)))
    values = TermLibrary(field.states, terms).evaluate(states)
    # Condition number of the scaled columns: some tens, far below the 1e6 that is allowed.
    for row, target in zip(field.coefficients, rates.T, strict=True):
        weights = dict(zip(field.terms, row, strict=True))
        truth = [weights.get(term, 0.0) for term in terms]
        for solve in (stlsq, basis_pursuit, orthogonal_matching_pursuit):
            np.testing.assert_allclose(solve(values, target).coefficients, truth, rtol=0, atol=1e-8)
