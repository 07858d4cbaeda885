"""Atoms of a convolutional dictionary: first ones, better ones, new ones.

References
----------
Garcia-Cardona and Wohlberg (2018), IEEE Trans. Comput. Imaging 4, 366 (accelerated gradients);
O'Donoghue and Candes (2015), Found. Comput. Math. 15, 715 (restarts).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.dictionary_learning.maps import field, spectrum

Array = NDArray[np.float64]


def starting_windows(
    signals: Array, n_atoms: int, sides: tuple[int, ...], rng: np.random.Generator
) -> Array:
    """Windows of the signals, drawn in proportion to their energy, of unit norm.

    `signals` ``(n, ...)``: not all zero. `sides`: shape of an atom. Returns ``(n_atoms, *sides)``.
    """
    energy = window_energies(signals, sides).ravel()
    places = rng.choice(energy.size, size=n_atoms, p=energy / energy.sum())
    windows = np.stack([window_at(signals, int(place), sides) for place in places])
    return _unit(windows)


def window_energies(signals: Array, sides: tuple[int, ...]) -> Array:
    """Energy of the window that begins at each position, periodic."""
    shape = signals.shape[1:]
    box = np.conj(spectrum(np.ones((1, *sides)), shape))
    energy = field(spectrum(signals**2, shape) * box, shape)
    # Rounding of the transform must not make an empty window possible.
    return np.where(energy > 1e-12 * energy.max(), energy, 0.0)


def window_at(signals: Array, place: int, sides: tuple[int, ...]) -> Array:
    """The window at a flat position, periodic."""
    index, *corner = (int(i) for i in np.unravel_index(place, signals.shape))
    rows = [
        (first + np.arange(side)) % length
        for first, side, length in zip(corner, sides, signals.shape[1:], strict=True)
    ]
    return np.asarray(signals[index][np.ix_(*rows)])


def window_of_most_energy(signals: Array, sides: tuple[int, ...]) -> Array:
    """The window that holds most of the energy."""
    return window_at(signals, int(window_energies(signals, sides).argmax()), sides)


def improve_filters(filters: Array, maps: Array, signals: Array, steps: int) -> Array:
    """Go some steps towards the best atoms of norm at most 1 for given maps.

    `filters` ``(p, *sides)``, `maps` ``(n, p, ...)``, `signals` ``(n, ...)``. Returns ``(p,
    *sides)``: the misfit never rises.
    """
    shape = signals.shape[1:]
    codes, target = spectrum(maps, shape), spectrum(signals, shape)
    bound = _steepest(codes)
    if bound == 0.0:
        return filters
    inside = (slice(None), *(slice(0, side) for side in filters.shape[1:]))
    best = ahead = filters
    momentum, least = 1.0, np.inf
    for _ in range(steps):
        left = np.einsum("p...,np...->n...", spectrum(ahead, shape), codes) - target
        slope = field(np.einsum("np...,n...->p...", np.conj(codes), left), shape)[inside]
        moved = _in_ball(ahead - slope / bound)
        rest = np.einsum("p...,np...->n...", spectrum(moved, shape), codes) - target
        misfit = float((field(rest, shape) ** 2).sum())
        if misfit > least:
            # The momentum overshot: begin again from the best atoms, without.
            ahead, momentum = best, 1.0
            continue
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = moved + (momentum - 1.0) / following * (moved - best)
        best, momentum, least = moved, following, misfit
    return best


def _steepest(codes: NDArray[np.complex128]) -> float:
    """A bound of the curvature: the largest eigenvalue of the maps' Gram over frequencies."""
    n, p = codes.shape[:2]
    flat = codes.reshape(n, p, -1)
    if n <= p:
        gram = np.einsum("npf,mpf->fnm", flat, np.conj(flat))
    else:
        gram = np.einsum("npf,nqf->fpq", np.conj(flat), flat)
    # Gershgorin: no eigenvalue is above the largest sum of a row.
    return float(np.abs(gram).sum(axis=2).max())


def _in_ball(filters: Array) -> Array:
    """Atoms longer than 1 brought to norm 1."""
    norms = np.sqrt((filters**2).sum(axis=tuple(range(1, filters.ndim)), keepdims=True))
    return np.asarray(filters / np.maximum(norms, 1.0))


def _unit(filters: Array) -> Array:
    norms = np.sqrt((filters**2).sum(axis=tuple(range(1, filters.ndim)), keepdims=True))
    return np.asarray(filters / norms)
