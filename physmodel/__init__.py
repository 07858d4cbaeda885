"""physmodel: measured trajectories in, governing laws out.

    import physmodel as pm

    data = pm.open("pendulum.csv")
    law = pm.discover(data)
    print(law)

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from physmodel.data import catalogue
    from physmodel.data.arrays import from_arrays
    from physmodel.data.dimensionless import nondimensionalise, pi_groups
    from physmodel.data.doctor import check
    from physmodel.data.open import open
    from physmodel.discovery.discover import discover
    from physmodel.experiments.next_experiment import next_experiment
    from physmodel.fields.coefficients import fit_pde
    from physmodel.fields.solve import solve_pde
    from physmodel.findings import Finding
    from physmodel.fitting.fit import Fit, fit
    from physmodel.fitting.switches.regimes import fit_regimes
    from physmodel.hybrids.hybrid import hybrid
    from physmodel.invariance.invariants import invariants
    from physmodel.invariance.symmetries import symmetries
    from physmodel.laws.result import Result
    from physmodel.loading import load_result as load
    from physmodel.networks.tune import tune
    from physmodel.problem.problem import Problem
    from physmodel.reports.html import write_report as report

from physmodel.errors import (
    DataError,
    IntegrityError,
    MissingDependencyError,
    PhysmodelError,
    ProblemError,
)
from physmodel.version import __version__

#: Public name, module, name in it.
_FACE = {
    "Finding": ("physmodel.findings", "Finding"),
    "Fit": ("physmodel.fitting.fit", "Fit"),
    "Problem": ("physmodel.problem.problem", "Problem"),
    "Result": ("physmodel.laws.result", "Result"),
    "catalogue": ("physmodel.data.catalogue", ""),
    "check": ("physmodel.data.doctor", "check"),
    "discover": ("physmodel.discovery.discover", "discover"),
    "fit": ("physmodel.fitting.fit", "fit"),
    "fit_pde": ("physmodel.fields.coefficients", "fit_pde"),
    "fit_regimes": ("physmodel.fitting.switches.regimes", "fit_regimes"),
    "from_arrays": ("physmodel.data.arrays", "from_arrays"),
    "hybrid": ("physmodel.hybrids.hybrid", "hybrid"),
    "invariants": ("physmodel.invariance.invariants", "invariants"),
    "load": ("physmodel.loading", "load_result"),
    "next_experiment": ("physmodel.experiments.next_experiment", "next_experiment"),
    "nondimensionalise": ("physmodel.data.dimensionless", "nondimensionalise"),
    "open": ("physmodel.data.open", "open"),
    "pi_groups": ("physmodel.data.dimensionless", "pi_groups"),
    "report": ("physmodel.reports.html", "write_report"),
    "solve_pde": ("physmodel.fields.solve", "solve_pde"),
    "symmetries": ("physmodel.invariance.symmetries", "symmetries"),
    "tune": ("physmodel.networks.tune", "tune"),
}

__all__ = [
    "DataError",
    "Finding",
    "Fit",
    "IntegrityError",
    "MissingDependencyError",
    "PhysmodelError",
    "Problem",
    "ProblemError",
    "Result",
    "__version__",
    "catalogue",
    "check",
    "discover",
    "fit",
    "fit_pde",
    "fit_regimes",
    "from_arrays",
    "hybrid",
    "invariants",
    "load",
    "next_experiment",
    "nondimensionalise",
    "open",
    "pi_groups",
    "report",
    "solve_pde",
    "symmetries",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name in _FACE:
        module, attribute = _FACE[name]
        found = import_module(module)
        return getattr(found, attribute) if attribute else found
    raise AttributeError(f"module 'physmodel' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Public names, imported or not."""
    return sorted(__all__)
