"""physmodel: measured trajectories in, governing laws out.

    import physmodel as pm

    data = pm.open("pendulum.csv")
    law = pm.discover(data)
    print(law)

Nothing heavy is imported until it is used. What else there is stands in namespaces: `pm.nets`,
`pm.sparse`, `pm.dictionaries` and the others that ``dir(pm)`` lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from physmodel import interop, losses, models, optimizers, problem, reports, signals, testing
    from physmodel import networks as nets
    from physmodel.data import catalogue, units
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
    from physmodel.models import dictionaries, integrators
    from physmodel.networks.fit_network import fit_network
    from physmodel.networks.tune import tune
    from physmodel.optimizers import sparse
    from physmodel.problem.known.law import Law
    from physmodel.problem.known.symmetry import Symmetry
    from physmodel.problem.problem import Problem
    from physmodel.reports.html import write_report as report
    from physmodel.signals.denoising import denoise

from physmodel import errors
from physmodel.errors import (
    DataError,
    IntegrityError,
    MissingDependencyError,
    PhysmodelError,
    ProblemError,
)
from physmodel.lazy import lazy_names
from physmodel.version import __version__

__all__ = [
    "DataError",
    "Finding",
    "Fit",
    "IntegrityError",
    "Law",
    "MissingDependencyError",
    "PhysmodelError",
    "Problem",
    "ProblemError",
    "Result",
    "Symmetry",
    "__version__",
    "catalogue",
    "check",
    "denoise",
    "dictionaries",
    "discover",
    "errors",
    "fit",
    "fit_network",
    "fit_pde",
    "fit_regimes",
    "from_arrays",
    "hybrid",
    "integrators",
    "interop",
    "invariants",
    "load",
    "losses",
    "models",
    "nets",
    "next_experiment",
    "nondimensionalise",
    "open",
    "optimizers",
    "pi_groups",
    "problem",
    "report",
    "reports",
    "signals",
    "solve_pde",
    "sparse",
    "symmetries",
    "testing",
    "tune",
    "units",
]

#: Verbs and records, then namespaces; see `lazy_names`.
_FACE = {
    "Finding": "physmodel.findings",
    "Fit": "physmodel.fitting.fit",
    "Law": "physmodel.problem.known.law",
    "Problem": "physmodel.problem.problem",
    "Result": "physmodel.laws.result",
    "Symmetry": "physmodel.problem.known.symmetry",
    "check": "physmodel.data.doctor",
    "denoise": "physmodel.signals.denoising",
    "discover": "physmodel.discovery.discover",
    "fit": "physmodel.fitting.fit",
    "fit_network": "physmodel.networks.fit_network",
    "fit_pde": "physmodel.fields.coefficients",
    "fit_regimes": "physmodel.fitting.switches.regimes",
    "from_arrays": "physmodel.data.arrays",
    "hybrid": "physmodel.hybrids.hybrid",
    "invariants": "physmodel.invariance.invariants",
    "load": "physmodel.loading:load_result",
    "next_experiment": "physmodel.experiments.next_experiment",
    "nondimensionalise": "physmodel.data.dimensionless",
    "open": "physmodel.data.open",
    "pi_groups": "physmodel.data.dimensionless",
    "report": "physmodel.reports.html:write_report",
    "solve_pde": "physmodel.fields.solve",
    "symmetries": "physmodel.invariance.symmetries",
    "tune": "physmodel.networks.tune",
    "catalogue": "physmodel.data.catalogue:",
    "dictionaries": "physmodel.models.dictionaries:",
    "integrators": "physmodel.models.integrators:",
    "interop": "physmodel.interop:",
    "losses": "physmodel.losses:",
    "models": "physmodel.models:",
    "nets": "physmodel.networks:",
    "optimizers": "physmodel.optimizers:",
    "problem": "physmodel.problem:",
    "reports": "physmodel.reports:",
    "signals": "physmodel.signals:",
    "sparse": "physmodel.optimizers.sparse:",
    "testing": "physmodel.testing:",
    "units": "physmodel.data.units:",
}

__getattr__, __dir__ = lazy_names(__name__, _FACE)
