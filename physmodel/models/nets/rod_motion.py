"""Long runs of networks with rods, by steps that keep the lengths and do not lose the energy."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.models.nets.constrained import Constrained
from physmodel.models.nets.net_field import NetField
from physmodel.models.rattle import rattle

Array = NDArray[np.float64]


def simulate_rods(
    field: NetField, time: ArrayLike, start: ArrayLike, start_velocity: ArrayLike, *, order: int = 4
) -> Array:
    """Integrate a field of the form `Constrained` with `physmodel.models.rattle.rattle`.

    Parameters
    ----------
    field : NetField
    time : array_like (n,)
        One step for each.
    start, start_velocity : array_like (d,)
    order : {2, 4, 6}

    Returns
    -------
    ndarray (n, 2 d)
        Positions, then velocities.

    Raises
    ------
    ProblemError
        If the field has another form, or times or starts make no sense.
    PhysmodelError
        If the steps are too long; the message names the time reached.
    """
    form = field.form
    if not isinstance(form, Constrained):
        raise ProblemError(
            f"a {type(form).__name__} has no rods to keep",
            fix="use physmodel.models.vector_field.simulate",
        )
    theta = torch.tensor(field.parameters, dtype=torch.float64, device=field.device)

    def force(position: Array) -> Array:
        with torch.no_grad():
            found = form.force(theta, torch.tensor(position, device=field.device))
        return np.asarray(found.cpu().numpy())

    masses = form.mass(theta).cpu().numpy()
    return rattle(force, form.rods, masses, time, start, start_velocity, order=order)
