"""What a filter does to samples: their noise is correlated in time, and fast motion is blurred."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.data.noise_filters import NoiseFilter

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Smoothing:
    """A filter over the samples of one tile: ``measured = F (clean + independent errors)``.

    Attributes
    ----------
    sources : csr_array (n d, n d)
        Map from independent errors to the noise of the samples, of the same standard deviation.
    gain : float
        ``F`` is this times `sources`, where there are samples.
    blurred : ndarray of bool (n, 1)
        Samples at which ``F`` is known: all whose window lies in the tile.
    """

    sources: sparse.csr_array
    gain: float
    blurred: NDArray[np.bool_]

    @classmethod
    def of(
        cls, noise_filter: NoiseFilter, observed: NDArray[np.bool_], n_states: int, *, cut: bool
    ) -> Smoothing:
        """The filter where some nodes are samples; the others keep errors of their own.

        Parameters
        ----------
        noise_filter : NoiseFilter
        observed : ndarray of bool (n,)
        n_states : int
            The errors of different states stay independent.
        cut : bool
            Whether the samples come out of a longer record.
        """
        samples, free = np.flatnonzero(observed), np.flatnonzero(~observed)
        blocks = [noise_filter.matrix(len(samples)), sparse.eye_array(len(free))]
        place = np.argsort(np.concatenate([samples, free]))
        mixed = sparse.csr_array(sparse.block_diag(blocks))[place][:, place]
        blurred = observed.copy()
        if cut:
            half = noise_filter.window // 2
            blurred[samples[:half]] = blurred[samples[len(samples) - half :]] = False
        sources = sparse.csr_array(sparse.kron(mixed, sparse.eye_array(n_states)))
        return cls(sources, noise_filter.gain, blurred[:, None])

    def noise(self, errors: Array) -> Array:
        """Noise ``(n, d)`` of the samples from independent errors ``(n, d)``."""
        return np.asarray((self.sources @ errors.ravel()).reshape(errors.shape))

    def blur(self, states: Array) -> Array:
        """What the filter changes in the slow part of a clean trajectory ``(n, d)``.

        Of the trajectory the filter has let through: fast changes, which it does not let through,
        cannot be told from those of the errors, and would grow from round to round.
        """
        slow = np.where(self.blurred, self.gain * self.noise(states), states)
        return np.where(self.blurred, self.gain * self.noise(slow) - slow, 0.0)
