"""Known physics with what it leaves out, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.findings import Finding
from physmodel.fitting.stage import Stage
from physmodel.hybrids.names import INNER
from physmodel.hybrids.results.hidden_field import HiddenField
from physmodel.laws.runs.free_runs import FreeRuns
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.known_plus import Sum
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]

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


#: Standard error beside a network, relative to the value, up to which a parameter is told from it.
TOLD = 0.5


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


@dataclass(frozen=True, eq=False)
class HybridRecord(FreeRuns):
    """Fields of `HybridResult`, for what reads one: texts, files, figures.

    Attributes
    ----------
    status : str
        ``"known-suffices"``, or as of `physmodel.Result`.
    solver_code : {"converged", "stalled"}
    problem : Problem
    known : mapping of state to str
        The known equations.
    known_numbers : tuple of Parameter
        Unknown numbers of the known equations, as fitted.
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
    p_left_by_state : mapping of str to float
        The latter for each equation by itself; `p_left` allows for their number.
    rivals : tuple of dict
        ``delta``, ``probability``, ``residual``.
    noise_std : mapping of str to float
    net : HiddenField
        The network that was fitted beside the known part.
    net_parameters : ndarray (q,)
        Numbers of the known part beside the network.
    network : xarray.Dataset
        Output of the network, ``hidden_x`` for a state ``x``, at the estimated states, velocities
        ``x_t`` (second order) and inputs: what any term has to follow.
    start : mapping of str to ndarray
        ``time`` (scalar), ``states`` (d,) and ``velocities`` (d,) at the first sample.
    stages : tuple of Stage
        How the last fit of all numbers came about.
    warnings : tuple of Finding
    data : xarray.Dataset or None
        What was fitted; not part of the saved model.
    """

    status: str
    solver_code: str
    problem: Problem
    known: Mapping[str, str]
    known_numbers: tuple[Parameter, ...]
    residual: Mapping[str, list[dict[str, Any]]]
    model: ExpressionField
    hidden_share: float
    unexplained_fraction: float
    p_known: float
    p_left: float
    p_left_by_state: Mapping[str, float]
    rivals: tuple[dict[str, Any], ...]
    noise_std: Mapping[str, float]
    net: HiddenField = field(repr=False)
    net_parameters: Array = field(repr=False)
    network: xr.Dataset = field(repr=False)
    start: Mapping[str, Array] = field(repr=False)
    stages: tuple[Stage, ...] = field(default=(), repr=False)
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

    @property
    def known_part(self) -> ExpressionField:
        """The model without its hidden terms: their factors are zero."""
        return self._without_terms(self.model.parameters[: len(self.known_numbers)])

    @property
    def with_network(self) -> Sum:
        """Known part and network, a `ParametricField`: a model also where no term is found."""
        return Sum((self._without_terms(self.net_parameters), self.net))

    def _without_terms(self, known: Array) -> ExpressionField:
        q = len(self.known_numbers)
        values = [
            value if name == INNER else 0.0  # the number inside a function is no factor
            for name, value in zip(self.model.names[q:], self.model.parameters[q:], strict=True)
        ]
        return self.model.with_parameters(np.concatenate([known, values]))

    def hidden_rate(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Array:
        """What the hidden terms add to the highest time derivative, ``(n, d)``.

        Arguments as of `VectorField.rate`.
        """
        known = self.known_part.rate(time, states, velocities, inputs)
        return self.model.rate(time, states, velocities, inputs) - known

    @cached_property
    def scores(self) -> dict[str, float]:
        """`score` on the data of the fit, where there are a law and data."""
        if self.data is None or self.status == "no-law":
            return {}
        return self.score(self.data)
