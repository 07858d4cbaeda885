"""Coefficient maps of a convolutional dictionary, by ADMM in the Fourier domain.

References
----------
Wohlberg (2016), IEEE Trans. Image Process. 25, 301.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfftn, rfftn

Array = NDArray[np.float64]
Spectrum = NDArray[np.complex128]

#: The coupling grows or shrinks where one residual is this many times the other.
IMBALANCE = 5.0
#: By this factor.
CHANGE = 2.0


def spectrum(array: Array, shape: tuple[int, ...]) -> Spectrum:
    """Fourier transform over the last axes, zero-padded to `shape`."""
    return np.asarray(rfftn(array, s=shape, axes=_axes(shape)), dtype=np.complex128)


def field(transform: Spectrum, shape: tuple[int, ...]) -> Array:
    """Inverse of `spectrum`."""
    return np.asarray(irfftn(transform, s=shape, axes=_axes(shape)), dtype=np.float64)


def _axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(-len(shape), 0))


def reconstruct(filters: Array, maps: Array) -> Array:
    """Signals ``sum_j d_j * x_ij``.

    `filters` ``(p, *atom_shape)``, `maps` ``(n, p, ...)``. Returns ``(n, ...)``.
    """
    shape = maps.shape[2:]
    product = np.einsum("p...,np...->n...", spectrum(filters, shape), spectrum(maps, shape))
    return field(product, shape)


@dataclass(frozen=True)
class Maps:
    """State of the iteration.

    `signals` ``(n, *half_shape)``: their spectra. `sparse` ``(n, p, ...)``: the maps, exactly zero
    where they are. `dual`: scaled multipliers. `coupling`: weight that holds the two copies of the
    maps together.
    """

    signals: Spectrum
    sparse: Array
    dual: Array
    coupling: float
    penalty: float

    @staticmethod
    def empty(signals: Array, n_atoms: int, penalty: float) -> Maps:
        """All coefficients zero."""
        shape = signals.shape[1:]
        nothing = np.zeros((len(signals), n_atoms, *shape))
        return Maps(spectrum(signals, shape), nothing, nothing, 1.0, penalty)

    def improve(self, filters: Array, steps: int) -> Maps:
        """Go some steps towards the best maps for given atoms.

        `filters` ``(p, *atom_shape)``.
        """
        shape = self.sparse.shape[2:]
        atoms = spectrum(filters, shape)
        energy = (np.abs(atoms) ** 2).sum(axis=0)
        explained = np.conj(atoms) * self.signals[:, None]
        sparse, dual, coupling = self.sparse, self.dual, self.coupling
        for _ in range(steps):
            right = explained + coupling * spectrum(sparse - dual, shape)
            shared = np.einsum("p...,np...->n...", atoms, right) / (coupling + energy)
            smooth = field((right - np.conj(atoms) * shared[:, None]) / coupling, shape)
            before = sparse
            target = smooth + dual
            excess = np.maximum(np.abs(target) - self.penalty / coupling, 0.0)
            sparse = np.sign(target) * excess
            dual = target - sparse
            primal = float(np.linalg.norm(smooth - sparse))
            moving = coupling * float(np.linalg.norm(sparse - before))
            if primal > IMBALANCE * moving:
                coupling, dual = coupling * CHANGE, dual / CHANGE
            elif moving > IMBALANCE * primal:
                coupling, dual = coupling / CHANGE, dual * CHANGE
        return replace(self, sparse=sparse, dual=dual, coupling=coupling)

    def rescaled(self, factors: Array) -> Maps:
        """Coefficients times a factor for each atom."""
        factor = factors.reshape(-1, *[1] * (self.sparse.ndim - 2))
        return replace(self, sparse=self.sparse * factor, dual=self.dual / factor)
