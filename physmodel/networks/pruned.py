"""Trained networks with fewer weights: what the data do not need is taken away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import DataError, ProblemError
from physmodel.networks.kept import Kept
from physmodel.optimizers.least_squares.residuals import Residuals
from physmodel.optimizers.pruning.pruning import prune_by_criterion, prune_to
from physmodel.optimizers.pruning.trial import Evaluations, Refit, Trial, schwarz
from physmodel.problem.checks import is_whole

if TYPE_CHECKING:
    from physmodel.models.nets.net_field import NetField
    from physmodel.models.nets.weights.unit_layout import Layout

Array = NDArray[np.float64]

#: Refits at most: three times as many as lead from 500 weights to 50.
EVALUATIONS = 45
#: Iterations of the first and of the last fit.
THOROUGH = 100
#: Least noise as a part of the terms of a residual: the squares of both, which are added up in the
#: Gauss-Newton matrix, are then within the digits of float64.
LEAST_NOISE = 1e-6


@dataclass(frozen=True, eq=False)
class Pruned(Kept):
    """A network with fewer weights.

    Attributes
    ----------
    field : NetField
        Its parameters are the weights kept; units that had none left are gone.
    dense_size : int
        Number of weights before.
    misfit, dense_misfit : float
        Mean square of the residuals, now and before.
    trials : tuple of (int, float, float)
        Number of weights, mean square of the residuals and Schwarz's criterion of every network
        that was tried.
    """

    field: NetField
    dense_size: int
    misfit: float
    dense_misfit: float
    trials: tuple[tuple[int, float, float], ...]

    @property
    def size(self) -> int:
        """Number of weights kept."""
        return len(self.field.parameters)

    def __repr__(self) -> str:
        from physmodel.laws.texts.render import compact

        return compact("Pruned", "network", str(self).splitlines())

    def _repr_html_(self) -> str:
        from physmodel.laws.texts.html import text_card

        return text_card("Pruned network", str(self))

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.size} of {self.dense_size} weights kept; mean square of the residuals "
            f"{self.misfit:.4g}, before {self.dense_misfit:.4g}; {len(self.trials)} refits"
        )


def prune(
    field: NetField, loss: Residuals, *, size: int | None = None, evaluations: int = EVALUATIONS
) -> Pruned:
    """Take weights away from a trained network until the data would miss the next one.

    Parameters
    ----------
    field : NetField
        Trained.
    loss : Residuals
        Of its parameters, from `physmodel.losses`. The residuals have one standard deviation,
        which need not be known.
    size : int, optional
        Parameters to keep; without it Schwarz's criterion decides. More are kept where the others
        are no weights of a network: masses, metrics and friction always stay.
    evaluations : int
        Refits at most.

    Raises
    ------
    ProblemError
        If the size is impossible, or the form has no network that can be pruned.
    DataError
        If there are no more residuals than weights: then no weight can be told from noise.

    Notes
    -----
    The optimal brain surgeon with exchanges (`physmodel.optimizers.pruning.pruning`). Symmetries
    and structure of the form are kept, because they hold for any weights. Weights of each layer are
    expected to be as large as they were.
    """
    from physmodel.models.nets.net_field import NetField
    from physmodel.models.nets.weights.pruned import PrunedForm
    from physmodel.models.nets.weights.unit_layout import without_idle_units

    if not isinstance(field, NetField):
        raise ProblemError(
            f"{field!r} is no network", fix="give a NetField, trained, and the loss of its fit"
        )
    start, p = field.parameters, len(field.parameters)
    _require_counts(size, evaluations, p)
    layout = _layout(field)
    prior = _sizes(start, layout.layers)
    noise, m = _noise(loss, start)
    pinned = np.isin(np.arange(p), layout.others)
    thorough = Refit(_Scaled(loss, noise), prior, pinned, THOROUGH)
    dense = thorough(np.ones(p, dtype=bool), start)
    counted = Evaluations(replace(thorough, iterations=Refit.iterations), evaluations)
    if size is None:
        best = prune_by_criterion(counted, dense, m, layout.units)
    else:
        best = prune_to(counted, dense, size, layout.units)
    best = thorough(best.kept, best.parameters)

    def square(trial: Trial) -> float:
        return 2.0 * trial.misfit * noise**2 / m

    # A weight that came out as exactly zero does not count.
    kept = np.flatnonzero(pinned | (best.parameters != 0.0))
    whole = PrunedForm(field.form, tuple(kept.tolist()))
    form, left = without_idle_units(whole, best.parameters[kept])
    return Pruned(
        NetField(form, field.states, field.inputs, best.parameters[kept][left], field.device),
        p,
        square(best),
        square(dense),
        tuple((one.size, square(one), schwarz(one, m)) for one in counted.trials),
    )


def _layout(field: NetField) -> Layout:
    from physmodel.models.nets.weights.unit_layout import layout_of

    layout = layout_of(field.form)
    if not layout.units:
        raise ProblemError(
            f"no network is known inside a {type(field.form).__name__}",
            fix="prune a network before it is wrapped in such a form",
        )
    return layout


def _sizes(weights: Array, layers: Iterable[Iterable[int]]) -> Array:
    """Size that is expected of each weight: that of its layer."""
    prior = np.ones(len(weights))
    for layer in map(list, layers):
        prior[layer] = np.sqrt(np.mean(weights[layer] ** 2)) or 1.0
    return prior


def _require_counts(size: int | None, evaluations: int, p: int) -> None:
    if not is_whole(evaluations) or evaluations < 0 or (size is not None and not is_whole(size)):
        raise ProblemError(
            f"size {size!r} and at most {evaluations!r} refits", fix="give whole numbers"
        )
    if size is not None and not 1 <= size <= p:
        raise ProblemError(
            f"{size} weights to keep of a network of {p}", fix=f"ask for 1 to {p} weights"
        )


@dataclass(frozen=True, eq=False)
class _Scaled:
    """Residuals in units of their standard deviation."""

    inner: Residuals
    unit: float

    def values(self, parameters: Array) -> Array:
        """Residuals ``(m,)``."""
        return self.inner.values(parameters) / self.unit

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals and their derivatives ``(m, p)``."""
        residuals, jacobian = self.inner.linearised(parameters)
        return residuals / self.unit, jacobian / self.unit


def _noise(loss: Residuals, parameters: Array) -> tuple[float, int]:
    """Standard deviation of the residuals of the trained network, and their number."""
    residuals, jacobian = loss.linearised(parameters)
    m, p = jacobian.shape
    if m <= p:
        raise DataError(
            f"{m} residuals for {p} weights",
            why="such a network fits anything, and no weight can be told from noise",
            fix="take more data, or a smaller network",
        )
    if not (np.isfinite(residuals).all() and np.isfinite(jacobian).all()):
        raise DataError(
            "the network cannot be evaluated at all points of the data",
            fix="train it before pruning, and leave out rows that are not finite",
        )
    terms = float(np.linalg.norm(np.abs(jacobian) @ np.abs(parameters))) / np.sqrt(m)
    left = float(np.linalg.norm(residuals)) / np.sqrt(m - p)
    return max(left, LEAST_NOISE * terms, np.finfo(float).tiny), m
