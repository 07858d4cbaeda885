"""How measurement noise grows with the value: from the same everywhere to proportional."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.data.measurement.noise import ORDERS, alike, finest_contrasts

Array = NDArray[np.float64]

#: Relative shares of the variance that are tried. Only positive values can have all of it: any
#: other noise would vanish where they cross zero.
SHARES = (0.0, 0.5, 0.8, 0.95, 0.99)


@dataclass(frozen=True)
class NoiseProfile:
    """Noise variance ``(1 - share) + share (x / size)^2`` in units of its typical value.

    Attributes
    ----------
    share : ndarray (d,)
        Part of the variance that is relative to the value: 0 for additive noise, 1 for relative.
    size : ndarray (d,)
        Root mean square of the values, in their units.
    """

    share: Array
    size: Array

    def spread(self, values: Array) -> Array:
        """Standard deviation of the noise at given values, ``(n, d)``, typically `size`."""
        relative = values / self.size
        return self.size * np.sqrt(1.0 - self.share + self.share * relative**2)

    def stabilised(self, values: Array) -> Array:
        """Values on a scale on which the noise is the same everywhere, ``(n, d)``.

        The variance-stabilising transform ``integral dx / spread(x)``.

        References
        ----------
        Bartlett (1947), Biometrics 3, 39.
        """
        relative = values / self.size
        mixed = np.where((self.share > 0.0) & (self.share < 1.0), self.share, 0.5)
        curved = np.arcsinh(relative * np.sqrt(mixed / (1.0 - mixed))) / np.sqrt(mixed)
        proportional = np.log(np.where(self.share == 1.0, relative, 1.0))
        bent = np.where(self.share == 1.0, proportional, curved)
        return np.where(self.share == 0.0, relative, bent)

    def seen_in(self, pieces: Sequence[tuple[Array, Array]]) -> NoiseProfile:
        """The profile that the roughness of data shows, where noise hides no fine structure.

        White noise has the same contrasts at every order; those of a signal fall with it.

        Parameters
        ----------
        pieces : sequence of (time, values)
            ``(n,)`` and ``(n, d)``, in their units.
        """
        last = ORDERS[-1]
        long = [piece for piece in pieces if len(piece[0]) > 2 * last]
        share = self.share.copy()
        for j in range(len(share) if long else 0):
            rough = finest_contrasts([(time, values[:, j]) for time, values in long])
            if not alike(rough):
                continue
            middle = [
                sliding_window_view(values[:, j], last + 1).mean(axis=-1)[::2] for _, values in long
            ]
            column = np.zeros((sum(map(len, middle)), len(share)))
            level = column.copy()
            column[:, j], level[:, j] = rough[-1], np.concatenate(middle)
            share[j] = self.refitted(column, level).share[j]
        return replace(self, share=share)

    def refitted(self, residuals: Array, values: Array) -> NoiseProfile:
        """The profile under which residuals are most likely, if that is clear.

        Parameters
        ----------
        residuals : ndarray (n, d)
            What a model leaves of the measured values, in their units.
        values : ndarray (n, d)
            The values according to the model.

        Returns
        -------
        NoiseProfile
            This one where no other is better by `ENGINE.profile_margin`.
        """
        share = self.share.copy()
        for j, own in enumerate(self.share):
            if not np.mean(residuals[:, j] ** 2) > 0.0:
                continue  # exact: any profile describes nothing
            tried = (float(own), *SHARES)
            scores = [self._likelihood(j, one, residuals[:, j], values[:, j]) for one in tried]
            best = int(np.argmax(scores))
            if scores[best] > scores[0] + ENGINE.profile_margin:
                share[j] = tried[best]
        return replace(self, share=share)

    def _likelihood(self, j: int, share: float, residuals: Array, values: Array) -> float:
        """Log likelihood of residuals whose level is free."""
        variance = 1.0 - share + share * (values / self.size[j]) ** 2
        level = np.mean(residuals**2 / variance)
        return -0.5 * float(np.sum(np.log(variance * level)))
