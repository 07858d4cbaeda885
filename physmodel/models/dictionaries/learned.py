"""Learned atoms as operators, and back: K-SVD, MOD, online, decoders of autoencoders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfftn, rfftn

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.frame import signal_shape
from physmodel.models.dictionaries.modes import from_atoms

Array = NDArray[np.float64]


def learned(atoms: ArrayLike, shape: int | Sequence[int] | None = None) -> Dictionary:
    """The dictionary of a matrix with one atom per column.

    Parameters
    ----------
    atoms : array_like (m, p)
        `LearnedDictionary.atoms`, or the weight of a linear decoder as torch stores it
        ``(out_features, in_features)``. Columns need not have unit norm.
    shape : int or sequence of int, optional
        Shape of a signal with `m` samples in C order; by default one-dimensional.

    Returns
    -------
    Dictionary
        `atom_matrix` gives the same numbers back.

    Raises
    ------
    ProblemError
        If the shape does not have `m` samples, or a number is not finite.
    """
    matrix = _matrix(atoms)
    sides = signal_shape(len(matrix) if shape is None else shape)
    if np.prod(sides) != len(matrix):
        raise ProblemError(
            f"Atoms of length {len(matrix)} do not fill the shape {sides}.",
            where="shape",
            why="A column of the matrix is an atom, flattened in C order.",
            fix="Give the shape of the signals that the atoms were learned from.",
        )
    return from_atoms(matrix.T.reshape(-1, *sides), name="learned")


def atom_matrix(dictionary: Dictionary) -> Array:
    """The atoms as the columns of a matrix: a warm start, or the weight of a decoder.

    Parameters
    ----------
    dictionary : Dictionary
        Any; it is written out, so its size counts.

    Returns
    -------
    ndarray (m, p)
    """
    return np.stack([dictionary.atom(i).ravel() for i in range(dictionary.n_atoms)], axis=1)


def convolutional(
    atoms: ArrayLike, atom_shape: int | Sequence[int], shape: int | Sequence[int]
) -> Dictionary:
    """All periodic shifts of short atoms.

    Parameters
    ----------
    atoms : array_like (m, p)
        `ConvolutionalDictionary.atoms`, ``m = prod(atom_shape)``.
    atom_shape : int or sequence of int
    shape : int or sequence of int
        Shape of a signal.

    Returns
    -------
    Dictionary
        One band per atom: its coefficient map. Frame bounds are exact: the extremes over
        frequencies of the summed power of the atoms.

    Raises
    ------
    ProblemError
        If shapes disagree or a number is not finite.
    """
    matrix, short, sides = _matrix(atoms), signal_shape(atom_shape), signal_shape(shape)
    if np.prod(short) != len(matrix) or len(short) != len(sides) or np.any(np.array(short) > sides):
        raise ProblemError(
            f"Atoms of length {len(matrix)} and shape {short} do not fit signals of shape {sides}.",
            where="atom_shape",
            why="An atom is a window of the signal.",
            fix="Give the shapes with which the atoms were learned.",
        )
    count, axes = matrix.shape[1], tuple(range(-len(sides), 0))
    filters = rfftn(matrix.T.reshape(count, *short), s=sides, axes=axes)
    power = (np.abs(filters) ** 2).sum(axis=0)
    size = int(np.prod(sides))
    # Frequencies that no atom holds are outside the span.
    present = power > np.finfo(float).eps * size * power.max()
    inverse = np.where(present, 1.0 / np.where(present, power, 1.0), 0.0)

    def synthesis(coefficients: Array) -> Array:
        maps = rfftn(coefficients.reshape(count, *sides), axes=axes)
        return np.asarray(irfftn((filters * maps).sum(axis=0), s=sides, axes=axes))

    def correlate(signal: Array, weight: Array | float) -> Array:
        spectrum = rfftn(signal, axes=axes) * weight
        return np.asarray(irfftn(np.conj(filters) * spectrum, s=sides, axes=axes)).ravel()

    return Dictionary(
        name="convolutional",
        signal_shape=sides,
        bands=tuple(Band(f"atom {j}", j * size, sides) for j in range(count)),
        synthesis=synthesis,
        adjoint=lambda x: correlate(x, 1.0),
        bounds=(float(power[present].min()), float(power.max())),
        complete=bool(present.all()),
        canonical=lambda x: correlate(x, inverse),
        lengths=lambda: np.repeat(np.linalg.norm(matrix, axis=0), size),
        parameters={"atom_shape": short},
    )


def _matrix(atoms: ArrayLike) -> Array:
    matrix = np.asarray(atoms, dtype=float)
    if matrix.ndim != 2 or 0 in matrix.shape or not np.isfinite(matrix).all() or not matrix.any():
        raise ProblemError(
            f"The shape {matrix.shape} or a number in it makes no atoms.",
            where="atoms",
            why="One finite atom per column is needed, not all of them zero.",
            fix="Give a matrix (m, p); transpose it if atoms are its rows.",
        )
    return matrix
