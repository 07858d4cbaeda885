"""From a dataset to tiles: computing coordinates, bounded pieces, a first noise level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.data.inputs.holds import with_holds
from physmodel.data.measurement.filter_search import seen_filter
from physmodel.data.measurement.filters import UNFILTERED, NoiseFilter
from physmodel.data.measurement.noise import FINEST, noise_levels
from physmodel.data.measurement.profile import NoiseProfile
from physmodel.data.measurement.timescale import characteristic_samples
from physmodel.data.segments import Segment, segments
from physmodel.errors import DataError
from physmodel.losses.weak_form.layout import tile_of
from physmodel.losses.weak_form.null import null_evidence
from physmodel.losses.weak_form.smoothing import Smoothing
from physmodel.losses.weak_form.tile import Tile
from physmodel.losses.weak_form.weak import WeakForm
from physmodel.models.coordinates import Coordinates
from physmodel.models.signals import Signal
from physmodel.problem.holds import BAND_LIMITED
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """Data in computing coordinates.

    Attributes
    ----------
    coordinates : Coordinates
    pieces : list of (time, states, inputs)
        Arrays ``(n,)``, ``(n, d)`` in computing units and ``(n, m)`` in user units.
    profile : NoiseProfile
        How the noise depends on the value: additive for plain states and relative for positive
        ones, unless something else is known.
    noise : ndarray (d,)
        Estimated measurement noise in computing units, root mean square over the samples.
    memory : float
        Samples in one characteristic time.
    hold : tuple of str
        How each input runs between samples, see `physmodel.problem.holds`.
    noise_filter : NoiseFilter
        What the samples went through, as the data show it.
    """

    coordinates: Coordinates
    pieces: list[tuple[Array, Array, Array]]
    profile: NoiseProfile
    noise: Array
    memory: float
    hold: tuple[str, ...]
    noise_filter: NoiseFilter = UNFILTERED

    @property
    def n_samples(self) -> int:
        """Samples in all pieces."""
        return sum(len(time) for time, _, _ in self.pieces)

    @property
    def stabilised(self) -> list[tuple[Array, Array, Array]]:
        """The pieces with states on a scale on which their noise is the same everywhere."""
        return [
            (time, self.profile.stabilised(self.coordinates.to_physical(states)), inputs)
            for time, states, inputs in self.pieces
        ]

    def spread(self, states: Array) -> Array:
        """Noise of samples at given states over the typical noise, ``(n, d)``."""
        return self._profile_at(states) / self.typical

    @cached_property
    def _uneven(self) -> Array:
        """Noise of all samples in computing units, over that on the stabilised scale."""
        return self._profile_at(np.concatenate([states for _, states, _ in self.pieces]))

    def _profile_at(self, states: Array) -> Array:
        physical = self.coordinates.to_physical(states)
        return self.profile.spread(physical) / self.coordinates.stretch(states)

    @cached_property
    def typical(self) -> Array:
        """Noise of a typical sample in computing units, over that on the stabilised scale."""
        return np.sqrt(np.mean(self._uneven**2, axis=0))

    @cached_property
    def null_evidence(self) -> float:
        """Criterion of random motion, see `null_evidence`, in computing units."""
        return null_evidence(self.stabilised) + 2.0 * float(np.mean(np.log(self._uneven)))

    def physical_noise(self, noise: Array) -> Array:
        """Root mean square in user units, ``(d,)``, of noise in computing units."""
        return noise / self.typical * self.profile.size

    def with_profile(self, profile: NoiseProfile) -> Prepared:
        """The same data, seen with another profile of the noise."""
        changed = replace(self, profile=profile)
        return replace(changed, noise=_noise(changed))

    @cached_property
    def stretches(self) -> list[tuple[Array, Array]]:
        """Times and states on the stabilised scale, cut at the kinks of the inputs."""
        return [
            (time[a : b + 1], states[a : b + 1])
            for time, states, inputs in self.stabilised
            for a, b in pairwise([0, *Signal(time, inputs, self.hold).kinks, len(time) - 1])
        ]

    @property
    def restorable(self) -> bool:
        """Whether what the filter has changed in the motion can be told to within the noise."""
        for _, states, _ in self.pieces:
            if len(states) < 4 * len(self.noise_filter.impulse):
                return False
            everywhere = np.ones(len(states), dtype=bool)
            noise = self.noise * self.spread(states)
            smoothing = Smoothing.of(self.noise_filter, everywhere, states, noise)
            if np.any(np.abs(smoothing.remainder(states)) > noise):
                return False
        return True

    @property
    def kinks(self) -> bool:
        """Whether an input or its slope jumps anywhere."""
        return len(self.stretches) > len(self.pieces)

    @property
    def least_noise(self) -> float:
        """Least noise that is assumed at first; none but rounding where there are no kinks."""
        return ENGINE.least_noise if self.kinks else 0.0

    @property
    def input_levels(self) -> list[int]:
        """Distinct values of each input."""
        inputs = np.concatenate([signals for _, _, signals in self.pieces])
        return [len(np.unique(column)) for column in inputs.T]

    def looseness(self, order: int) -> float:
        """Random motion that the slack of the equation allows, in units of the noise.

        The trajectory may stray from the equation by about the same amount over one
        characteristic time, whatever the order of the equation and however dense the samples.

        Parameters
        ----------
        order : {1, 2}

        Returns
        -------
        float
            Standard deviation of the slack per sampling interval, over the noise.
        """
        first = min(1.0, np.sqrt(ENGINE.dense_memory / self.memory))
        # A random force moves the position by its size times memory^1.5 / sqrt(3).
        return float(first if order == 1 else first * np.sqrt(3.0) / self.memory)

    def tiles(self, order: int, refinement: int = 1) -> list[Tile]:
        """Weak forms of all pieces.

        Parameters
        ----------
        order : {1, 2}
        refinement : int
            Nodes per typical sampling interval. Where samples are farther apart than that, the
            trajectory between them is unknown too, and found from the equation.
        """
        cache: dict[bytes, WeakForm] = {}
        tiles = []
        for time, states, inputs in self.pieces:
            signal = Signal(time, inputs, self.hold)
            key = np.round(time - time[0], 9).tobytes() + signal.kinks.tobytes()
            known = cache.get(key)
            tile = tile_of(time, states, signal, order, refinement, known)
            cache.setdefault(key, tile.weak)
            tile = replace(tile, spread=self.spread(tile.measured))
            if self.noise_filter != UNFILTERED:
                noise = self.noise * tile.spread
                smoothing = Smoothing.of(self.noise_filter, tile.observed, tile.measured, noise)
                tile = replace(tile, smoothing=smoothing)
            tiles.append(tile)
        return tiles


def prepare(data: xr.Dataset, problem: Problem, *, common_scale: bool = False) -> Prepared:
    """Bring a dataset to computing coordinates.

    Parameters
    ----------
    data : xarray.Dataset
        In the shape of `physmodel.data.contract`.
    problem : Problem
    common_scale : bool
        Use one length scale for all states, as geometry asks for.

    Raises
    ------
    DataError
        If a positive state has a value that is not positive, or no piece is long enough.
    """
    found = segments(with_holds(data, dict(problem.hold)), (*problem.states, *problem.inputs))
    d = len(problem.states)
    positive = np.array([name in problem.positive for name in problem.states])
    values = np.concatenate([segment.values for segment in found])[:, :d]
    _require_positive(values, positive, problem.states)
    scale = np.where(positive, _geometric_mean(values, positive), values.std(axis=0))
    if common_scale:
        scale = np.full(d, np.sqrt(np.mean(values**2)))
    step = float(np.median(np.concatenate([np.diff(segment.time) for segment in found])))
    coordinates = Coordinates(scale, positive, float(found[0].time[0]), step)
    pieces = [piece for segment in found for piece in _cut(segment, coordinates, d)]
    shortest = 4
    usable = [piece for piece in pieces if len(piece[0]) >= shortest]
    if not usable:
        raise DataError(
            f"no piece of trajectory has {shortest} samples or more",
            why="a rate of change needs neighbouring samples",
            fix="supply longer trajectories, or close the gaps",
        )
    memory = float(np.median([characteristic_samples(states) for _, states, _ in usable]))
    size = np.sqrt(np.mean(values**2, axis=0))
    profile = NoiseProfile(positive.astype(float), np.where(size > 0.0, size, 1.0))
    records = [(segment.time, segment.values[:, :d]) for segment in found]
    profile, noise_filter = profile.seen_in(records), seen_filter(records, memory)
    # Where nothing is known nothing is cut: smooth.
    stated = found[0].hold[d:] or ("",) * len(problem.inputs)
    hold = tuple(kind or BAND_LIMITED for kind in stated)
    unknown = np.zeros(d)
    bare = Prepared(coordinates, usable, profile, unknown, memory, hold, noise_filter)
    prepared = bare.with_profile(profile)
    if noise_filter == UNFILTERED or (prepared.restorable and not prepared.kinks):
        return prepared
    # The filter has changed the motion, which is an error of the equation; or a kink of an input
    # has made it fast.
    return replace(bare, noise_filter=UNFILTERED).with_profile(profile)


def _cut(
    segment: Segment, coordinates: Coordinates, n_states: int
) -> list[tuple[Array, Array, Array]]:
    time = (segment.time - coordinates.origin) / coordinates.step
    states = coordinates.to_computing(segment.values[:, :n_states])
    inputs = segment.values[:, n_states:]
    n = len(time)
    count = max(1, -(-(n - 1) // (ENGINE.tile_samples - 1)))
    edges = np.linspace(0, n - 1, count + 1).round().astype(int)
    return [(time[a : b + 1], states[a : b + 1], inputs[a : b + 1]) for a, b in pairwise(edges)]


def _noise(prepared: Prepared) -> Array:
    pieces = [(time, states) for time, states, _ in prepared.stabilised]
    level = noise_levels(pieces, prepared.stretches)
    largest = np.max([np.abs(states).max(axis=0) for _, states, _ in prepared.pieces], axis=0)
    # Nothing is known better than its own rounding.
    least = np.maximum(2.0 * np.finfo(float).eps * largest, prepared.least_noise)
    return np.maximum(level * prepared.typical / prepared.noise_filter.share_of(FINEST[0]), least)


def _require_positive(values: Array, positive: NDArray[np.bool_], names: tuple[str, ...]) -> None:
    for j in np.flatnonzero(positive):
        bad = np.flatnonzero(values[:, j] <= 0.0)
        if len(bad):
            raise DataError(
                f"{len(bad)} values are zero or negative in a state declared positive",
                where=f"variable {names[j]!r}, row {bad[0]}",
                why="positive states are modelled through their logarithm",
                fix="drop it from `positive`, or remove the zeros (a missing value is not a zero)",
            )


def _geometric_mean(values: Array, positive: NDArray[np.bool_]) -> Array:
    logs = np.log(np.where(positive, values, 1.0))
    return np.exp(logs.mean(axis=0))
