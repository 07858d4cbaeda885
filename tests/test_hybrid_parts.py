"""Parts of the hybrid search: reading known equations, the exact test, fields put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.hybrids.weak.joined import Joined, Tangent
from physmodel.hybrids.weak.random_net import RandomNet
from physmodel.hybrids.weak.restricted import Columns
from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.equations_text import closed_states, known_texts, read_known
from physmodel.models.fields.expression_field import expression_field
from physmodel.models.fields.linear_field import Points


@pytest.mark.parametrize("left", ["x'", "dx/dt", "dx / dt", " x '"])
def test_rates_may_be_written_in_several_ways(left: str) -> None:
    field = read_known(f"{left} = a*x + max_*y", ("x", "y"))
    assert (field.order, field.names) == (1, ("a", "max_"))
    assert known_texts(f"{left} = a*x", ("x", "y")) == {"x": "a*x", "y": "0"}


@pytest.mark.parametrize("left", ["x''", "d2x/dt2", "d^2x/dt^2"])
def test_velocities_are_primes_or_names(left: str) -> None:
    one, two = (read_known(f"{left} = -k*x - c*{v}*abs({v})", ("x",)) for v in ("x'", "x_t"))
    assert one.order == 2
    assert one.expressions == two.expressions


def test_two_signs_close_an_equation() -> None:
    known = "x' == v, v' = -k*x"
    assert closed_states(known, ("x", "v")) == ("x",)
    assert known_texts(known, ("x", "v")) == {"x": "v", "v": "-k*x"}
    with pytest.raises(ProblemError):
        closed_states("x' ==", ("x", "v"))


def test_commas_inside_parentheses_part_nothing() -> None:
    assert known_texts("x' = a*(x), y' = -(y)", ("x", "y")) == {"x": "a*(x)", "y": "-(y)"}
    with pytest.raises(ProblemError):
        read_known("x' = f(x, y)", ("x", "y"))


def test_the_test_of_columns_is_exact() -> None:
    """P-values of noise: half of them one at most, few below 0.1; three standard deviations."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(60, 8)) * np.geomspace(1.0, 1e-3, 8)
    triangle = np.linalg.qr(matrix)[1]
    n = 150
    found = np.array(
        [
            Columns.of(triangle, rng.normal(size=8), float(rng.chisquare(52)), 60).p_value(k)
            for k in range(n)
        ]
    )
    low = np.count_nonzero(found < 0.1)
    assert abs(low - 0.1 * n) < 3.0 * np.sqrt(n * 0.09)


@given(st.integers(0, 100))
def test_what_the_columns_hold_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    triangle = np.triu(rng.normal(size=(5, 5))) * 10.0
    columns = Columns.of(triangle, triangle @ np.ones(5) * 3.0, 50.0, 55)
    assert columns.p_value() < 0.01
    weights, shrinkage, variance = columns.weights(columns.size())
    assert shrinkage.sum() <= 5.0
    assert variance > 0.0
    assert np.linalg.norm(triangle @ (weights - 3.0)) < 0.2 * np.linalg.norm(triangle @ np.ones(5))


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_fields_put_together(order: int) -> None:
    """Against central differences, whose error is about 1e-9 here."""
    rng = np.random.default_rng(order)
    n, d = 7, 2
    known = {"x": "a*sin(b*x) + u", "y": "-y*x" + (" - c*y_t^3" if order == 2 else "*c")}
    field = expression_field(known, inputs=("u",), order=order, start={"b": 0.7})
    where = Coordinates(np.array([2.0, 0.5]), np.zeros(2, dtype=bool), 0.3, 0.1)
    speeds = rng.normal(size=(n, d)) if order == 2 else None
    points = Points(np.arange(n) * 1.0, rng.normal(size=(n, d)), speeds, rng.normal(size=(n, 1)))
    tangent, net = Tangent(field, where), RandomNet.over(points)
    both = Joined((tangent, net))
    weights = np.concatenate([tangent.coefficients, rng.normal(size=net.n_coefficients)])

    def values(states: np.ndarray, velocities: np.ndarray | None) -> np.ndarray:
        return both.velocity(Points(points.time, states, velocities, points.inputs), weights)

    by_state, by_velocity = both.jacobian(points, weights)
    table = np.stack(
        [both.features(points)[:, row] * weights * (row >= 0) for row in both.placement],
        axis=1,
    )
    np.testing.assert_allclose(table.sum(axis=2), values(points.states, speeds), atol=1e-12)
    for j in range(d):
        step = 1e-6 * np.eye(d)[j]
        slope = values(points.states + step, speeds) - values(points.states - step, speeds)
        np.testing.assert_allclose(by_state[:, :, j], slope / 2e-6, rtol=1e-5, atol=1e-7)
        if speeds is not None and by_velocity is not None:
            slope = values(points.states, speeds + step) - values(points.states, speeds - step)
            np.testing.assert_allclose(by_velocity[:, :, j], slope / 2e-6, rtol=1e-5, atol=1e-7)
    change = rng.normal(size=(n, d))
    along = both.tangent(points, change, None if speeds is None else change)
    moved = np.stack([along[:, row] * weights * (row >= 0) for row in both.placement], axis=1)
    expected = np.einsum("nej,nj->ne", by_state, change)
    if by_velocity is not None:
        expected += np.einsum("nej,nj->ne", by_velocity, change)
    np.testing.assert_allclose(moved.sum(axis=2), expected, atol=1e-10)


@pytest.mark.parametrize("name", ["x\u0302", "\u03b8\u0304", "v\u20d7"])
def test_names_in_known_equations_may_hold_combining_marks(name: str) -> None:
    field = read_known(f"{name}'' = -c*{name}' - k*sin({name})", [name])
    assert (field.states, field.order) == ((name,), 2)
    assert sorted(field.names) == ["c", "k"]
    assert read_known(f"d{name}/dt = a*{name}", [name]).order == 1
