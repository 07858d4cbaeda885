"""PySINDy on the benchmark: threshold scans with the choice a user can make, and the best one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.answers import Answer
from physmodel.bench.chaotic import Equations
from physmodel.bench.draws import Draw
from physmodel.interop.pysindy import load

Array = NDArray[np.float64]

#: Thresholds of the sequentially thresholded least squares scan.
THRESHOLDS = np.geomspace(1e-3, 10.0, 25)
#: Share of each record on which models are fitted; the rest chooses among them.
TRAIN = 0.8
#: Test functions of the weak form and the order of their polynomials.
WEAK_DOMAINS, WEAK_ORDER = 200, 4

#: Rows of a regression problem: features (n, p) and left-hand side (n, d).
Rows = tuple[Array, Array]


def finite_difference(draw: Draw) -> tuple[Answer, Answer]:
    """Second-order central differences; see `scan`."""
    ps = load()
    return scan(draw, ps, _strong_rows(ps, ps.FiniteDifference()))


def smoothed_difference(draw: Draw) -> tuple[Answer, Answer]:
    """Savitzky-Golay smoothing before the differences; see `scan`."""
    ps = load()
    method = ps.SmoothedFiniteDifference(smoother_kws={"window_length": 11, "polyorder": 3})
    return scan(draw, ps, _strong_rows(ps, method))


def weak(draw: Draw) -> tuple[Answer, Answer]:
    """Weak form with random domains; see `scan`."""
    ps = load()

    def rows(degree: int, times: Sequence[Array], records: Sequence[Array]) -> Rows:
        features, sides = [], []
        for moments, states in zip(times, records, strict=True):
            library = ps.WeakPDELibrary(
                function_library=ps.PolynomialLibrary(degree=degree),
                spatiotemporal_grid=moments,
                K=WEAK_DOMAINS,
                p=WEAK_ORDER,
                include_bias=False,
            )
            array = ps.AxesArray(states, {"ax_time": 0, "ax_coord": 1})
            features.append(np.asarray(library.fit([array]).transform([array])[0]))
            sides.append(np.asarray(library.convert_u_dot_integral(array)))
        return np.concatenate(features), np.concatenate(sides)

    # PySINDy draws its domains from NumPy's global state.
    before = np.random.get_state()
    np.random.seed(0)
    try:
        return scan(draw, ps, rows)
    finally:
        np.random.set_state(before)


def scan(
    draw: Draw, ps: Any, rows: Callable[[int, Sequence[Array], Sequence[Array]], Rows]
) -> tuple[Answer, Answer]:
    """Fit all thresholds on the first part of each record.

    Parameters
    ----------
    draw : Draw
    ps : module
    rows : callable
        Features and left-hand side of some records.

    Returns
    -------
    chosen : Answer
        The model with the least corrected Akaike criterion on the last part.
    oracle : Answer
        The model whose support is closest to the truth, which no user knows.
    """
    system = draw.system
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = [int(TRAIN * len(moments)) for moments in draw.times]
        train = rows(
            system.library_degree,
            [t[:k] for t, k in zip(draw.times, parts, strict=True)],
            [x[:k] for x, k in zip(draw.records, parts, strict=True)],
        )
        test = rows(
            system.library_degree,
            [t[k:] for t, k in zip(draw.times, parts, strict=True)],
            [x[k:] for x, k in zip(draw.records, parts, strict=True)],
        )
        tables = []
        for threshold in THRESHOLDS:
            optimizer = ps.STLSQ(threshold=threshold)
            optimizer.fit(*train)
            tables.append(np.asarray(optimizer.coef_))
        library = ps.PolynomialLibrary(degree=system.library_degree).fit(draw.records[0])
    best = min(tables, key=lambda table: _akaike(table, *test))
    seconds = time.perf_counter() - begin
    names = [_canonical(name) for name in library.get_feature_names(list(system.states))]
    answers = [_equations(table, names, system.states) for table in tables]
    closest = min(answers, key=lambda found: _distance(found, system.equations))
    return (
        Answer(_equations(best, names, system.states), seconds),
        Answer(closest, seconds),
    )


def _strong_rows(ps: Any, method: Any) -> Callable[[int, Sequence[Array], Sequence[Array]], Rows]:
    def rows(degree: int, times: Sequence[Array], records: Sequence[Array]) -> Rows:
        library = ps.PolynomialLibrary(degree=degree)
        features, rates = [], []
        for moments, states in zip(times, records, strict=True):
            rate = np.asarray(method(states, moments))
            # A method that smooths evaluates the library at the smoothed states.
            smooth = np.asarray(getattr(method, "smoothed_x_", states))
            features.append(np.asarray(library.fit_transform(smooth)))
            rates.append(rate)
        return np.concatenate(features), np.concatenate(rates)

    return rows


def _akaike(table: Array, features: Array, rates: Array) -> float:
    """Corrected criterion, each equation with a noise level of its own."""
    n, k = rates.size, int(np.count_nonzero(table))
    rss = np.sum((rates - features @ table.T) ** 2, axis=0)
    if not np.isfinite(rss).all() or n <= k + 1:
        return float("inf")
    fit = len(rates) * float(np.sum(np.log(rss / len(rates) + np.finfo(float).tiny)))
    return fit + 2 * k + 2 * k * (k + 1) / (n - k - 1)


def _canonical(name: str) -> str:
    return name.replace(" ", "*")


def _equations(table: Array, names: list[str], states: Sequence[str]) -> Equations:
    return {
        state: {name: float(v) for name, v in zip(names, row, strict=True) if v != 0.0}
        for state, row in zip(states, table, strict=True)
    }


def _distance(found: Equations, truth: Equations) -> int:
    return sum(len(set(found[state]) ^ set(terms)) for state, terms in truth.items())
