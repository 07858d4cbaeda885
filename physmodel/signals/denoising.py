"""Denoise trajectories and fields: the dictionary in which they are sparse, chosen by risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.measurement.noise import estimate_noise
from physmodel.errors import ProblemError
from physmodel.signals import fields
from physmodel.signals.candidates import Choice, chosen, redundant
from physmodel.signals.shrinkage import shrink

Array = NDArray[np.float64]
Data = TypeVar("Data", xr.Dataset, xr.DataArray)

#: Noise below this share of the spread is rounding: nothing can be gained by removing it.
NOTHING = 1e-9
#: What is reported as dictionary where there is no noise to remove.
UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Denoised(Generic[Data]):
    """Data without most of their noise, and what was done to them.

    Attributes
    ----------
    data : xarray.Dataset or xarray.DataArray
        As the input, with other values; only states of trajectories change, inputs do not.
    noise_std : mapping of str to float
        Noise level of each variable, in its units: given or estimated.
    dictionaries : mapping of str to str
        The dictionary of each variable; ``"unchanged"`` where there is no noise.
    errors : mapping of str to float
        Root mean square error that is expected to be left (Stein's unbiased risk estimate), in
        the units of the variable. As good as the noise level: if that is 3% off, the square of
        this is off by 6% of the noise variance.
    tried : mapping of str to mapping of str to float
        The same estimate for every dictionary that was tried.
    """

    data: Data
    noise_std: Mapping[str, float]
    dictionaries: Mapping[str, str]
    errors: Mapping[str, float]
    tried: Mapping[str, Mapping[str, float]]

    def __str__(self) -> str:
        """One line per variable."""
        return "\n".join(
            f"{name}: noise {self.noise_std[name]:.3g}, {self.dictionaries[name]}, "
            f"expected error {self.errors[name]:.3g}"
            for name in self.noise_std
        )


def denoise(
    data: Data,
    dictionary: Choice | None = None,
    *,
    noise_std: float | Mapping[str, float] | None = None,
) -> Denoised[Data]:
    """Remove white noise by shrinking the coefficients of a tight frame.

    For looking at data, for pictures and for anything that differentiates. `discover` needs the
    data as measured: it models the noise itself, and errors that were smoothed are correlated.

    Parameters
    ----------
    data : Dataset or DataArray
        Trajectories as `physmodel.open` makes them, or fields in one to three dimensions, evenly
        sampled. Unevenly sampled trajectories are treated as a sequence, which costs accuracy.
    dictionary : Dictionary or callable, optional
        A tight frame, or a function from the shape of a signal to one. By default cosines,
        stationary wavelets and, in two dimensions, curvelets are tried, and the one of least
        estimated risk is taken.
    noise_std : float or mapping of str to float, optional
        Estimated from the data by default.

    Raises
    ------
    DataError
        If values are missing or infinite, or a field has more than three dimensions.
    ProblemError
        If the dictionary is not tight, or a noise level is negative.

    References
    ----------
    Donoho and Johnstone, J. American Statistical Association 90 (1995) 1200; Coifman and Donoho,
    Lecture Notes in Statistics 103 (1995) 125 (why stationary wavelets).
    """
    if isinstance(data, xr.Dataset) and "row_size" in data.variables:
        pieces = {name: list(fields.series(data, name)) for name in fields.states(data)}
        signals = {name: [value for _, value in part] for name, part in pieces.items()}
        levels = {n: estimate_noise(*zip(*part, strict=True)) for n, part in pieces.items()}
    else:
        table = data if isinstance(data, xr.Dataset) else {_label(data): data}
        signals = {str(name): [fields.field(array)] for name, array in table.items()}
        levels = {name: fields.field_noise(part[0]) for name, part in signals.items()}
    levels |= _given(noise_std, list(signals))
    answers = {name: _denoise(part, levels[name], dictionary) for name, part in signals.items()}
    values = {name: answer[0] for name, answer in answers.items()}
    return Denoised(
        _replaced(data, values),
        levels,
        {name: answer[1] for name, answer in answers.items()},
        {name: answer[2].get(answer[1], 0.0) for name, answer in answers.items()},
        {name: answer[2] for name, answer in answers.items()},
    )


Answer = tuple[list[Array], str, dict[str, float]]


def _denoise(signals: Sequence[Array], level: float, dictionary: Choice | None) -> Answer:
    """All pieces of one variable in the dictionary that suits them together."""
    size = sum(signal.size for signal in signals)
    spread = float(np.std(np.concatenate([signal.ravel() for signal in signals])))
    if level <= NOTHING * spread or size < 2:
        return list(signals), UNCHANGED, {}
    largest = max((signal.shape for signal in signals), key=np.prod)
    best: tuple[float, str, list[Array]] | None = None
    tried = {}
    for label, make in chosen(dictionary, redundant(largest)).items():
        made = {shape: make(shape) for shape in {signal.shape for signal in signals}}
        parts = [shrink(made[signal.shape], signal, level) for signal in signals]
        risk = sum(part.risk for part in parts)
        tried[label] = float(np.sqrt(max(risk, 0.0) / size))
        if best is None or risk < best[0]:
            best = risk, label, [part.signal for part in parts]
    assert best is not None  # noqa: S101
    return best[2], best[1], tried


def _given(noise_std: float | Mapping[str, float] | None, names: Sequence[str]) -> dict[str, float]:
    if noise_std is None:
        return {}
    table = dict(noise_std) if isinstance(noise_std, Mapping) else dict.fromkeys(names, noise_std)
    for name, level in table.items():
        if name not in names:
            raise ProblemError(
                f"there is no variable {name!r}",
                where="noise_std",
                fix="one of " + ", ".join(names),
            )
        if not 0.0 <= level < np.inf:
            raise ProblemError(
                f"the noise of {name!r} is {level}",
                where="noise_std",
                fix="give a standard deviation in the units of the variable, 0 or more",
            )
    return {name: float(level) for name, level in table.items()}


def _label(array: xr.DataArray) -> str:
    return "field" if array.name is None else str(array.name)


def _replaced(data: Data, values: Mapping[str, Sequence[Array]]) -> Data:
    """The same object with other values; what was known about the old noise is dropped."""
    if isinstance(data, xr.DataArray):
        return data.copy(data=values[_label(data)][0])
    columns = {}
    for name, parts in values.items():
        old = data[name]
        attributes = {key: value for key, value in old.attrs.items() if key != "noise_std"}
        new = parts[0] if len(parts) == 1 else np.concatenate(parts)
        columns[name] = (old.dims, new, attributes)
    return data.assign(columns)
