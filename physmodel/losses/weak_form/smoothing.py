"""What a filter does to samples: their noise is correlated in time, and fast motion is blurred."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from physmodel.data.measurement.filters import NoiseFilter

Array = NDArray[np.float64]

#: Error of each sample beside the filtered noise, over that: where the filter lets nothing through
#: the samples would have no error at all, and what `Smoothing.blur` leaves out would be everything.
STOPPED = 0.05


@dataclass(frozen=True, eq=False)
class Smoothing:
    """A filter over the samples of one tile: ``measured = F (clean + independent errors)``.

    Attributes
    ----------
    sources : csr_array (n d, 2 n d)
        Map from independent errors to the noise of the samples, of the same standard deviation:
        filtered errors, and a small error of each sample beside them.
    filtered : csr_array (n d, n d)
        ``F``.
    blurred : ndarray of bool (n, 1)
        Samples at which ``F`` is known: all whose window lies in the record.
    """

    sources: sparse.csr_array
    filtered: sparse.csr_array
    blurred: NDArray[np.bool_]

    @classmethod
    def of(
        cls, noise_filter: NoiseFilter, observed: NDArray[np.bool_], measured: Array, noise: Array
    ) -> Smoothing:
        """The filter where some nodes are samples; the others keep errors of their own.

        What a filter does next to the ends of a record is its maker's choice. It may have moved
        the samples there by as much as the motion over its window.

        Parameters
        ----------
        noise_filter : NoiseFilter
        observed : ndarray of bool (n,)
        measured : ndarray (n, d)
            The errors of different states stay independent.
        noise : ndarray (n, d) or (d,)
            Standard deviation of the filtered noise.
        """
        samples, free = np.flatnonzero(observed), np.flatnonzero(~observed)
        count, d = len(samples), measured.shape[1]
        blocks = [noise_filter.matrix(count), sparse.eye_array(len(free))]
        place = np.argsort(np.concatenate([samples, free]))
        mixed = sparse.csr_array(sparse.block_diag(blocks))[place][:, place]
        filtered = sparse.csr_array(sparse.kron(mixed, sparse.eye_array(d)))
        before, after = noise_filter.before, noise_filter.after
        ends = samples[np.r_[0:before, count - after : count]]
        across = samples[np.repeat([before + after, count - 1 - before - after], [before, after])]
        level = np.broadcast_to(noise, measured.shape)[ends]
        beside = np.zeros_like(measured)
        beside[samples] = STOPPED
        beside[ends] = np.hypot(1.0, (measured[ends] - measured[across]) / level)
        sources = sparse.csr_array(sparse.hstack([filtered, sparse.diags_array(beside.ravel())]))
        blurred = observed.copy()
        blurred[ends] = False
        return cls(sources, filtered * noise_filter.gain, blurred[:, None])

    def noise(self, errors: Array) -> Array:
        """Noise ``(n, d)`` of the samples from independent errors ``(2 n, d)``."""
        return np.asarray((self.sources @ errors.ravel()).reshape(-1, errors.shape[1]))

    def blur(self, states: Array) -> Array:
        """What the filter changes in a clean trajectory ``(n, d)``, to second order.

        Fast changes, which the filter does not let through, cannot be told from those of the
        errors, and would grow from round to round: they are left out (Van Cittert 1931).
        """
        missed = self._missed(states)
        return self._missed(self._missed(missed)) - missed

    def remainder(self, states: Array) -> Array:
        """What `blur` leaves out of the slow part of a trajectory, ``(n, d)``."""
        return self._missed(self._missed(self._missed(states - self._missed(states))))

    def _missed(self, states: Array) -> Array:
        """What the filter does not let through, zero where it is not known."""
        passed = (self.filtered @ states.ravel()).reshape(states.shape)
        return np.where(self.blurred, states - passed, 0.0)
