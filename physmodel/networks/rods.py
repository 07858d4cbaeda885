"""Potentials and masses of particles held by rods, from samples of their motion.

The hidden units of the potential are drawn, and their weights are nearly linear in what they
explain: from one sample to the next. Weights have a price, which records that were held out decide;
the polynomial beside the units and the masses are free, so that a simple law is found as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.open import opened
from physmodel.errors import DataError, ProblemError
from physmodel.losses.field_residuals import Stack
from physmodel.losses.flow import ORDER
from physmodel.losses.next_sample import NextSample
from physmodel.losses.penalty import Ridge
from physmodel.losses.records import records_of
from physmodel.losses.shooting import Record
from physmodel.networks.kept import Kept
from physmodel.optimizers.least_squares.held_out_ridge import held_out_ridge
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.problem.known.rods import Rods

if TYPE_CHECKING:
    from physmodel.models.nets.net_field import NetField
    from physmodel.models.nets.scaling import Scaling

Array = NDArray[np.float64]

#: Hidden units: at least these, and so many more for each coordinate.
LEAST_UNITS, UNITS_PER_COORDINATE = 64, 32
#: Parts of the records that are held out in turn.
PARTS = 10
#: Rounds in which the price and the integration steps are decided anew, at most, and how often an
#: error has to be larger than another to be told from it.
ROUNDS, CLEAR = 8, 2.0
#: Part of the error of held-out samples that the curvature of the problem may still be.
CURVED = 1e-3
#: Integration error over what the fit leaves of the samples, and over their size, that is too
#: small to matter; most steps between two samples.
STEP_ERROR, LEAST_ERROR, MOST_STEPS = 1e-3, 1e-13, 64


@dataclass(frozen=True, eq=False)
class RodFit(Kept):
    """A field and how well it foretells.

    Attributes
    ----------
    field : NetField
        Of the form `physmodel.models.nets.structure.constrained.Constrained`, in the units of the
        data.
    masses : ndarray (n_particles,)
    held_out : float
        Error of the next sample in records that were held out, relative to the motion: root mean
        square.
    """

    field: NetField
    masses: Array
    held_out: float


def fit_rods(
    data: xr.Dataset,
    rods: Rods,
    names: Sequence[str],
    *,
    masses: Sequence[float | None] | None = None,
    polynomial: bool = True,
    seed: int = 0,
) -> RodFit:
    """Fit the potential of particles held by rods, and masses that are not known.

    Parameters
    ----------
    data : xarray.Dataset
        As of `physmodel.open` or `physmodel.from_arrays`, with the velocity ``x_t`` of each
        coordinate ``x``.
    rods : Rods
    names : sequence of str
        Coordinates, particle by particle.
    masses : sequence of (float or None), optional
        None for one to be found. The motion shows ratios only, so one has to be stated; by default
        the first is the unit of mass and the others are to be found.
    polynomial : bool
        With a polynomial of second degree beside the network.
    seed : int
        Of the hidden units.

    Raises
    ------
    ProblemError
        If names or masses do not fit the rods.
    DataError
        If the data lack a column, are too few, or nothing moves.

    Notes
    -----
    For samples with little noise: each is taken as the start of the way to the next. Noise in the
    states bends the answer; go on from it with `physmodel.fit`, which finds the motions too.
    """
    import torch

    from physmodel.models.nets.known_scalar import KnownScalar
    from physmodel.models.nets.mlp import MLPScalar
    from physmodel.models.nets.net_field import NetField
    from physmodel.models.nets.scaled import ScaledScalar
    from physmodel.models.nets.structure.constrained import Constrained
    from physmodel.models.nets.weights.random_units import RandomUnits

    data = opened(data)
    given = _given_masses(masses, rods.n_particles)
    states, d = tuple(names), rods.n_coordinates
    free = Constrained(KnownScalar(states, "0"), rods, (1.0,) * rods.n_particles)
    records = _complete(records_of(data, NetField(free, states, (), np.empty(0))))
    size, scaling = _sizes(rods, records)
    energy = float(np.mean([one for one in given if one is not None])) * size[-1] ** 2
    width = LEAST_UNITS + UNITS_PER_COORDINATE * d
    network = MLPScalar(d, (width,), quadratic=polynomial)
    form = Constrained(ScaledScalar(network, scaling, energy), rods, given)
    first = form.initial(seed)
    hidden, start = np.split(first, [network.layers.n_parameters])
    start[: form.potential.n_parameters - len(hidden)] = 0.0
    problem = NextSample(NetField(RandomUnits(form, hidden), states, (), start), records, size)
    found, held_out = _fitted(problem, width)
    field = NetField(form, states, (), np.concatenate([hidden, found]))
    return RodFit(field, form.mass(torch.tensor(field.parameters)).numpy(), held_out)


def _given_masses(masses: Sequence[float | None] | None, count: int) -> tuple[float | None, ...]:
    """What is stated of the masses: by default the first."""
    given = (1.0, *(None,) * (count - 1)) if masses is None else tuple(masses)
    if all(one is None for one in given):
        raise ProblemError(
            "all masses are to be found",
            why="the motion shows the ratios of the masses only",
            fix="state one of them",
        )
    return given


def _fitted(problem: NextSample, width: int) -> tuple[Array, float]:
    """Parameters and error of held-out samples."""
    theta, part = problem.field.parameters, _parts(problem)
    held_out, size = np.inf, np.full(len(theta), np.inf)
    for _ in range(ROUNDS):
        residuals, slopes = problem.linearised(theta)
        target = slopes @ theta - residuals
        chosen = held_out_ridge(slopes[:, :width], slopes[:, width:], target, part)
        moved = np.concatenate([chosen.paid, chosen.free])
        left, straight = (
            float(np.sqrt(np.mean(r**2))) for r in (problem.values(moved), slopes @ moved - target)
        )
        if not np.isfinite(left):
            break
        theta, before, held_out = moved, held_out, chosen.held_out
        size[:width] = chosen.price**-0.5
        error, allowed = problem.step_error(theta), max(STEP_ERROR * held_out, LEAST_ERROR)
        if error > allowed and problem.steps < MOST_STEPS:
            factor = min((error / allowed) ** (1.0 / ORDER), 4.0)
            problem = replace(problem, steps=int(np.ceil(problem.steps * factor)))
        elif held_out > before / CLEAR and left < max(CLEAR * straight, CURVED * held_out):
            break
    prior = Ridge(size, np.zeros(len(theta)))
    return levenberg_marquardt(Stack((problem, prior)), theta).parameters, held_out


def _parts(problem: NextSample) -> NDArray[np.intp]:
    """Which part each residual belongs to: whole records, or where they are few pieces of them."""
    record, many = problem.record, len(problem.records)
    if many >= PARTS:
        return record % PARTS
    _, start, count = np.unique(record, return_index=True, return_counts=True)
    within = (np.arange(len(record)) - start[record]) / count[record]
    each = -(-PARTS // many)
    return np.asarray(record * each + (within * each).astype(np.intp))


def _complete(records: Sequence[Record]) -> tuple[Record, ...]:
    """The records, if all of them hold positions and velocities throughout."""
    motion = np.vstack([record.motion for record in records])
    if not np.isfinite(motion).all():
        raise DataError(
            "some positions or velocities were not measured",
            why="each sample is followed to the next one",
            fix="name velocities x_t, or fit a field with physmodel.fit, which needs none",
        )
    if len(motion) - len(records) < PARTS:
        raise DataError(
            f"fewer than {PARTS} pairs of samples that follow each other",
            why="parts of them are held out to decide how much to believe",
            fix="give more trajectories, or longer ones",
        )
    return tuple(records)


def _sizes(rods: Rods, records: tuple[Record, ...]) -> tuple[Array, Scaling]:
    """Sizes of positions and velocities ``(2 d,)``, and the scales of the potential."""
    from physmodel.models.nets.scaling import Scaling

    d = rods.n_coordinates
    table = np.vstack([record.motion for record in records])
    centre = table[:, :d].mean(axis=0)
    spread = float(np.sqrt(((table[:, :d] - centre) ** 2).mean()))
    speed = float(np.sqrt((table[:, d:] ** 2).mean()))
    if not (spread and speed):
        raise DataError("nothing moves in this record", fix="record a motion")
    scaling = Scaling(tuple(centre.tolist()), (spread,) * d)
    return np.repeat([spread, speed], d), scaling
