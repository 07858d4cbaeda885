"""PySINDy and this package, each usable in the other; the one door through which it is imported.

    import pysindy as ps
    from physmodel.interop.pysindy import SubsetOptimizer, latent_parts, library_terms, selector

    ps.SINDy(optimizer=SubsetOptimizer())           # our choice of terms on its derivatives
    ps.SINDy(**latent_parts(ps.FourierLibrary()))   # our engine on its raw trajectories
    pm.discover(data, library=library_terms(ps.FourierLibrary(), ["x", "y"]))
    selector(ps.SSR())                              # its choice of terms on our whitened rows

PySINDy is imported when one of these is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from physmodel.errors import MissingDependencyError
from physmodel.interop.foreign import selector
from physmodel.interop.terms import library_terms

if TYPE_CHECKING:
    from physmodel.interop.latent_pysindy import LatentOptimizer, ObservedLibrary
    from physmodel.interop.subset_pysindy import SubsetOptimizer

#: Classes that inherit from PySINDy's, and the modules that import it.
_CLASSES = {
    "LatentOptimizer": "physmodel.interop.latent_pysindy",
    "ObservedLibrary": "physmodel.interop.latent_pysindy",
    "SubsetOptimizer": "physmodel.interop.subset_pysindy",
}

__all__ = [
    "LatentOptimizer",
    "ObservedLibrary",
    "SubsetOptimizer",
    "latent_parts",
    "library_terms",
    "load",
    "selector",
]


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
    try:
        return import_module("pysindy")
    except ImportError:
        raise MissingDependencyError(
            "this needs PySINDy, which cannot be imported", fix="pip install pysindy"
        ) from None


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
    ps = load()
    latent = import_module("physmodel.interop.latent_pysindy")
    library = ps.PolynomialLibrary(degree=3) if feature_library is None else feature_library
    record = latent.Record()
    return {
        "feature_library": latent.ObservedLibrary(library, record),
        "optimizer": latent.LatentOptimizer(record),
    }


def __getattr__(name: str) -> Any:
    """Make a class when it is first used (PEP 562)."""
    if name in _CLASSES:
        load()
        return getattr(import_module(_CLASSES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
