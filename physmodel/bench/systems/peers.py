"""PySINDy on the benchmark: threshold scans with the choice a user can make, and the best one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.interop.pysindy import load
from physmodel.systems.answers import Answer
from physmodel.systems.draws import Draw
from physmodel.systems.equations import Equations

Array = NDArray[np.float64]

#: Thresholds of the sequentially thresholded least squares scan.
THRESHOLDS = np.geomspace(1e-3, 10.0, 25)
#: Share of each record on which models are fitted; the rest chooses among them.
TRAIN = 0.8
#: Test functions of the weak form and the order of their polynomials.
WEAK_DOMAINS, WEAK_ORDER = 200, 4

#: Rows of a regression problem: features (n, p) and left-hand side (n, d).
Rows = tuple[Array, Array]
#: Times and states of some trajectories.
Records = tuple[Sequence[Array], Sequence[Array]]
#: Rows of some records by a feature library of PySINDy.
RowsOf = Callable[[Any, Sequence[Array], Sequence[Array]], Rows]


def finite_difference(draw: Draw) -> tuple[Answer, Answer]:
    """Second-order central differences; see `scan`."""
    ps = load()
    return _polynomial(draw, ps, strong_rows(ps.FiniteDifference()))


def smoothed_difference(draw: Draw) -> tuple[Answer, Answer]:
    """Savitzky-Golay smoothing before the differences; see `scan`."""
    ps = load()
    return _polynomial(draw, ps, strong_rows(smoothing(ps)))


def smoothing(ps: Any) -> Any:
    """Differences after smoothing over eleven samples."""
    return ps.SmoothedFiniteDifference(smoother_kws={"window_length": 11, "polyorder": 3})


def defaults(moments: Array, record: Array, states: Sequence[str]) -> Answer:
    """The model of `SINDy` with nothing set.

    `moments` ``(n,)``, `record` ``(n, d)``.
    """
    ps = load()
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ps.SINDy().fit(record, t=moments)
    seconds = time.perf_counter() - begin
    names = term_names(model.feature_library, states)
    return Answer(_equations(np.asarray(model.coefficients()), names, states), seconds)


def weak(draw: Draw) -> tuple[Answer, Answer]:
    """Weak form with random domains; see `scan`."""
    ps = load()
    with repeatable():
        return _polynomial(draw, ps, weak_rows(ps))


@contextmanager
def repeatable() -> Iterator[None]:
    """The same domains of the weak form each time: PySINDy draws them from NumPy's global state."""
    before = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(before)


def weak_rows(ps: Any, domains: int = WEAK_DOMAINS) -> RowsOf:
    """How the weak form makes rows, see `scan`.

    `domains`: test functions for each trajectory.
    """

    def rows(library: Any, times: Sequence[Array], records: Sequence[Array]) -> Rows:
        features, sides = [], []
        for moments, states in zip(times, records, strict=True):
            form = ps.WeakPDELibrary(
                function_library=library,
                spatiotemporal_grid=moments,
                K=domains,
                p=WEAK_ORDER,
                include_bias=False,
            )
            array = ps.AxesArray(states, {"ax_time": 0, "ax_coord": 1})
            features.append(np.asarray(form.fit([array]).transform([array])[0]))
            sides.append(np.asarray(form.convert_u_dot_integral(array)))
        return np.concatenate(features), np.concatenate(sides)

    return rows


def _polynomial(draw: Draw, ps: Any, rows: RowsOf) -> tuple[Answer, Answer]:
    system = draw.system
    library = ps.PolynomialLibrary(degree=system.library_degree)
    parts = [int(TRAIN * len(moments)) for moments in draw.times]
    first = [t[:k] for t, k in zip(draw.times, parts, strict=True)]
    last = [t[k:] for t, k in zip(draw.times, parts, strict=True)]
    train = first, [x[:k] for x, k in zip(draw.records, parts, strict=True)]
    test = last, [x[k:] for x, k in zip(draw.records, parts, strict=True)]
    return scan(train, test, system.equations, library, rows, lambda t: ps.STLSQ(threshold=t))


def scan(
    train: Records,
    test: Records,
    truth: Equations,
    library: Any,
    rows: RowsOf,
    optimizer: Callable[[float], Any],
) -> tuple[Answer, Answer]:
    """Fit all thresholds on some records.

    `train`, `test`: records that models are fitted to, and those that choose among them. `truth`:
    states in the order of the columns. `rows`: features and left-hand side of some records.
    `optimizer`: makes PySINDy's optimizer for a threshold. Returns `chosen`: the model with the
    least corrected Akaike criterion on the records for the test; `oracle`: the model whose support
    is closest to the truth, which no user knows.
    """
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted_rows, test_rows = rows(library, *train), rows(library, *test)
        tables = []
        for threshold in THRESHOLDS:
            fitted = optimizer(float(threshold))
            fitted.fit(*fitted_rows)
            tables.append(np.asarray(fitted.coef_))
        names = term_names(library.fit(train[1][0]), list(truth))
    best = min(tables, key=lambda table: _akaike(table, *test_rows))
    seconds = time.perf_counter() - begin
    answers = [_equations(table, names, list(truth)) for table in tables]
    closest = min(answers, key=lambda found: _distance(found, truth))
    return Answer(_equations(best, names, list(truth)), seconds), Answer(closest, seconds)


def term_names(library: Any, states: Sequence[str]) -> list[str]:
    """Canonical names of the features of a fitted library of PySINDy."""
    return [name.replace(" ", "*") for name in library.get_feature_names(list(states))]


def strong_rows(method: Any) -> RowsOf:
    """How a method of differentiation makes rows, see `scan`."""

    def rows(library: Any, times: Sequence[Array], records: Sequence[Array]) -> Rows:
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


def _equations(table: Array, names: list[str], states: Sequence[str]) -> Equations:
    return {
        state: {name: float(v) for name, v in zip(names, row, strict=True) if v != 0.0}
        for state, row in zip(states, table, strict=True)
    }


def _distance(found: Equations, truth: Equations) -> int:
    return sum(len(set(found[state]) ^ set(terms)) for state, terms in truth.items())
