"""Run folders that commands read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.errors import ProblemError

if TYPE_CHECKING:
    from physmodel.fitting.result import Fit
    from physmodel.hybrids.results.result import HybridResult
    from physmodel.laws.result import Result


def law_of(run: str) -> Result | HybridResult | Fit:
    """The law in a run folder; ProblemError where it holds several regimes."""
    from physmodel.fitting.switches.record import Regimes
    from physmodel.loading import load_result

    found = load_result(run)
    if isinstance(found, Regimes):
        raise ProblemError(
            f"the folder holds {found.n_regimes} regimes, each with its own numbers",
            where=run,
            fix="commands take one law; in Python: pm.load(folder).fits",
        )
    return found
