"""What follows from the covariance of whitened rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from physmodel.losses.weak_form.whitened import log_abs_determinant


@given(st.integers(1, 40), st.integers(0, 6), st.integers(0, 6), st.integers(0, 99))
def test_the_determinant_of_a_banded_matrix(n: int, below: int, above: int, seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=(n, n))
    banded = np.triu(np.tril(table, above), -below)
    expected = np.linalg.slogdet(banded)[1]
    assert log_abs_determinant(sparse.csr_array(banded)) == pytest.approx(expected, abs=1e-6)


def test_a_determinant_beyond_the_range_of_floats() -> None:
    """A law that contracts by ten from sample to sample: the last pivot is 0.1**1000."""
    diagonals = [np.full(1000, 0.1), np.ones(999)]
    chain = sparse.csr_array(sparse.diags_array(diagonals, offsets=[0, -1]))
    assert log_abs_determinant(chain) == pytest.approx(1000 * np.log(0.1), rel=1e-12)


def test_a_singular_matrix_has_no_volume() -> None:
    singular = sparse.csr_array(np.diag([1.0, 0.0, 2.0]) + np.diag([1.0, 0.0], 1))
    assert log_abs_determinant(singular) == -np.inf
