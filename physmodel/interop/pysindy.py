"""PySINDy and this package, each usable in the other; the one door through which it is imported.

import pysindy as ps
from physmodel.interop import SubsetOptimizer, latent_parts, library_terms, selector

ps.SINDy(optimizer=SubsetOptimizer())           # our choice of terms on its derivatives
ps.SINDy(**latent_parts(ps.FourierLibrary()))   # our engine on its raw trajectories
pm.discover(data, library=library_terms(ps.FourierLibrary(), ["x", "y"]))
selector(ps.SSR())                              # its choice of terms on our whitened rows
"""

from __future__ import annotations

from typing import Any

from physmodel.errors import require


def load() -> Any:
    """Import PySINDy.

    Returns
    -------
    module

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    return require("pysindy", "pysindy")


def latent_parts(feature_library: Any = None) -> dict[str, Any]:
    """Keyword arguments of ``pysindy.SINDy`` that make our engine do its regression.

    PySINDy shows an optimizer derivatives and features, in which noise is already beyond repair.
    The two parts made here share the raw trajectories: the library sees them, with their times
    and inputs, and the optimizer hands them to `physmodel.discover` with exactly the terms of
    that library. The differentiation method of the model is not used in the fit.

    Parameters
    ----------
    feature_library : pysindy library, optional
        Polynomials of degree 3 by default. Every feature needs a formula, see `library_terms`.

    Returns
    -------
    dict
        ``feature_library`` and ``optimizer``, for one model: ``ps.SINDy(**latent_parts())``.
        After the fit, ``model.optimizer.result_`` is the `Result` with errors and rivals.
    """
    from physmodel.interop.latent_pysindy import LatentOptimizer, ObservedLibrary, Record

    library = load().PolynomialLibrary(degree=3) if feature_library is None else feature_library
    record = Record()
    return {
        "feature_library": ObservedLibrary(library, record),
        "optimizer": LatentOptimizer(record),
    }
