"""A law on a trajectory of its own: what every decision of the engine refers to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.discovery.linearisation import Errors, LogVolume
from physmodel.optimizers.correlation import effective_samples, lag_one
from physmodel.optimizers.subset.selection import InformationCriterion

Array = NDArray[np.float64]
Support = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Law:
    """A support with the weights, the trajectory and the errors that belong to it.

    Attributes
    ----------
    weights : ndarray (K,)
        Coefficients of all columns, zero outside the support.
    root : ndarray (K, k)
        Square root of the covariance of the coefficients for residuals of unit variance.
    errors : Errors
        With which the rows were whitened.
    latent : list of ndarray (n, d)
        Posterior mean of the clean trajectory of each tile.
    residual : list of ndarray (r, d)
        Whitened residual of each tile, in time order.
    total : float
        Squared norm of the whitened left-hand side.
    log_volume : LogVolume
    off : list of ndarray (r, d)
        Quadrature error of each row of each tile.
    rates : ndarray (d,)
        Root mean square of what each equation is about: the left-hand side of the weak form.
    equation : ndarray (d,)
        Root mean square of what each equation is off by.
    criterion : InformationCriterion
        With the price of a term.
    rough : ndarray (d,)
        Noise that the data show without any model.
    converged : bool
        Whether no number moved in the last round.
    """

    weights: Array
    root: Array
    errors: Errors
    latent: list[Array]
    residual: list[Array]
    total: float
    log_volume: LogVolume
    off: list[Array]
    rates: Array
    equation: Array
    criterion: InformationCriterion
    rough: Array
    converged: bool = False

    @cached_property
    def quadrature(self) -> Array:
        """Root mean square quadrature error ``(d,)`` of each equation."""
        return np.asarray(np.sqrt(np.mean(np.concatenate(self.off) ** 2, axis=0)))

    @property
    def noise(self) -> Array:
        """Standard deviation ``(d,)`` of the measurement noise, in computing units."""
        return self.errors.noise

    @property
    def slack(self) -> Array:
        """Standard deviation ``(d,)`` of the equation error, in the units of `Errors.slack`."""
        return self.errors.typical * np.ones_like(self.noise)

    @property
    def key(self) -> Support:
        """Columns in use, ascending."""
        return tuple(np.flatnonzero(self.weights).tolist())

    @cached_property
    def rss(self) -> float:
        """Squared whitened residual."""
        return float(sum(np.sum(part**2) for part in self.residual))

    @property
    def n_data(self) -> int:
        """Residuals that carry information."""
        return self.criterion.n_rows

    @property
    def variance(self) -> float:
        """Residual variance per degree of freedom, one when the error model is right."""
        return self.rss / max(self.n_data - len(self.key), 1)

    @cached_property
    def n_effective(self) -> float:
        """Independent residuals, from their correlation in time, at least a few."""
        count = sum(part.size for part in self.residual)
        share = effective_samples(self.residual) / max(count, 1)
        return max(share * self.n_data, self.criterion.fewest)

    @property
    def covariance_root(self) -> Array:
        """Square root ``(K, k)`` of the covariance; correlated residuals count as few."""
        count = self.n_data if self.complete else self.n_effective
        return self.root * np.sqrt(self.variance * self.n_data / count)

    @cached_property
    def deviance(self) -> float:
        """Minus twice the log density of the data, up to a constant."""
        level = np.log(self.rss / self.n_data + self.criterion.floor)
        return float(self.n_data * level + self.log_volume.value + self.errors.price_of_tails)

    def evidence(self) -> float:
        """Criterion of the data: smaller is better."""
        return self.deviance + self.criterion.penalty * len(self.key)

    @property
    def noise_free(self) -> bool:
        """Whether the data are the trajectory to all digits that count."""
        return bool(np.all(self.noise < self.quadrature))

    @property
    def level(self) -> Array:
        """Noise ``(d,)`` that the residual shows, in computing units."""
        return np.asarray(self.noise * np.sqrt(self.variance))

    @property
    def misfit(self) -> float:
        """Noise that the law leaves over that of the data without a model, the worst equation."""
        level = self.level
        # Where the quadrature error is the larger part, the residual says nothing about the terms.
        return float(np.where(level > self.quadrature, level / self.rough, 1.0).max())

    @property
    def allowed(self) -> float:
        """Misfit that chance explains."""
        return float(ENGINE.misfit * (1.0 + 2.0 * np.sqrt(self.n_states / self.n_data)))

    @property
    def complete(self) -> bool:
        """Whether the law leaves nothing but white noise."""
        white = not self.noise_free and np.all(self.slack <= ENGINE.small_slack)
        if not white or self.level.max() <= ENGINE.measured_noise:
            return False
        # The noise that the data show without a model is too small where it depends on the state.
        rough = (
            self.misfit > self.allowed
            and lag_one(self.residual).max() > ENGINE.neighbour_correlation
        )
        return not rough and self.n_effective >= ENGINE.white_share * self.n_data

    @property
    def crude(self) -> bool:
        """Whether what some equation is off by is far more than any noise of the samples."""
        return bool(np.any(self.slack * self.noise > ENGINE.large_error * self.rough))

    @property
    def numerical(self) -> bool:
        """Whether what the law leaves is no larger than the errors of the computation."""
        limit = np.minimum(
            ENGINE.numerical_misfit * np.hypot(ENGINE.digits, self.quadrature),
            ENGINE.resolved_quadrature,
        )
        return bool(np.all(self.unexplained <= limit))

    @property
    def exact(self) -> bool:
        """Whether a law leaves errors of the computation only, and no term is close to them.

        Terms of a series that stands in for another function add a digit or two each.
        """
        used = list(self.key)
        errors = np.sqrt(np.sum(self.root[used] ** 2, axis=1) * self.variance * self.n_data)
        return bool(
            self.numerical and np.all(np.abs(self.weights[used]) > ENGINE.exact_gap * errors)
        )

    @property
    def share_left(self) -> float:
        """Rate of change that the law leaves, as a share of the rates, the worst equation."""
        return float(np.max(self.equation / np.maximum(self.rates, np.finfo(float).tiny)))

    @property
    def unexplained(self) -> Array:
        """What is neither the law nor noise, ``(d,)``, in the units of the noise.

        The random motion that it amounts to, as `Errors.slack` counts it; noise that is louder
        than the roughness of the data; the quadrature error; at least what would not show.
        """
        measured = np.where(self.level > ENGINE.measured_noise, self.allowed * self.rough, 0.0)
        excess = np.maximum(self.level**2 - measured**2, 0.0)
        hidden = np.maximum(ENGINE.small_slack * np.minimum(self.rough, self.noise), ENGINE.digits)
        drift = self.slack * self.noise
        return np.asarray(np.sqrt(drift**2 + excess + hidden**2 + self.quadrature**2))

    def merit(self, noisy: bool, price: float | None = None) -> float:
        """What decides between laws: smaller is better.

        Parameters
        ----------
        noisy : bool
            Whether there are laws that leave nothing but noise: then it is `evidence`.
        price : float, optional
            Of one term; that of the criterion by default. Laws from libraries of different size
            compare at one price, or a term would be cheaper for not having looked at others.
        """
        price = self.criterion.penalty if price is None else price
        if noisy:
            return self.evidence() + (price - self.criterion.penalty) * len(self.key)
        left = self.unexplained
        level = float(np.sum(np.log(left**2 + (ENGINE.coupled_share * left.max()) ** 2)))
        return price * (level / np.log(ENGINE.worth) + len(self.key))

    @property
    def n_states(self) -> int:
        """Number of equations ``d``."""
        return len(self.noise)
