"""Step 5, optimisation: arrays and operators in, arrays out; no physics is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.optimizers.least_squares.levenberg_marquardt import (
        levenberg_marquardt as levenberg_marquardt,
    )
    from physmodel.optimizers.least_squares.residuals import Minimum as Minimum
    from physmodel.optimizers.least_squares.residuals import Residuals as Residuals
    from physmodel.optimizers.pruning.brain_surgeon import saliencies as saliencies
    from physmodel.optimizers.pruning.pruning import prune_by_criterion as prune_by_criterion
    from physmodel.optimizers.pruning.pruning import prune_to as prune_to
    from physmodel.optimizers.settings_search.record import SearchResult as SearchResult
    from physmodel.optimizers.settings_search.search import search as search
    from physmodel.optimizers.settings_search.space import Categorical as Categorical
    from physmodel.optimizers.settings_search.space import Integer as Integer
    from physmodel.optimizers.settings_search.space import Real as Real
    from physmodel.optimizers.sparse.estimators_sklearn import SparseRegressor as SparseRegressor
    from physmodel.optimizers.subset.selection import InformationCriterion as InformationCriterion
    from physmodel.optimizers.subset.selection import select as select
    from physmodel.optimizers.subset.triangular import Solution as Solution
    from physmodel.optimizers.subset.triangular import TriangularFactor as TriangularFactor
    from physmodel.optimizers.subset.triangular import triangular_factor as triangular_factor

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Categorical": "physmodel.optimizers.settings_search.space",
        "InformationCriterion": "physmodel.optimizers.subset.selection",
        "Integer": "physmodel.optimizers.settings_search.space",
        "Minimum": "physmodel.optimizers.least_squares.residuals",
        "Real": "physmodel.optimizers.settings_search.space",
        "Residuals": "physmodel.optimizers.least_squares.residuals",
        "SearchResult": "physmodel.optimizers.settings_search.record",
        "Solution": "physmodel.optimizers.subset.triangular",
        "SparseRegressor": "physmodel.optimizers.sparse.estimators_sklearn",
        "TriangularFactor": "physmodel.optimizers.subset.triangular",
        "levenberg_marquardt": "physmodel.optimizers.least_squares.levenberg_marquardt",
        "prune_by_criterion": "physmodel.optimizers.pruning.pruning",
        "prune_to": "physmodel.optimizers.pruning.pruning",
        "saliencies": "physmodel.optimizers.pruning.brain_surgeon",
        "search": "physmodel.optimizers.settings_search.search",
        "select": "physmodel.optimizers.subset.selection",
        "triangular_factor": "physmodel.optimizers.subset.triangular",
    },
)
