"""What `physmodel.hybrid` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from physmodel.data.findings import Finding
from physmodel.models.expression_field import ExpressionField
from physmodel.problem.problem import Problem

#: What each status asks the user to do.
REMEDIES: dict[str, str] = {
    "known-suffices": "The known equations explain the data to within their noise; nothing has to "
    "be added.",
    "identified": "The hidden terms stand out, and a network finds nothing in what they leave. "
    "Check them on data that were not used.",
    "ambiguous": "Several hidden terms explain the data about equally well: see the rivals. Longer "
    "or less noisy records, or other starts, would separate them.",
    "not-identifiable": "Some numbers cannot be told apart on these data, whatever the noise: give "
    "one of them a value, or record other starts.",
    "no-law": "Something is left that no combination of the terms tried explains. Add terms that "
    "you expect (terms=[...], --term), or inputs, and check the known equations.",
}


@dataclass(frozen=True)
class Parameter:
    """An unknown number of the known equations.

    Attributes
    ----------
    name : str
    value, std : float
    std_beside_net : float
        Its standard error while a network stands beside the known part: what the data say about it
        before the hidden terms are chosen.
    """

    name: str
    value: float
    std: float
    std_beside_net: float

    @property
    def told_from_net(self) -> bool:
        """Whether the data alone, without the choice of terms, determine it."""
        return self.std_beside_net <= TOLD * abs(self.value)


#: Standard error beside a network, relative to the value, up to which a parameter is told from it.
TOLD = 0.5


@dataclass(frozen=True, eq=False)
class HybridResult:
    """Known physics with what it leaves out.

    Attributes
    ----------
    status : str
        ``"known-suffices"``, or as of `physmodel.Result`.
    solver_code : {"converged", "stalled"}
    problem : Problem
    known : mapping of state to str
        The known equations.
    parameters : tuple of Parameter
    residual : mapping of state to list of dict
        Hidden terms: ``term``, ``coefficient``, ``std``, ``inclusion``, ``unit``.
    model : ExpressionField
        Known part and hidden terms with all fitted numbers, ready for `physmodel.fit`.
    hidden_share : float
        Mean square of the network beside the known part, over that of both.
    unexplained_fraction : float
        Share of the mean square of the rates that a network still finds in what the equation
        leaves; zero where noise alone is likelier.
    p_known, p_left : float
        Probability that noise alone gives a network as much to find in what is left by the known
        equations, and by those with the hidden terms.
    rivals : tuple of dict
        ``delta``, ``probability``, ``residual``.
    noise_std : mapping of str to float
    network : xarray.Dataset
        Output of the network at the estimated states: what any term has to follow.
    warnings : tuple of Finding
    data : xarray.Dataset
    """

    status: str
    solver_code: str
    problem: Problem
    known: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    residual: Mapping[str, list[dict[str, Any]]]
    model: ExpressionField
    hidden_share: float
    unexplained_fraction: float
    p_known: float
    p_left: float
    rivals: tuple[dict[str, Any], ...]
    noise_std: Mapping[str, float]
    network: xr.Dataset = field(repr=False)
    warnings: tuple[Finding, ...] = ()
    data: xr.Dataset | None = field(default=None, repr=False)

    @property
    def remedy(self) -> str:
        """What to do about the status."""
        return REMEDIES[self.status]

    @property
    def lawful(self) -> bool:
        """Whether a law stands: the known one, or that with the hidden terms."""
        return self.status in {"known-suffices", "identified"}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the object that ``physmodel hybrid --json`` prints."""
        from physmodel.discovery.hybrid.text import as_dict

        return as_dict(self)

    def __str__(self) -> str:
        from physmodel.discovery.hybrid.text import render

        return render(self)
