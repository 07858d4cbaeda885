"""The latent-trajectory residual against dense linear algebra and against simulated noise."""

from __future__ import annotations

import numpy as np
import pytest

from physmodel.losses.weak_form.latent import whiten
from physmodel.losses.weak_form.tile import Tile
from physmodel.losses.weak_form.weak import weak_form
from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.term_field import TermField
from physmodel.models.terms import TermLibrary, polynomial_terms

NAMES = ("x", "v")


def oscillator(n: int, noise: float, seed: int = 0, order: int = 1):
    """A linear oscillator, for which the linearised noise model is exact."""
    t = np.arange(n) * 1.0
    clean = np.column_stack([np.cos(0.2 * t), -0.2 * np.sin(0.2 * t)])[:, : 3 - order]
    rng = np.random.default_rng(seed)
    states = clean + noise * rng.standard_normal(clean.shape)
    names = NAMES[: 3 - order]
    extra = ("x_t",) if order == 2 else ()
    library = TermLibrary((*names, *extra, "t"), polynomial_terms((*names, *extra), 1))
    coordinates = Coordinates(np.ones(len(names)), np.zeros(len(names), bool), 0.0, 1.0)
    tile = Tile(t, states, np.ones(n, bool), np.empty((n, 0)), weak_form(t, order))
    # Terms are 1, x, v (or x_t): the truth is x' = v, v' = -0.04 x, or x'' = -0.04 x.
    weights = np.array([0, 0, 1.0, 0, -0.04, 0]) if order == 1 else np.array([0, -0.04, 0])
    return tile, TermField(library, coordinates, order), weights, clean


@pytest.mark.parametrize("order", [1, 2])
def test_whitened_residual_of_the_truth_is_white_with_unit_variance(order: int) -> None:
    sums, n = 0.0, 0
    for seed in range(40):
        tile, field, weights, _ = oscillator(60, 0.05, seed, order)
        d = tile.measured.shape[1]
        slack = np.full((tile.weak.n_rows, d), 1e-8)
        noise = np.full(d, 0.05)
        rows = whiten(tile, field, weights, tile.measured, noise, slack)
        residual = rows.residual(weights)
        sums, n = sums + float(residual @ residual), n + len(residual)
    # A mean of n squares of unit normals has standard deviation sqrt(2 / n): five of them.
    assert abs(sums / n - 1.0) < 5.0 * np.sqrt(2.0 / n)


def test_posterior_mean_agrees_with_dense_algebra() -> None:
    tile, field, weights, _ = oscillator(20, 0.1)
    noise, slack = np.array([0.1, 0.02]), np.full((19, 2), 0.01)
    rows = whiten(tile, field, weights, tile.measured, noise, slack)
    right, left = tile.weak.right.toarray(), tile.weak.left.toarray()
    jacobian = np.array([[0.0, 1.0], [-0.04, 0.0]])
    carry = np.kron(left, np.eye(2)) - np.kron(right, np.eye(2)) @ np.kron(np.eye(20), jacobian)
    prior = np.diag(np.tile(noise**2, 20))
    covariance = carry @ prior @ carry.T + 1e-4 * np.eye(38)
    rho = (left @ tile.measured).ravel() - np.kron(right, np.eye(2)) @ (
        tile.measured @ jacobian.T
    ).ravel()
    gain = prior @ carry.T @ np.linalg.inv(covariance)
    expected = tile.measured - (gain @ rho).reshape(20, 2)
    np.testing.assert_allclose(rows.latent(weights), expected, atol=1e-10)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("spacing", [1, 2])
def test_residual_and_volume_give_the_density_of_the_data(order: int, spacing: int) -> None:
    tile, field, weights, _ = oscillator(21, 1e-3, order=order)
    # Damping contracts the phase space, so that the volume matters.
    weights = weights + (np.array([0, 0, 0, 0, 0, -0.1]) if order == 1 else [0, 0, -0.1])
    n, d = tile.measured.shape
    observed = np.arange(n) % spacing == 0
    measured = np.random.default_rng(1).normal(0.0, 1e-3, (n, d))  # rest is a solution
    tile = Tile(tile.time, measured, observed, tile.inputs, tile.weak)
    noise = np.linspace(1e-3, 2e-4, d)
    slack = np.full((tile.weak.n_rows, d), 1e-10)
    rows = whiten(tile, field, weights, tile.measured, noise, slack)
    white = rows.residual(weights)
    # All trajectories that obey the law exactly, as linear functions of their first samples:
    # the law is linear, so its noise map is found by probing the residual with unit vectors.
    carry = _noise_map(tile, field, weights)
    first = order * d
    start = np.vstack([np.eye(first), -np.linalg.solve(carry[:, first:], carry[:, :first])])
    seen = np.repeat(observed, d)
    start, data = start[seen], tile.measured.ravel()[seen]
    precision = np.tile(noise**-2.0, int(observed.sum()))
    information = start.T @ (precision[:, None] * start)
    misfit = data - start @ np.linalg.solve(information, start.T @ (precision * data))
    expected = (
        misfit @ (precision * misfit) - np.log(precision).sum() + np.linalg.slogdet(information)[1]
    )
    # The prior of free nodes is 1e3 noise levels wide: twenty nodes times the square of that, and
    # the leverage of the ends.
    assert white @ white + rows.log_volume == pytest.approx(expected, abs=1e-3)


def _noise_map(tile: Tile, field: TermField, weights: np.ndarray) -> np.ndarray:
    n, d = tile.measured.shape
    columns = []
    for unit in np.eye(n * d).reshape(n * d, n, d):
        rate = field.velocity(tile.points(unit), weights)
        columns.append((tile.weak.left @ unit - tile.weak.right @ rate).ravel())
    return np.column_stack(columns)


def test_posterior_mean_is_closer_to_the_truth_than_the_data() -> None:
    tile, field, weights, clean = oscillator(200, 0.1)
    noise, slack = np.array([0.1, 0.1]), np.full((199, 2), 1e-4)
    latent = whiten(tile, field, weights, tile.measured, noise, slack).latent(weights)
    before = np.sqrt(np.mean((tile.measured - clean) ** 2))
    after = np.sqrt(np.mean((latent - clean) ** 2))
    # Four hundred numbers and two free parameters: the error falls by far more than five.
    assert after < before / 5.0


def test_free_nodes_are_filled_by_the_equation() -> None:
    tile, field, weights, clean = oscillator(101, 0.0)
    observed = np.arange(101) % 5 == 0
    gappy = np.where(observed[:, None], tile.measured, 0.3)  # a wrong guess in between
    holes = Tile(tile.time, gappy, observed, tile.inputs, tile.weak)
    noise, slack = np.array([1e-4, 1e-4]), np.full((100, 2), 1e-7)
    states = gappy
    for _ in range(5):
        states = whiten(holes, field, weights, states, noise, slack).latent(weights)
    # The noise assumed is 1e-4, so the nodes in between can not be better than that.
    assert np.abs(states - clean).max() < 1e-4
