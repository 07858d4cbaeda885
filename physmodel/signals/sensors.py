"""Where to measure: few places from which a field can be rebuilt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr, svd

from physmodel.errors import DataError, ProblemError
from physmodel.models.dictionaries import Dictionary, atom_matrix, from_atoms, pod
from physmodel.signals import fields

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sensors:
    """Places to measure, in the order of their worth, and the way back to the field.

    Attributes
    ----------
    indices : ndarray (k,)
        Of the flattened field.
    places : tuple of tuple of int
        The same as positions in the field.
    coordinates : dict of str to ndarray (k,)
        Coordinates of the places, where the field has some.
    modes : Dictionary
    mean : ndarray
        Of the field; zero where modes were given.
    amplification : float
        Largest factor by which noise of the sensors is magnified in the coefficients of the
        modes; 1 is ideal for orthonormal modes that are measured everywhere.
    """

    indices: NDArray[np.intp]
    places: tuple[tuple[int, ...], ...]
    coordinates: dict[str, Array]
    modes: Dictionary
    mean: Array
    amplification: float

    def reconstruct(self, measured: ArrayLike) -> Array:
        """The whole field from its values at the sensors.

        Parameters
        ----------
        measured : array_like (k,) or (n_times, k)

        Returns
        -------
        ndarray (...) or (n_times, ...)
            With the axes of the field. Least squares among the modes: exact for a field that
            these span.

        Raises
        ------
        ProblemError
            If there is not one value per sensor.
        """
        values = np.asarray(measured, dtype=float)
        if values.ndim not in (1, 2) or values.shape[-1] != len(self.indices):
            raise ProblemError(
                f"the shape {values.shape} does not hold {len(self.indices)} values per time",
                where="measured",
                fix=f"give an array (n_times, {len(self.indices)}) in the order of `places`",
            )
        atoms = atom_matrix(self.modes)
        rows = values.reshape(-1, len(self.indices)) - self.mean.ravel()[self.indices]
        coefficients = np.linalg.lstsq(atoms[self.indices], rows.T, rcond=None)[0]
        out = (atoms @ coefficients).T.reshape(-1, *self.mean.shape) + self.mean
        return out[0] if values.ndim == 1 else out


def sensor_placement(
    modes: xr.DataArray | Dictionary | ArrayLike,
    n_sensors: int | None = None,
    *,
    time: str = "time",
    rank: int | None = None,
) -> Sensors:
    """Choose places by pivoted QR of the modes; further ones by the determinant they add.

    Parameters
    ----------
    modes : DataArray, Dictionary or array_like (n_modes, ...)
        A measured field with a dimension of time, whose proper orthogonal modes are computed, or
        modes that are known (`pod`, `dmd`, `from_atoms`).
    n_sensors : int, optional
        As many as there are modes by default, which is the least.
    time : str
        Dimension of time of a measured field.
    rank : int, optional
        Number of modes of a measured field; by default those above what noise alone would give.

    Raises
    ------
    DataError
        If the field has gaps or no such dimension.
    ProblemError
        If there are fewer sensors than modes, or more than places.

    References
    ----------
    Manohar, Brunton, Kutz and Brunton, IEEE Control Systems 38 (2018) 63; Gavish and Donoho,
    IEEE Trans. Information Theory 60 (2014) 5040 (number of modes).
    """
    coordinates: dict[str, Array] = {}
    if isinstance(modes, xr.DataArray):
        known, mean = _modes_of_field(modes, time, rank)
        rest = [str(dim) for dim in modes.dims if dim != time]
        coordinates = {d: modes[d].values for d in rest if d in modes.coords}
    else:
        known = modes if isinstance(modes, Dictionary) else from_atoms(modes)
        mean = np.zeros(known.signal_shape)
        rest = []
    atoms = atom_matrix(known)
    n_places, n_modes = atoms.shape
    count = n_modes if n_sensors is None else n_sensors
    if not n_modes <= count <= n_places:
        raise ProblemError(
            f"{count} sensors cannot tell {n_modes} modes at {n_places} places",
            where="n_sensors",
            why="every mode needs a sensor of its own, and every sensor a place",
            fix=f"ask for {n_modes} to {n_places} sensors, or for fewer modes",
        )
    chosen = _place(atoms, count)
    spread = svd(atoms[chosen], compute_uv=False)
    places = tuple(tuple(int(i) for i in np.unravel_index(k, mean.shape)) for k in chosen)
    at = {d: coordinates[d][[p[rest.index(d)] for p in places]] for d in coordinates}
    worst = float(1.0 / spread[-1]) if spread[-1] > 0.0 else np.inf
    return Sensors(chosen, places, at, known, mean, worst)


def _place(atoms: Array, count: int) -> NDArray[np.intp]:
    """Rows of the matrix of modes: pivots first, then the greatest gain of the determinant."""
    n_modes = atoms.shape[1]
    pivots = qr(atoms.T, mode="r", pivoting=True)[1][:n_modes]
    chosen = list(pivots)
    inverse = np.linalg.pinv(atoms[chosen].T @ atoms[chosen])
    while len(chosen) < count:
        image = atoms @ inverse
        # det(M + a a') = det(M) (1 + a' M^-1 a): matrix determinant lemma.
        gain = np.einsum("ij,ij->i", image, atoms)
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        inverse -= np.outer(image[best], image[best]) / (1.0 + gain[best])
        chosen.append(best)
    return np.array(chosen, dtype=np.intp)


def _modes_of_field(field: xr.DataArray, time: str, rank: int | None) -> tuple[Dictionary, Array]:
    if time not in field.dims or field.ndim < 2:
        raise DataError(
            f"the field has the dimensions {', '.join(map(str, field.dims))}",
            where=f"dimension {time!r}",
            why="modes are what a field has in common at different times",
            fix="name the dimension of time with time=..., and keep at least one of space",
        )
    values = fields.field(field.transpose(time, ...))
    mean = values.mean(axis=0)
    matrix = (values - mean).reshape(len(values), -1)
    if rank is None:
        size = svd(matrix, compute_uv=False)
        limit = _noise_limit(*matrix.shape) * fields.field_noise(values)
        rank = max(1, int(np.sum(size > max(limit, 1e-10 * size[0]))))
    return pod(values - mean, rank), mean


def _noise_limit(rows: int, columns: int) -> float:
    """Singular values below this times the noise level are better left out (Gavish and Donoho)."""
    short, long = min(rows, columns), max(rows, columns)
    beta = short / long
    root = np.sqrt(beta**2 + 14.0 * beta + 1.0)
    return float(np.sqrt(2.0 * (beta + 1.0) + 8.0 * beta / (beta + 1.0 + root)) * np.sqrt(long))
