"""A network as a vector field among others: NumPy in and out, torch in between."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.fields.parametric_field import Linearisation
from physmodel.models.nets.form import Form
from physmodel.models.nets.symmetry.averaged import AveragedField, AveragedScalar
from physmodel.models.nets.traced import slopes_of
from physmodel.optimizers.reading import real_numbers
from physmodel.problem.checks import names_list

Array = NDArray[np.float64]

#: Numbers in a tile of derivatives (8 MB). Beside what is returned, some ten such arrays are alive
#: at a time, so that the working set stays below 100 MB; measured as fast as any other size.
TILE = 1_000_000


@dataclass(frozen=True, eq=False)
class NetField:
    """A `physmodel.models.fields.parametric_field.ParametricField` of a form with parameters.

    Attributes
    ----------
    form : Form
    states, inputs : tuple of str
    parameters : ndarray (p,)
    device : str
        Where torch computes: ``"cpu"``, ``"cuda"``. Numbers are float64 everywhere.

    Raises
    ------
    ProblemError
        If names or parameters do not fit the form.
    """

    form: Form
    states: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: Array
    device: str = "cpu"

    def __post_init__(self) -> None:
        form, kind = self.form, type(self.form).__name__
        if (len(self.states), len(self.inputs)) != (form.n_states, form.n_inputs):
            raise ProblemError(
                f"{len(self.states)} states and {len(self.inputs)} inputs are named for a {kind} "
                f"of {form.n_states} and {form.n_inputs}",
                fix="name each state and input once",
            )
        every = (*names_list("states", self.states), *names_list("inputs", self.inputs))
        if len(set(every)) < len(every):
            raise ProblemError(
                f"a name is given twice: {', '.join(every)}", fix="name each state and input once"
            )
        if self.device != "cpu":
            _require_device(self.device)
        values = np.asarray(self.parameters)
        if (
            values is not self.parameters
            or values.shape != (form.n_parameters,)
            or values.dtype != np.float64
        ):
            raise ProblemError(
                f"the parameters have the shape {values.shape} and the type {values.dtype}",
                why=f"a {kind} has {form.n_parameters} of them, in float64",
                fix="start from form.initial(seed)",
            )

    @property
    def order(self) -> int:
        """Order in time, 1 or 2."""
        return self.form.order

    def with_parameters(self, parameters: Array) -> NetField:
        """The same field with other parameters, ``(p,)``."""
        return replace(self, parameters=real_numbers(parameters, "parameters"))

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative, ``(n, d)``; see `VectorField.rate`."""
        theta, motion, signal = self._tensors(states, velocities, inputs)
        rows = max(1, TILE // (self._copies * (len(theta) + motion.shape[1])))
        with torch.no_grad():
            tiles = [
                self.form.rate(theta, some, other)
                for some, other in zip(
                    torch.split(motion, rows), torch.split(signal, rows), strict=True
                )
            ]
        return _joined(tiles)

    def linearised(
        self, time: Array, states: Array, velocities: Array | None, inputs: Array
    ) -> Linearisation:
        """Rate and its derivatives at the present parameters; arguments as of `rate`.

        One pass backwards for each state and point, all of a tile at once.
        """
        theta, motion, signal = self._tensors(states, velocities, inputs)
        d = self.form.n_states
        weights = _most_weights(self.form)
        rows = max(1, TILE // (d * self._copies * (weights + motion.shape[1])))
        n = len(motion)
        rate, by_motion, by_parameter = (
            np.empty((n, d)),
            np.empty((n, d, motion.shape[1])),
            np.empty((n, d, len(theta))),
        )
        for start in range(0, n, rows):
            tile = slice(start, start + rows)
            slopes = slopes_of(self.form, len(motion[tile]), self.device)
            (first, second), value = slopes(theta, motion[tile], signal[tile])
            for into, found in ((rate, value), (by_motion, second), (by_parameter, first)):
                torch.from_numpy(into[tile]).copy_(found)
        return Linearisation(rate, by_motion, by_parameter)

    @property
    def _copies(self) -> int:
        """Images of each point inside the form; the units of all of them are alive at a time."""
        # Points are copied, not weights: a group of up to eight takes less room than the weights.
        return max(1, _images(self.form) // 8)

    def _tensors(
        self, states: Array, velocities: Array | None, inputs: Array
    ) -> tuple[Tensor, Tensor, Tensor]:
        motion = states if velocities is None else np.concatenate([states, velocities], axis=1)
        theta, point, signal = (
            torch.tensor(array, dtype=torch.float64, device=self.device)
            for array in (self.parameters, motion, inputs)
        )
        return theta, point, signal


def _require_device(device: str) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ProblemError(
            f"torch cannot compute on {device!r}",
            why=str(error).splitlines()[0],
            fix="use device='cpu', or install torch for this device",
        ) from error


def _joined(tiles: list[Tensor]) -> Array:
    """Tiles below each other as one array; a copy, so that nobody else writes into it."""
    whole = tiles[0] if len(tiles) == 1 else torch.cat(tiles)
    return np.array(whole.cpu().numpy())


def _images(part: object) -> int:
    """Elements of the groups over which a form averages, one inside the other."""
    own = len(part.elements) if isinstance(part, AveragedField | AveragedScalar) else 1
    if not is_dataclass(part):
        return own
    return own * max((_images(getattr(part, one.name)) for one in fields(part)), default=1)


def _most_weights(part: object) -> int:
    """Parameters of a form, or of one inside it that has more: slopes by all of them are made."""
    inside = (getattr(part, one.name) for one in fields(part)) if is_dataclass(part) else ()
    return max(getattr(part, "n_parameters", 0), *map(_most_weights, inside), 0)
