"""Exact symmetry of networks from `Symmetry` objects.

Finite groups act by averaging, translations and rotations by invariants. Where a scalar is behind
the field, as in Hamilton's equations, the scalar is made symmetric, so that the structure stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.nets.form import Form, Scalar
from physmodel.models.nets.mlp import MLPField, MLPScalar, MLPVector
from physmodel.models.nets.restricted import Positive
from physmodel.models.nets.scaled import ScaledForm, ScaledScalar
from physmodel.models.nets.structure.dissipative import GradientFlow
from physmodel.models.nets.structure.divergence_free import DivergenceFree
from physmodel.models.nets.structure.hamiltonian import Hamiltonian, canonical_order
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.symmetry.averaged import (
    AveragedField,
    AveragedScalar,
    FieldElement,
    Rows,
    ScalarElement,
)
from physmodel.models.nets.symmetry.invariant import (
    EquivariantField,
    InvariantScalar,
    outputs_needed,
)
from physmodel.models.nets.symmetry.limits import (
    is_identity,
    nothing_left,
    require_normal,
    require_still,
    signs_of,
    unsupported,
)
from physmodel.models.nets.symmetry.orbits import Flow, invariants_of
from physmodel.problem.known.symmetry import Symmetry

Array = NDArray[np.float64]


def symmetrised(model: Any, symmetry: Symmetry, names: Sequence[str]) -> Any:
    """The same family of models, with an exact symmetry for any parameters.

    Parameters
    ----------
    model : Form or Scalar
        A scalar or a field of networks, or a Hamiltonian form.
    symmetry : Symmetry
        See `physmodel.problem.known.symmetry.product_of` for several at a time.
    names : sequence of str
        Variables of the model in their order: states, then inputs; variables of a scalar.

    Returns
    -------
    Form or Scalar
        As the model. With a continuous symmetry it has other parameters.

    Raises
    ------
    ProblemError
        If the symmetry, or this symmetry of this model, cannot be kept exactly.
    """
    if not isinstance(symmetry, Symmetry):
        raise ProblemError(
            f"{symmetry!r} is no symmetry",
            fix="make one: physmodel.problem.known.finite.parity('q')",
        )
    names = tuple(names)
    wanted = getattr(model, "n_variables", None)
    if wanted is None and hasattr(model, "n_states"):
        wanted = model.n_states + model.n_inputs
    if len(set(names)) < len(names) or len(names) != wanted:
        raise ProblemError(
            f"{', '.join(names)} are not the variables of a {type(model).__name__}",
            why=f"it has {wanted} of them",
            fix="name each state, then each input, once",
        )
    whole = symmetry.on(names)
    require_normal(whole)
    if isinstance(model, ScaledForm | ScaledScalar):
        inside = model.scaling.inside(whole)
        return replace(model, inner=symmetrised(model.inner, inside, names))
    if isinstance(model, Hamiltonian):
        partner, sign = canonical_order(model.n_states, model.pairs)
        bracket = np.zeros((model.n_states, model.n_states))
        bracket[np.arange(model.n_states), partner] = sign
        signs = signs_of(model, whole, bracket, 1)
        return replace(model, energy=_scalar(model.energy, whole, signs))
    if isinstance(model, GradientFlow | Mechanical):
        if model.n_parameters != model.potential.n_parameters:
            raise unsupported(model, whole, "its matrices are free, and would not be symmetric")
        signs = signs_of(model, whole, np.eye(model.n_states), model.order)
        return replace(model, potential=_scalar(model.potential, whole, signs))
    if isinstance(model, Positive):
        _require_exchange(model, whole)
        return replace(model, inner=symmetrised(model.inner, symmetry, names))
    if hasattr(model, "gradient"):
        return _scalar(model, whole, [1.0] * len(whole.group()))
    return _field(model, whole)


def _scalar(scalar: Scalar, whole: Symmetry, signs: Sequence[float]) -> Scalar:
    flows = _flows(whole, scalar.n_variables, order=1)
    if flows:
        invariants = invariants_of(flows, scalar.n_variables)
        if not isinstance(scalar, MLPScalar):
            raise unsupported(scalar, whole, "a continuous symmetry needs a plain network")
        if not invariants.count:
            raise nothing_left(whole)
        scalar = InvariantScalar(replace(scalar, n_variables=invariants.count), invariants)
    group = whole.group()
    if len(group) == 1:
        return scalar
    elements = tuple(
        ScalarElement(_rows(one.linear), tuple(one.offset.tolist()), sign)
        for one, sign in zip(group, signs, strict=True)
    )
    for one, sign in zip(group, signs, strict=True):
        require_still(one, whole)
        if sign < 0.0 and is_identity(one):
            raise nothing_left(whole)
    return AveragedScalar(scalar, elements)


def _field(form: Form, whole: Symmetry) -> Form:
    d = form.n_states
    n_points = form.order * d + form.n_inputs
    flows = _flows(whole, d, form.order)
    if flows:
        invariants = invariants_of(flows, n_points)
        if not isinstance(form, MLPField):
            raise unsupported(form, whole, "a continuous symmetry needs a plain network")
        network = MLPVector(
            invariants.count, outputs_needed(invariants, d), form.hidden, form.bias, form.linear
        )
        form = EquivariantField(network, invariants, d, form.n_inputs, form.order)
    elif not isinstance(form, MLPField | DivergenceFree):
        raise unsupported(form, whole, "its structure would not survive an average of fields")
    group = whole.group()
    if len(group) == 1:
        return form
    elements = []
    for one in group:
        require_still(one, whole)
        linear, offset = np.eye(n_points), np.zeros(n_points)
        own, moved = one.linear[:d, :d], n_points - form.n_inputs
        linear[:d, :d], offset[:d] = own, one.offset[:d]
        if form.order == 2:
            linear[d:moved, d:moved] = own / one.time
        linear[moved:, moved:], offset[moved:] = one.linear[d:, d:], one.offset[d:]
        back = np.asarray(np.linalg.inv(own) * one.time**form.order, dtype=np.float64)
        if np.array_equal(linear, np.eye(n_points)) and back[0, 0] < 0.0 and not offset.any():
            raise nothing_left(whole)
        elements.append(FieldElement(_rows(linear), tuple(offset.tolist()), _rows(back)))
    return AveragedField(form, tuple(elements))


def _flows(whole: Symmetry, n_states: int, order: int) -> list[Flow]:
    """Generators as flows of the point: states, velocities (order 2), inputs."""
    n_names = len(whole.variables)
    size = n_names + (order - 1) * n_states
    place = [*range(n_states), *range(order * n_states, size)]
    found = []
    for one in whole.generators:
        if one.time:
            raise ProblemError(
                f"networks cannot keep the symmetry {whole.name!r} exactly",
                why="it stretches the time",
                fix="impose it on a sparse model, or train in units that it leaves alone",
            )
        linear = np.zeros((size, size))
        linear[np.ix_(place, place)] = one.linear
        shift = np.zeros(size)
        shift[place] = one.offset
        if order == 2:
            moving = slice(n_states, 2 * n_states)
            linear[moving, moving] = one.linear[:n_states, :n_states]
        elif one.boost[:n_states].any():
            raise ProblemError(
                f"networks of first order cannot keep the symmetry {whole.name!r}",
                why="it adds a velocity to states",
                fix="model the positions alone, with order = 2",
            )
        if one.boost.any():  # at one time a shift of the velocities, later also one of positions
            faster, farther = np.zeros(size), np.zeros(size)
            faster[n_states : 2 * n_states] = one.boost[:n_states]
            farther[place] = one.boost
            found += [Flow(whole.name, np.zeros((size, size)), way) for way in (faster, farther)]
        if linear.any() or shift.any():
            found.append(Flow(whole.name, linear, shift))
    return found


def _rows(matrix: Array) -> Rows:
    return tuple(tuple(float(value) for value in row) for row in matrix)


def _require_exchange(form: Positive, whole: Symmetry) -> None:
    """Relative rates move along with exchanges of positive states, and with nothing else."""
    positive = np.isin(np.arange(form.n_states), form.places)
    for one in whole.group():
        matrix = one.linear[: form.n_states, : form.n_states]
        exchange = np.all((matrix == 0.0) | (matrix == 1.0)) and one.time == 1.0
        if not exchange or one.offset.any() or np.any(matrix[positive][:, ~positive]):
            raise unsupported(form, whole, "it does more than exchange positive states")
    if whole.generators:
        raise unsupported(form, whole, "no flow keeps the sign of all states")
