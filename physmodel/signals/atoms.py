"""The best description of a field by few atoms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from physmodel.errors import DataError, ProblemError
from physmodel.models.dictionaries import Dictionary, bandlet
from physmodel.optimizers.sparse import iterative_hard_thresholding
from physmodel.signals import fields
from physmodel.signals.candidates import Choice, bases, chosen

Array = NDArray[np.float64]

#: Part of the energy that a description of noise-free values leaves out, where nothing is said.
LEFT = 0.01
#: Steps of pursuit in a dictionary that is no basis, and of the search for a bandlet geometry.
STEPS, HALVINGS = 25, 8
#: Atoms per value up to which a dictionary is a basis but for the border of odd sides.
BASIS = 1.1


@dataclass(frozen=True)
class FewAtoms:
    """A field as a sum of few atoms.

    Attributes
    ----------
    field : xarray.DataArray
        What was described.
    data : xarray.DataArray
        The sum of the atoms.
    dictionary : Dictionary
        ``dictionary.atom(i)`` for `i` in `atoms` are the atoms.
    coefficients : ndarray (n_atoms,)
        Of the whole dictionary; zero for atoms that are not used.
    atoms : ndarray (m,)
        Atoms in use, the most important first.
    numbers : int
        Real numbers in the description: coefficients, and the geometry of bandlets. The places
        of the atoms are not counted.
    error : float
        Norm of what is left over the norm of the field.
    tried : mapping of str to float
        The same for every dictionary that was tried, with as many numbers.
    """

    field: xr.DataArray
    data: xr.DataArray
    dictionary: Dictionary
    coefficients: Array
    atoms: NDArray[np.intp]
    numbers: int
    error: float
    tried: Mapping[str, float]

    def __str__(self) -> str:
        """What was needed and what is left."""
        return (
            f"{self.numbers} numbers for {self.field.size} values, {self.dictionary.name}, "
            f"relative error {self.error:.3g}"
        )


def few_atoms(
    field: xr.DataArray, count: int | None = None, dictionary: Choice | None = None
) -> FewAtoms:
    """Describe a field by few atoms of the dictionary in which few say most.

    Parameters
    ----------
    field : DataArray
        One to three dimensions, without gaps.
    count : int, optional
        Numbers that may be used. By default the atoms that stand out of the noise, or, without
        noise, as many as hold 99% of the energy.
    dictionary : Dictionary or callable, optional
        Or a function from the shape to one; by default cosines, wavelets and, for pictures,
        bandlets compete at the same count of numbers.

    Returns
    -------
    FewAtoms
        In an orthonormal dictionary no other choice of as many atoms is closer to the field. In
        other dictionaries it comes from iterative hard thresholding and is no proven optimum.

    Raises
    ------
    DataError
        If the field has gaps.
    ProblemError
        If the count is not between 1 and the number of values.

    References
    ----------
    Donoho and Johnstone, Biometrika 81 (1994) 425 (which coefficients stand out of noise).
    """
    if not isinstance(field, xr.DataArray):
        raise DataError(
            f"{type(field).__name__} is no field", fix="give an xarray.DataArray without gaps"
        )
    values = fields.field(field)
    if count is not None and not 1 <= count <= values.size:
        raise ProblemError(
            f"{count} numbers for {values.size} values",
            where="count",
            fix=f"ask for 1 to {values.size}, or leave it out",
        )
    makers = chosen(dictionary, bases(values.shape))
    made = {label: make(values.shape) for label, make in makers.items()}
    if count is None:
        count = _default_count(list(made.values()), values)
    found = {label: (d, best_coefficients(d, values, count)) for label, d in made.items()}
    if dictionary is None and values.ndim == 2 and min(values.shape) >= 32:
        found["bandlet db4"] = bandlet_description(values, count)
    size = float(np.linalg.norm(values)) or 1.0
    sums = {label: d.synthesise(a) for label, (d, a) in found.items()}
    tried = {k: float(np.linalg.norm(values - s)) / size for k, s in sums.items()}
    best = min(tried, key=tried.__getitem__)
    used, coefficients = found[best]
    weight = np.abs(coefficients) * _lengths(used)
    atoms = np.argsort(-weight, kind="stable")[: np.count_nonzero(coefficients)]
    numbers = len(atoms) + len(used.parameters.get("geometry", ()))
    data = field.copy(data=sums[best])
    return FewAtoms(field, data, used, coefficients, atoms, numbers, tried[best], tried)


def bandlet_description(values: Array, count: int, name: str = "db4") -> tuple[Dictionary, Array]:
    """Bandlets whose coefficients and geometry together take a number of numbers.

    `values` ``(n, m)``. `name`: the wavelet underneath. Returns `dictionary`; `coefficients`
    ``(n_atoms,)``.
    """
    plain = bandlet(values.shape, name=name)
    best = plain, best_coefficients(plain, values, count)
    least = _misfit(*best, values)
    sizes = np.sort(np.abs(best[1]))[::-1]
    top = float(sizes[min(count, len(sizes)) - 1])
    low, high = 0.25 * top, 2.0 * top
    for _ in range(HALVINGS if top > 0.0 else 0):
        limit = float(np.sqrt(low * high))
        made = bandlet(values.shape, values, name, threshold=limit)
        room = count - len(made.parameters["geometry"])
        a = made.analyse(values)
        if int(np.sum(np.abs(a) > limit)) > room:
            low = limit
        else:
            high = limit
        if room > 0:
            kept = made, _largest(a, room, np.abs(a))
            error = _misfit(*kept, values)
            if error < least:
                best, least = kept, error
    return best


def frame_description(dictionary: Dictionary, values: Array, count: int) -> Array:
    """Coefficients (n_atoms,) of which at most `count` are not zero, in a redundant frame.

    Iterative hard thresholding in the unit atoms: which coefficients are kept has to depend on
    what they carry, and atoms of a tight frame differ in length.
    """
    norms = dictionary.norms()
    unit = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 1e-9 * norms.max())
    operator = LinearOperator(
        dictionary.shape,
        matvec=lambda a: dictionary.matvec(unit * np.ravel(a)),
        rmatvec=lambda x: unit * dictionary.rmatvec(np.ravel(x)),
        dtype=float,
    )
    found = iterative_hard_thresholding(operator, values.ravel(), sparsity=count, iterations=STEPS)
    return found.coefficients * unit


def _misfit(dictionary: Dictionary, coefficients: Array, values: Array) -> float:
    return float(np.linalg.norm(values - dictionary.synthesise(coefficients)))


def best_coefficients(dictionary: Dictionary, values: Array, count: int) -> Array:
    """Coefficients (n_atoms,) of which at most `count` are not zero.

    Returns ``(n_atoms,)``: the best ones in an orthonormal dictionary. In a basis with some atoms
    more at odd sides the largest coefficients are taken too; frames go through pursuit.
    """
    if dictionary.redundancy > BASIS:
        return frame_description(dictionary, values, count)
    a = dictionary.analyse(values)
    return _largest(a, count, np.abs(a) * _lengths(dictionary))


def _lengths(dictionary: Dictionary) -> Array | float:
    """What a coefficient is weighed with; atoms of a tight basis differ at odd borders only."""
    plain = dictionary.is_tight and dictionary.redundancy <= BASIS
    return 1.0 if plain else dictionary.norms()


def _largest(coefficients: Array, count: int, weight: Array) -> Array:
    out = np.zeros_like(coefficients)
    order = np.argsort(-weight, kind="stable")[:count]
    out[order] = coefficients[order]
    return out


def _default_count(dictionaries: list[Dictionary], values: Array) -> int:
    """Atoms that stand out, in the dictionary where they cost least."""
    noise = fields.field_noise(values)
    best = (np.inf, 1)
    for dictionary in dictionaries:
        a = dictionary.analyse(values)
        energies = np.sort((a * _lengths(dictionary)) ** 2)[::-1]
        total = float(energies.sum())
        price = 2.0 * np.log(max(values.size, 2)) * noise**2
        if price > 1e-12 * total:
            n = max(1, int(np.sum(energies > price)))
            cost = float(energies[n:].sum()) + price * n
        else:
            n = 1 + int(np.searchsorted(np.cumsum(energies), (1.0 - LEFT) * total))
            cost = float(n)
        best = min(best, (cost, min(n, values.size)))
    return best[1]
