"""PySINDy on the benchmark of symmetries, plain and with our null space imposed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.systems.peers import (
    TRAIN,
    WEAK_DOMAINS,
    repeatable,
    scan,
    smoothing,
    strong_rows,
    term_names,
    weak_rows,
)
from physmodel.interop.pysindy import load
from physmodel.systems.answers import Answer
from physmodel.systems.symmetry import Records, SymmetryCase, constraints

Array = NDArray[np.float64]

#: Test functions for each trajectory at least.
FEWEST_DOMAINS = 20


def answers(case: SymmetryCase, records: Records) -> dict[str, Answer]:
    """What PySINDy finds, by method.

    Returns: ``AICc`` as a user can choose a threshold, ``oracle`` with the best one. With
    constraints only where something is stated and `missing` is empty.
    """
    ps = load()
    train, test = parted(records)
    kinds = {
        "pysindy-weak": weak_rows(ps, max(WEAK_DOMAINS // len(train[0]), FEWEST_DOMAINS)),
        "pysindy-smoothed": strong_rows(smoothing(ps)),
    }
    library = _library(ps, case)
    lines = constraints(case, term_names(_library(ps, case).fit(records[1][0]), case.states))
    found: dict[str, Answer] = {}
    with repeatable():
        for kind, rows in kinds.items():
            plain = scan(
                train, test, case.equations, library, rows, lambda t: ps.STLSQ(threshold=t)
            )
            found |= {f"{kind}, AICc": plain[0], f"{kind}, oracle": plain[1]}
            if len(lines) and not missing():
                told = scan(train, test, case.equations, library, rows, _constrained(ps, lines))
                found |= {f"{kind}, stated, AICc": told[0], f"{kind}, stated, oracle": told[1]}
    return found


def missing() -> str:
    """Why constraints are not compared, or nothing."""
    if hasattr(load(), "ConstrainedSR3"):
        return ""
    return "PySINDy's ConstrainedSR3 is left out: it needs cvxpy, which is not installed"


def _constrained(ps: Any, lines: Array) -> Callable[[float], Any]:
    return lambda threshold: ps.ConstrainedSR3(
        # Hard thresholding at `threshold` for the default relaxation of one.
        reg_weight_lam=threshold**2 / 2.0,
        constraint_lhs=lines,
        constraint_rhs=np.zeros(len(lines)),
        equality_constraints=True,
    )


def _library(ps: Any, case: SymmetryCase) -> Any:
    library = ps.PolynomialLibrary(degree=case.degree)
    for name in case.functions:
        library += _function(ps, name)
    return library


def _function(ps: Any, name: str) -> Any:
    """A function of each state. PySINDy counts the arguments of a function, defaults included."""
    known = getattr(np, name)
    return ps.CustomLibrary(
        library_functions=[lambda values: known(values)],
        function_names=[lambda argument: f"{name}({argument})"],
        include_bias=False,
    )


def parted(records: Records) -> tuple[Records, Records]:
    """Most of the trajectories and the rest; of a single one its beginning and its end."""
    times, states = records
    if len(times) > 1:
        k = int(TRAIN * len(times))
        return (times[:k], states[:k]), (times[k:], states[k:])
    k = int(TRAIN * len(times[0]))
    return ([times[0][:k]], [states[0][:k]]), ([times[0][k:]], [states[0][k:]])
