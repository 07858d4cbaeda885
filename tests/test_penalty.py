"""Penalties as residuals: the norms they stand for, their derivatives, and closed-form minima."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.losses.field_residuals import Stack
from physmodel.losses.penalty import TIP, Ridge, Sparsity, group_penalty, l1_penalty, l2_penalty
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt

Array = NDArray[np.float64]
SIZE = np.array([1.0, 1e-3, 10.0, 2.0, 0.5])


@dataclass(frozen=True, eq=False)
class Near:
    """``w - target``: data that speak of each parameter alone."""

    target: Array

    def values(self, parameters: Array) -> Array:
        return parameters - self.target

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        return self.values(parameters), np.eye(len(parameters))


@given(st.integers(0, 1000), st.sampled_from([1.0, 1e-3, 30.0]))
def test_derivatives(seed: int, spread: float) -> None:
    w = spread * SIZE * np.random.default_rng(seed).normal(size=5)
    free = np.where(np.arange(5) == 3, np.inf, SIZE)
    blocks = (l2_penalty(free, centre=SIZE), l1_penalty(free))
    for block in (*blocks, group_penalty(SIZE, [[0, 2], [], [4, 1]])):
        values, jacobian = block.linearised(w)
        np.testing.assert_array_equal(values, block.values(w))
        for k in range(5):
            step = 1e-6 * TIP * SIZE[k] * np.eye(5)[k]
            slope = (block.values(w + step) - block.values(w - step)) / (2.0 * step[k])
            # The tip bends over TIP: the step is a millionth of it, rounding 1e-16 / 1e-9.
            np.testing.assert_allclose(jacobian[:, k] * SIZE[k], slope * SIZE[k], atol=3e-5)


@given(st.integers(0, 1000))
def test_half_the_square_is_the_norm(seed: int) -> None:
    w = SIZE * np.random.default_rng(seed).normal(size=5)
    u = w / SIZE
    l1 = np.sum(l1_penalty(SIZE).values(w) ** 2) / 2.0
    assert l1 == pytest.approx(np.sum(np.sqrt(u**2 + TIP**2) - TIP))
    assert l1 == pytest.approx(np.abs(u).sum(), abs=5 * TIP)  # each tip is lower by TIP at most
    group = np.sum(group_penalty(SIZE, [[0, 1], [2, 3, 4]]).values(w) ** 2) / 2.0
    want = np.sqrt(2.0) * np.linalg.norm(u[:2]) + np.sqrt(3.0) * np.linalg.norm(u[2:])
    assert group == pytest.approx(want, abs=2 * np.sqrt(3.0) * TIP)
    ridge = np.sum(l2_penalty(SIZE).values(w) ** 2)
    assert ridge == pytest.approx(np.sum(u**2))


def test_minimum_is_the_soft_threshold() -> None:
    target = np.array([3.0, -0.4, 0.9, -2.0, 0.0])
    found = levenberg_marquardt(Stack((Near(target), l1_penalty(np.ones(5)))), np.ones(5))
    want = np.sign(target) * np.maximum(np.abs(target) - 1.0, 0.0)
    # At |target| = 0.9 the rounded tip holds the parameter at TIP * 0.9 / sqrt(1 - 0.81).
    assert found.parameters == pytest.approx(want, abs=3.0 * TIP)


def test_groups_are_zero_together() -> None:
    target = np.array([0.6, 0.5, 3.0, 0.1, 0.7])
    penalty = group_penalty(np.ones(5), [[0, 1], [2, 3]])
    found = levenberg_marquardt(Stack((Near(target), penalty)), np.ones(5)).parameters
    shrink = 1.0 - np.sqrt(2.0) / np.linalg.norm(target[2:4])
    want = np.concatenate([[0.0, 0.0], shrink * target[2:4], [0.7]])
    assert found == pytest.approx(want, abs=3.0 * TIP)


def test_units_do_not_matter() -> None:
    w, factor = np.array([0.3, -2.0]), np.array([1e-6, 1e6])
    for make in (l1_penalty, l2_penalty):
        one: Ridge | Sparsity = make(np.ones(2))
        assert make(factor).values(w * factor) == pytest.approx(one.values(w), rel=1e-14)


def test_bad_sizes_and_groups() -> None:
    for make in (l1_penalty, l2_penalty):
        with pytest.raises(ProblemError, match="positive"):
            make([1.0, 0.0])
    with pytest.raises(ProblemError, match="centre"):
        l2_penalty([1.0], centre=[0.0, 0.0])
    for groups in ([[0, 0]], [[0], [0]], [[2]]):
        with pytest.raises(ProblemError, match="group"):
            group_penalty([1.0, 1.0], groups)
