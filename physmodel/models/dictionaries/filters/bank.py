"""Filters of a wavelet, what they promise, and the filters of the exact adjoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pywt
from numpy.typing import NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]

#: Deviation that tabulated filters may have; dmey, a truncated one, is off by 2e-3.
EXACT = 1e-11


@dataclass(frozen=True)
class Filters:
    """A discrete wavelet and its transpose.

    `wavelet`: its reconstruction filters make the atoms. `transpose`: its decomposition is the
    transpose of the reconstruction of `wavelet`: the same filters reversed. For an orthogonal
    wavelet this is `wavelet` again, for a biorthogonal one not. `orthogonal`: whether even shifts
    of the reconstruction filters are orthonormal.
    """

    wavelet: pywt.Wavelet
    transpose: pywt.Wavelet
    orthogonal: bool


def filters(name: str) -> Filters:
    """Look up a wavelet of PyWavelets.

    `name`: for example ``"haar"``, ``"db4"``, ``"sym8"``, ``"bior4.4"``. Raises ProblemError if
    there is no discrete wavelet of this name.
    """
    if name not in pywt.wavelist(kind="discrete"):
        raise ProblemError(
            f"{name!r} is no discrete wavelet.",
            where="name",
            why="The atoms are built from the filters that PyWavelets has under this name.",
            fix="Choose one of pywt.wavelist(kind='discrete'), for example 'db4'.",
        )
    wavelet = pywt.Wavelet(name)
    bank = wavelet.dec_lo, wavelet.dec_hi, wavelet.rec_lo, wavelet.rec_hi
    dec_lo, dec_hi, rec_lo, rec_hi = (taps[::-1] for taps in bank)
    transpose = pywt.Wavelet(f"transpose of {name}", filter_bank=(rec_lo, rec_hi, dec_lo, dec_hi))
    low = np.array(wavelet.rec_lo)
    # The flag of PyWavelets is a name's, not the numbers': dmey carries it and is not orthogonal.
    products = np.convolve(low, low[::-1])[(low.size - 1) % 2 :: 2]
    unit = np.zeros_like(products)
    unit[(low.size - 1) // 2] = 1.0
    exact = bool(wavelet.orthogonal) and bool(np.abs(products - unit).max() < EXACT)
    return Filters(wavelet, transpose, exact)
