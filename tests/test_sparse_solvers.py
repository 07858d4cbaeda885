"""Elimination and exchange against brute force and an independent least-squares solver."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.optimizers.subset.elimination import backward_elimination
from physmodel.optimizers.subset.exchange import exchange_search
from physmodel.optimizers.subset.nested import nested_descents
from physmodel.optimizers.subset.tableau import Tableau
from physmodel.optimizers.subset.triangular import solve_support, triangular_factor


def problem(seed: int, n: int = 40, p: int = 7, k: int = 3, noise: float = 0.1):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-3, 3, p)
    truth = np.zeros(p)
    truth[rng.choice(p, k, replace=False)] = 1.0
    target = matrix @ (truth / np.linalg.norm(matrix, axis=0)) + noise * rng.standard_normal(n)
    return matrix, target


def dense_rss(matrix: np.ndarray, target: np.ndarray, support: list[int]) -> float:
    if not support:
        return float(target @ target)
    return float(np.sum((target - matrix[:, support] @ dense(matrix[:, support], target)) ** 2))


def dense(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights from LAPACK's SVD solver; scaled, or it would cut small columns off."""
    scale = np.linalg.norm(matrix, axis=0)
    return np.linalg.lstsq(matrix / scale, target, rcond=None)[0] / scale


@given(seed=st.integers(0, 10_000), tiles=st.integers(1, 5))
def test_tiles_do_not_matter(seed: int, tiles: int) -> None:
    matrix, target = problem(seed)
    blocks = zip(np.array_split(matrix, tiles), np.array_split(target, tiles), strict=True)
    factor = triangular_factor(blocks)
    found = solve_support(factor, np.arange(matrix.shape[1]))
    weights = dense(matrix, target)
    # Condition number of the scaled columns is below 100, so twelve digits survive.
    np.testing.assert_allclose(found.weights / factor.scale, weights, rtol=1e-10)
    np.testing.assert_allclose(found.rss, dense_rss(matrix, target, list(range(7))), rtol=1e-10)


@given(seed=st.integers(0, 10_000))
def test_every_step_of_the_elimination_is_a_least_squares_solution(seed: int) -> None:
    matrix, target = problem(seed)
    path = list(backward_elimination(triangular_factor([(matrix, target)])))
    assert [len(step.support) for step in path] == list(range(7, -1, -1))
    for step in path:
        expected = dense_rss(matrix, target, step.support.tolist())
        np.testing.assert_allclose(step.rss, expected, rtol=1e-9)
        # The Wald statistic is the exact rise of the residual when one column goes.
        for position, cost in enumerate(step.drop_costs):
            rest = np.delete(step.support, position).tolist()
            np.testing.assert_allclose(step.rss + cost, dense_rss(matrix, target, rest), rtol=1e-8)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_exchange_search_reaches_the_brute_force_optimum_or_a_local_one(seed: int) -> None:
    matrix, target = problem(seed)
    factor = triangular_factor([(matrix, target)])

    def criterion(rss: np.ndarray, k: int) -> np.ndarray:
        return 40 * np.log(rss / 40) + 6.0 * k

    def value(support: list[int]) -> float:
        return float(criterion(np.array([dense_rss(matrix, target, support)]), len(support))[0])

    start = min(
        backward_elimination(factor),
        key=lambda s: float(criterion(np.array([s.rss]), len(s.support))[0]),
    )
    found = exchange_search(factor, start, criterion).support.tolist()
    best = min(value(list(s)) for k in range(8) for s in combinations(range(7), k))
    here = value(found)
    outside = [j for j in range(7) if j not in found]
    moves = [[*found, j] for j in outside]
    moves += [[i for i in found if i != gone] for gone in found]
    moves += [[*(i for i in found if i != gone), j] for gone in found for j in outside]
    assert here <= min(value(move) for move in moves) + 1e-6  # no single move improves
    assert here >= best - 1e-6


def test_exact_copies_do_not_break_the_elimination() -> None:
    matrix, target = problem(3)
    doubled = np.column_stack([matrix, matrix[:, 0]])
    path = list(backward_elimination(triangular_factor([(doubled, target)])))
    assert all(np.isfinite(step.rss) for step in path)
    best = dense_rss(matrix, target, list(range(7)))
    assert len(path[0].support) == 7  # one of the two copies is left out
    np.testing.assert_allclose(path[0].rss, best, rtol=1e-9)


def test_more_columns_than_rows() -> None:
    rng = np.random.default_rng(0)
    matrix, target = rng.standard_normal((5, 9)), rng.standard_normal(5)
    path = list(backward_elimination(triangular_factor([(matrix, target)])))
    assert len(path[0].support) == 5
    assert path[-1].rss == np.float64(target @ target) or np.isclose(path[-1].rss, target @ target)


@given(seed=st.integers(0, 10_000), moves=st.lists(st.integers(0, 6), max_size=20))
def test_tableau_knows_the_residual_of_every_support_it_visits(seed: int, moves: list[int]) -> None:
    matrix, target = problem(seed)
    tableau = Tableau(triangular_factor([(matrix, target)]))
    for column in moves:
        tableau.toggle(column)
    support = np.flatnonzero(tableau.inside).tolist()
    # Unit columns of condition below 100: the Gram matrix loses four digits of sixteen, and
    # twenty updates as many again.
    np.testing.assert_allclose(tableau.rss, dense_rss(matrix, target, support), rtol=1e-8)


@given(seed=st.integers(0, 10_000), inside=st.sets(st.integers(0, 6)))
def test_best_move_is_the_best_of_all_neighbours(seed: int, inside: set[int]) -> None:
    matrix, target = problem(seed)
    tableau = Tableau(triangular_factor([(matrix, target)]))
    for column in inside:
        tableau.toggle(column)

    def criterion(rss: np.ndarray, k: int) -> np.ndarray:
        return 40 * np.log(rss / 40) + 6.0 * k

    outside = set(range(7)) - inside
    near = [inside | {j} for j in outside] + [inside - {i} for i in inside]
    near += [inside - {i} | {j} for i in inside for j in outside]
    expected = min(
        float(criterion(np.array([dense_rss(matrix, target, sorted(s))]), len(s))[0]) for s in near
    )
    value, columns = tableau.best_move(criterion, np.ones(7, dtype=bool))
    assert abs(value - expected) < 1e-6  # forty times the relative error of the residual
    for column in columns:
        tableau.toggle(column)
    reached = criterion(np.array([tableau.rss]), int(tableau.inside.sum()))[0]
    assert abs(reached - value) < 1e-6


def test_descents_from_small_supports_escape_the_proxies_of_a_circle() -> None:
    # On a circle x = x^3 + x y^2 and so on: elimination from above keeps the long forms.
    angle = np.linspace(0.0, 6.0, 200)
    x, y = np.cos(angle), np.sin(angle)
    powers = [(i, j) for i in range(6) for j in range(6) if i + j <= 5]
    matrix = np.column_stack([x**i * y**j for i, j in powers])
    factor = triangular_factor([(matrix, x + 1e-6 * np.cos(40 * angle))])

    def criterion(rss: np.ndarray, k: int) -> np.ndarray:
        return 200 * np.log(rss / 200 + 1e-12) + 10.0 * k

    path = [step.support for step in backward_elimination(factor)][::-1]
    assert [powers[k] for k in nested_descents(factor, path, criterion)] == [(1, 0)]
