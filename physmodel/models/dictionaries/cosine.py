"""Cosines: smooth and periodic signals in few coefficients."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.fft import dctn, idctn

from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.frame import signal_shape


def dct(shape: int | Sequence[int]) -> Dictionary:
    """The orthonormal discrete cosine transform of type II, along every axis.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of a signal, in one to three dimensions.

    References
    ----------
    Ahmed, Natarajan and Rao, IEEE Trans. Computers C-23 (1974) 90.
    """
    sides = signal_shape(shape)
    return Dictionary(
        name="dct",
        signal_shape=sides,
        bands=(Band("frequencies", 0, sides),),
        synthesis=lambda a: idctn(a.reshape(sides), norm="ortho"),
        adjoint=lambda x: dctn(x, norm="ortho").ravel(),
        bounds=(1.0, 1.0),
    )
