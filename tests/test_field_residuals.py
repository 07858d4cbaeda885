"""Blocks of residuals: zero where the truth is, right derivatives, and broken twins are seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.losses.field_residuals import (
    Stack,
    law_residuals,
    rate_residuals,
    symmetry_residuals,
)
from physmodel.models.fields.expression_field import ExpressionField, expression_field
from physmodel.models.fields.linear_field import Points
from physmodel.models.nets.mlp import MLPField
from physmodel.models.nets.net_field import NetField
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Residuals
from physmodel.problem.known.law_text import read_law
from physmodel.problem.known.symmetry_text import read_symmetry

OSCILLATOR = {"x": "a*x + b*y + c*x*(x^2 + y^2)", "y": "-b*x + a*y + c*y*(x^2 + y^2)"}


def cloud(n: int, seed: int, *, order: int = 1, d: int = 2) -> Points:
    rng = np.random.default_rng(seed)
    velocities = rng.normal(size=(n, d)) if order == 2 else None
    return Points(rng.normal(size=n), rng.normal(size=(n, d)), velocities, np.zeros((n, 0)))


def drawn(field: ExpressionField, seed: int) -> ExpressionField:
    return field.with_parameters(np.random.default_rng(seed).normal(size=len(field.names)))


def slopes_agree(block: Residuals, parameters: np.ndarray) -> None:
    residuals, jacobian = block.linearised(parameters)
    assert residuals == pytest.approx(block.values(parameters), rel=1e-12, abs=1e-12)
    along, h = np.random.default_rng(1).normal(size=len(parameters)), 1e-6
    sides = [block.values(parameters + s * h * along) for s in (1.0, -1.0)]
    # Central differences: h^2 of truncation, eps / h of rounding.
    assert jacobian @ along == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-6, abs=1e-7)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_a_symmetric_field_has_no_residual_and_its_twin_has(seed: int) -> None:
    symmetry, points = read_symmetry("rotation:x,y", ("x", "y")), cloud(5, seed)
    field = drawn(expression_field(OSCILLATOR), seed)
    block = symmetry_residuals(field, symmetry, points, np.ones(2))
    # Rounding of cubes of points within five standard deviations.
    assert block.values(field.parameters) == pytest.approx(0.0, abs=1e-11)
    twin = drawn(expression_field({**OSCILLATOR, "y": "-b*x + a*y + c*y*x^2"}), seed)
    broken = symmetry_residuals(twin, symmetry, points, np.ones(2))
    assert np.abs(broken.values(twin.parameters)).max() > 1e-9
    slopes_agree(broken, twin.parameters)


def test_time_reversal_of_second_order() -> None:
    symmetry = read_symmetry("time-reversal", ("x",))
    points = cloud(6, 0, order=2, d=1)
    pull = expression_field({"x": "-k*sin(x) + c*x_t^2"})
    assert symmetry_residuals(pull, symmetry, points, np.ones(1)).values(
        pull.parameters
    ) == pytest.approx(0.0, abs=1e-13)
    drag = expression_field({"x": "-k*sin(x) - c*x_t"})
    found = symmetry_residuals(drag, symmetry, points, np.ones(1)).values(np.array([2.0, 0.3]))
    # f(x, -v) - f(x, v) = 2 c v
    assert points.velocities is not None
    assert np.abs(found) == pytest.approx(0.6 * np.abs(points.velocities[:, 0]), rel=1e-12)


def test_a_conserved_quantity_is_the_rate_of_its_change() -> None:
    law = read_law("conserves:x^2 + y^2", ("x", "y"))
    points = cloud(7, 3)
    field = drawn(expression_field(OSCILLATOR), 3)
    block = law_residuals(field, law, points, 0.1)
    a, _, c = (dict(zip(field.names, field.parameters, strict=True))[n] for n in "abc")
    square = np.sum(points.states**2, axis=1)
    expected = (2.0 * a * square + 2.0 * c * square**2) / 0.1
    # Rounding of fourth powers.
    assert block.values(field.parameters) == pytest.approx(expected, rel=1e-11)
    slopes_agree(block, field.parameters)


def test_a_network_learns_a_law_from_its_residual() -> None:
    """Rates along one ray say nothing about the others; the symmetry does."""
    field = NetField(MLPField(2, hidden=(8,)), ("x", "y"), (), MLPField(2, hidden=(8,)).initial(0))
    rng = np.random.default_rng(0)
    ray = np.column_stack([rng.uniform(0.2, 1.0, 40), np.zeros(40)])
    points = Points(np.zeros(40), ray, None, np.zeros((40, 0)))
    rates = np.column_stack([-ray[:, 0], 2.0 * ray[:, 0]])
    data = rate_residuals(field, points, rates, np.full(2, 0.01))
    slopes_agree(data, field.parameters)
    symmetry = read_symmetry("rotation:x,y", ("x", "y"))
    spread = rng.uniform(-1.0, 1.0, (60, 2))
    everywhere = Points(np.zeros(60), spread, None, np.zeros((60, 0)))
    asked = symmetry_residuals(field, symmetry, everywhere, np.full(2, 0.01))
    found = levenberg_marquardt(Stack((data, asked)), field.parameters, max_iterations=60)
    learned = field.with_parameters(found.parameters)
    test = rng.uniform(-0.6, 0.6, (200, 2))
    truth = np.column_stack([-test[:, 0] - 2.0 * test[:, 1], 2.0 * test[:, 0] - test[:, 1]])
    rate = learned.rate(np.zeros(200), test, None, np.zeros((200, 0)))
    # What was asked for within 0.01 holds within a few of those.
    assert np.sqrt(np.mean((rate - truth) ** 2)) < 0.05


@pytest.mark.parametrize("text", ["divergence-free", "hamiltonian:x,y", "positive:x"])
def test_structure_is_built_in_instead(text: str) -> None:
    field = expression_field(OSCILLATOR)
    with pytest.raises(ProblemError, match="build it in"):
        law_residuals(field, read_law(text, ("x", "y")), cloud(3, 0), 1.0)
