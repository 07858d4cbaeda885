"""The dictionary: a linear operator from coefficients to a signal, with its atoms and its frame.

A signal ``x`` is written as ``x = D a``, the columns of `D` being the atoms. What a solver needs is
`D` and its exact adjoint. The adjoint is not the inverse unless the atoms form a tight frame, and
this class never assumes it: `analyse` solves for the coefficients of least norm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator, cg

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.checks import in_range, of_shape
from physmodel.models.dictionaries.frame import atom_norms, frame_bounds, mutual_coherence

Array = NDArray[np.float64]

#: Bounds that agree to this are those of a tight frame: filters are tabulated to about 1e-12.
TIGHT = 1e-11

#: Tolerance and steps of the conjugate gradients behind `analyse` where no formula is known.
TOLERANCE, MAX_STEPS = 1e-14, 2000


@dataclass(frozen=True)
class Band:
    """A run of coefficients that belong together: one scale, one direction.

    Attributes
    ----------
    label : str
    start : int
        Where the band begins in the vector of coefficients.
    shape : tuple of int
        Its coefficients as an array.
    """

    label: str
    start: int
    shape: tuple[int, ...]

    @property
    def slice(self) -> slice:
        """Where the band stands in the vector of coefficients."""
        return slice(self.start, self.start + int(np.prod(self.shape)))


@final
@dataclass(frozen=True, eq=False)
class Dictionary(LinearOperator):  # type: ignore[misc]  # SciPy ships no types
    """Atoms for signals of one shape, as an operator that every solver takes.

    Attributes
    ----------
    name : str
    signal_shape : tuple of int
        Shape of a signal; `matvec` returns it flattened in C order, `synthesise` in full.
    bands : tuple of Band
        The coefficients from coarse to fine; they cover the vector without gaps.
    synthesis : callable
        ``(n_atoms,) -> signal_shape``: `D`.
    adjoint : callable
        ``signal_shape -> (n_atoms,)``: the exact transpose of `synthesis`.
    bounds : (float, float) or None
        Frame bounds where theory knows them; None has them computed on request.
    complete : bool
        Whether the atoms span all signals. If not, bounds and `analyse` refer to their span.
    canonical : callable or None
        ``signal_shape -> (n_atoms,)``: coefficients of least norm, where a formula is known.
    lengths : callable or None
        ``() -> (n_atoms,)``: norms of the atoms, where there is a quick way to them.
    parameters : mapping
        What the constructor was given or chose.
    """

    name: str
    signal_shape: tuple[int, ...]
    bands: tuple[Band, ...]
    synthesis: Callable[[Array], Array]
    adjoint: Callable[[Array], Array]
    bounds: tuple[float, float] | None = None
    complete: bool = True
    canonical: Callable[[Array], Array] | None = None
    lengths: Callable[[], Array] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        last = self.bands[-1]
        size = (int(np.prod(self.signal_shape)), last.slice.stop)
        object.__setattr__(self, "dtype", np.dtype(np.float64))
        object.__setattr__(self, "shape", size)

    def __repr__(self) -> str:
        """Name, shape of the signal and number of atoms."""
        return f"<{self.name}: {self.n_atoms} atoms for signals of shape {self.signal_shape}>"

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return int(self.shape[1])

    @property
    def redundancy(self) -> float:
        """Atoms per sample of the signal."""
        return self.n_atoms / int(self.shape[0])

    @property
    def is_tight(self) -> bool:
        """Whether theory says that the frame bounds agree, so that `D D'` is a multiple of 1."""
        if self.bounds is None or not self.complete:
            return False
        return self.bounds[1] - self.bounds[0] <= TIGHT * self.bounds[1]

    @property
    def is_orthonormal(self) -> bool:
        """Whether the atoms are an orthonormal basis."""
        return self.is_tight and self.shape[0] == self.shape[1] and self._is_parseval

    @property
    def _is_parseval(self) -> bool:
        return self.bounds is not None and abs(self.bounds[1] - 1.0) <= TIGHT

    def synthesise(self, coefficients: ArrayLike) -> Array:
        """The signal ``D a`` in its own shape.

        Parameters
        ----------
        coefficients : (n_atoms,) array_like

        Returns
        -------
        ndarray of shape `signal_shape`

        Raises
        ------
        ProblemError
            If their number is not that of the atoms, one is missing or infinite, or the signal
            would be larger than any number.
        """
        vector = of_shape(coefficients, (self.n_atoms,), "coefficients", self.name)
        return in_range(self.synthesis, vector, self.name)

    def analyse(self, signal: ArrayLike) -> Array:
        """Coefficients of least norm: ``D'(D D')^-1 x``, the canonical dual frame.

        ``synthesise(analyse(x))`` is `x`, or its projection on the span of the atoms where
        these are not complete.

        Parameters
        ----------
        signal : array_like of shape `signal_shape`

        Returns
        -------
        ndarray (n_atoms,)

        Raises
        ------
        ProblemError
            If the shape is another one, a number is missing or infinite, or a coefficient would be
            larger than any number.
        """
        array = of_shape(signal, self.signal_shape, "samples", self.name)
        return in_range(self._least_norm, array, self.name)

    def _least_norm(self, array: Array) -> Array:
        if self.canonical is not None:
            return self.canonical(array)
        if self.is_tight and self.bounds is not None:
            return self.adjoint(array) / self.bounds[1]
        frame = LinearOperator(
            (self.shape[0],) * 2, dtype=float, matvec=lambda y: self @ (self.T @ y)
        )
        dual, _ = cg(frame, array.ravel(), rtol=TOLERANCE, atol=0.0, maxiter=MAX_STEPS)
        return self.adjoint(dual.reshape(self.signal_shape))

    def atom(self, index: int) -> Array:
        """One atom, in the shape of the signal.

        Raises
        ------
        ProblemError
            If there is no such atom.
        """
        if not 0 <= index < self.n_atoms:
            raise ProblemError(
                f"There is no atom {index}.",
                where=self.name,
                why=f"The dictionary has the atoms 0 to {self.n_atoms - 1}.",
                fix="Choose an index in this range.",
            )
        unit = np.zeros(self.n_atoms)
        unit[index] = 1.0
        return self.synthesis(unit)

    def split(self, coefficients: ArrayLike) -> dict[str, Array]:
        """Coefficients by band, each as an array: a view for looking at them."""
        vector = of_shape(coefficients, (self.n_atoms,), "coefficients", self.name)
        return {band.label: vector[band.slice].reshape(band.shape) for band in self.bands}

    def norms(self) -> Array:
        """Norm of every atom, ``(n_atoms,)``: what a pursuit has to weigh coefficients with.

        Atoms of a tight frame are not of equal norm. Quick for bases and all frames of windows on
        the Fourier transform; elsewhere at the cost of one synthesis per atom.
        """
        if self.is_orthonormal:
            return np.ones(self.n_atoms)
        return self.lengths() if self.lengths is not None else atom_norms(self)

    def coherence(self) -> float:
        """Largest cosine between two different atoms.

        Exact, at the cost of a synthesis and an adjoint per atom, in tiles of bounded memory.
        Atoms of norm zero do not count.
        """
        return 0.0 if self.is_orthonormal else mutual_coherence(self, self.norms())

    def frame_bounds(self) -> tuple[float, float]:
        """Largest `A` and least `B` with ``A |x|^2 <= |D' x|^2 <= B |x|^2`` on the span."""
        return self.bounds if self.bounds is not None else frame_bounds(self)

    def _matvec(self, coefficients: NDArray[Any]) -> NDArray[Any]:
        return _real_map(lambda a: self.synthesis(a).ravel(), coefficients.ravel())

    def _rmatvec(self, signal: NDArray[Any]) -> NDArray[Any]:
        return _real_map(self.adjoint, signal.reshape(self.signal_shape))


def _real_map(function: Callable[[Array], Array], x: NDArray[Any]) -> NDArray[Any]:
    """Apply a real linear map, also to complex numbers."""
    if np.iscomplexobj(x):
        return function(x.real.astype(float)) + 1j * function(x.imag.astype(float))
    return function(x.astype(float, copy=False))
