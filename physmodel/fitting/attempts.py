"""Fits from several starts: which is best, whether it explains the data, what else does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.fitting.adequacy import REFUSED, p_value
from physmodel.fitting.courses import Pieces
from physmodel.fitting.opening import typical_size
from physmodel.fitting.staged import GUESSES, LEAST_NOISE, Staged, staged
from physmodel.fitting.starts import searched_starts
from physmodel.losses.records import noise_alone
from physmodel.losses.shooting import Record
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.parametric_field import ParametricField

Array = NDArray[np.float64]

#: Residuals this many times the noise that differences of neighbouring samples show are no noise.
MISFIT = 2.0
#: Nats of likelihood up to which another minimum is about as good, and the distance in standard
#: errors from which it is another.
ALIKE, APART = 3.0, 3.0
#: Nats between a minimum and its mirror image: what descents leave.
MIRRORED = 0.1
#: First slack of the joints from a smoothed course, as a part of the spread: its own error.
NEAR = 1e-2


@dataclass(frozen=True, eq=False)
class Attempt:
    """A fit from one start.

    Attributes
    ----------
    found : Staged
    excess : float
        Nats by which the residuals exceed noise that differences of neighbours show, or nearly;
        which of two fits that explain nothing is nearer.
    """

    found: Staged
    excess: float

    @cached_property
    def p_value(self) -> float:
        """Probability that noise leaves residuals that go together as much; see `adequacy`."""
        return p_value(self.found)

    @property
    def adequate(self) -> bool:
        """Whether the field explains the data to within their noise."""
        return self.p_value >= REFUSED

    @property
    def rank(self) -> tuple[bool, float, float]:
        """The least is the best."""
        return (False, 0.0, self.misfit) if self.adequate else (True, self.excess, self.misfit)

    @property
    def parameters(self) -> Array:
        """Fitted values, ``(p,)``."""
        return self.found.found.parameters

    @property
    def covariance(self) -> Array:
        """Of the parameters, ``(p, p)``; infinite where they are not determined."""
        p, last = len(self.parameters), self.found.last
        return np.full((p, p), np.inf) if last is None else last.covariance

    @property
    def std_errors(self) -> Array:
        """Standard errors of the parameters, ``(p,)``."""
        return np.sqrt(np.diag(self.covariance))

    @cached_property
    def misfit(self) -> float:
        """Minus the logarithm of the likelihood at the noise that was found, but for a constant."""
        problem = self.found.problem
        cost = float(problem.measured.sum(axis=0) @ np.log(problem.noise))
        if problem.rate_noise is not None:
            cost += float(problem.measured_rates.sum(axis=0) @ np.log(problem.rate_noise))
        return cost

    def like(self, other: Attempt) -> bool:
        """Whether two attempts ended in one minimum, or in its mirror image.

        To within the smaller of their errors; signs that make no difference make no other minimum.
        """
        errors = np.fmin(self.std_errors, other.std_errors)
        one, two = self.parameters, other.parameters
        if abs(self.misfit - other.misfit) <= MIRRORED:
            one, two = np.abs(one), np.abs(two)
        apart, near = np.abs(one - two), 1e-6 * np.fmax(np.abs(one), np.abs(two))
        return bool(np.all((apart <= APART * errors) | (apart <= near)))


def attempted(
    field: ParametricField, records: Sequence[Record], given: Mapping[str, float] | None
) -> tuple[Attempt, tuple[Attempt, ...]]:
    """The best fit from several starts, and other minima that explain the data about as well.

    Parameters
    ----------
    field : ParametricField
    records : sequence of Record
    given : mapping of str to float or None
        Start values of parameters; None if all those of the field are.

    Raises
    ------
    ProblemError
        If the equations have no finite value from any start.
    """
    table = np.vstack([record.motion for record in records])
    alone = np.fmax(noise_alone(records), LEAST_NOISE * typical_size(table))
    tried: list[Attempt] = []
    fault: ProblemError | None = None
    for start in _starts(field, records, given):
        # Further stages of starts are for data that nothing explains yet.
        if start.last_resort and any(one.adequate for one in tried):
            break
        try:
            one = staged(start.field, records, start.unmeasured, start.motion, start.slack)
        except ProblemError as error:  # no step can be made from there
            fault = error
            continue
        if not np.isfinite(one.found.parameters).all():
            continue
        seen = one.problem.known
        # A residual below the noise is no merit: one state can be followed at the cost of others.
        beyond = np.log(np.fmax(one.problem.noise / (MISFIT * alone), 1.0))[seen]
        attempt = Attempt(one, float(beyond @ one.problem.measured.sum(axis=0)[seen]))
        if start.given and attempt.adequate and _determined(attempt):
            return attempt, ()
        tried.append(attempt)
    if not tried:
        raise ProblemError(
            "the equations have no finite value at any start of the search",
            why="" if fault is None else fault.what,
            fix="give start values (start={...}) at which they can be evaluated on the data",
        ) from fault
    return _chosen(tried)


def _chosen(tried: Sequence[Attempt]) -> tuple[Attempt, tuple[Attempt, ...]]:
    """The best, and other minima that are about as good.

    Among those the one with the fewest negative numbers is the best: an equation is written with
    the signs that its author expects, and functions such as squares and sines hide them.
    """
    ranked = sorted(tried, key=lambda one: one.rank)
    alike = [
        one for one in ranked if one.adequate and one.misfit - ranked[0].misfit <= ALIKE
    ] or ranked[:1]
    alike.sort(key=lambda one: int((one.parameters < 0.0).sum()))
    best, others = alike[0], list[Attempt]()
    for one in alike[1:]:
        if not any(one.like(other) for other in (best, *others)):
            others.append(one)
    return best, tuple(others)


def _determined(attempt: Attempt) -> bool:
    return bool(np.all(attempt.std_errors <= np.abs(attempt.parameters)))


@dataclass(frozen=True, eq=False)
class _Start:
    """Where a fit starts, and how; see `staged`."""

    field: ParametricField
    motion: Array | None = None
    slack: float | None = None
    unmeasured: float = GUESSES[0]
    given: bool = False
    last_resort: bool = False


def _starts(
    field: ParametricField, records: Sequence[Record], given: Mapping[str, float] | None
) -> Iterator[_Start]:
    """Starts in the order in which they are tried."""
    if given is None or (isinstance(field, ExpressionField) and set(given) >= set(field.names)):
        given = None
        yield _Start(field, given=True)
    found: list[tuple[Array, Array]] = []
    if isinstance(field, ExpressionField):
        found = searched_starts(
            field, Pieces.of(records, len(field.states), field.order), given or {}
        )
    for parameters, motion in found:
        yield _Start(field.with_parameters(parameters), motion.ravel(), NEAR)
    complete = np.isfinite(np.vstack([r.motion for r in records])[:, : len(field.states)])
    guesses = GUESSES[:1] if complete.any(axis=0).all() else GUESSES
    for k, parameters in enumerate([field.parameters, *(one for one, _ in found)]):
        for guess in guesses[1:] if given is None and not k else guesses:
            yield _Start(field.with_parameters(parameters), unmeasured=guess, last_resort=True)
