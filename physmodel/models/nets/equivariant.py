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
from physmodel.models.nets.averaged import (
    AveragedField,
    AveragedScalar,
    FieldElement,
    Rows,
    ScalarElement,
)
from physmodel.models.nets.form import Form, Scalar
from physmodel.models.nets.hamiltonian import Hamiltonian, canonical_order
from physmodel.models.nets.invariant import EquivariantField, InvariantScalar, outputs_needed
from physmodel.models.nets.mlp import MLPField, MLPScalar, MLPVector
from physmodel.models.nets.orbits import Flow, invariants_of
from physmodel.problem.affine import Affine
from physmodel.problem.symmetry import Symmetry

Array = NDArray[np.float64]

#: Difference of matrices below which they are the same: group elements are products of others.
SAME = 1e-9


def symmetrised(model: Any, symmetry: Symmetry, names: Sequence[str]) -> Any:
    """The same family of models, with an exact symmetry for any parameters.

    Parameters
    ----------
    model : Form or Scalar
        A scalar or a field of networks, or a Hamiltonian form.
    symmetry : Symmetry
        See `physmodel.problem.symmetry.product_of` for several at a time.
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
    whole = symmetry.on(tuple(names))
    _require_normal(whole)
    if isinstance(model, Hamiltonian):
        signs = _canonical_signs(model, whole)
        return replace(model, energy=_scalar(model.energy, whole, signs))
    if hasattr(model, "gradient"):
        return _scalar(model, whole, [1.0] * len(whole.group()))
    return _field(model, whole)


def _scalar(scalar: Scalar, whole: Symmetry, signs: Sequence[float]) -> Scalar:
    flows = _flows(whole, scalar.n_variables, order=1)
    if flows:
        invariants = invariants_of(flows, scalar.n_variables)
        if not isinstance(scalar, MLPScalar):
            raise _unsupported(scalar, whole, "a continuous symmetry needs a plain network")
        if not invariants.count:
            raise _nothing_left(whole)
        scalar = InvariantScalar(replace(scalar, n_variables=invariants.count), invariants)
    group = whole.group()
    if len(group) == 1:
        return scalar
    elements = tuple(
        ScalarElement(_rows(one.linear), tuple(one.offset.tolist()), sign)
        for one, sign in zip(group, signs, strict=True)
    )
    for one, sign in zip(group, signs, strict=True):
        _require_still(one, whole)
        if sign < 0.0 and _is_identity(one):
            raise _nothing_left(whole)
    return AveragedScalar(scalar, elements)


def _field(form: Form, whole: Symmetry) -> Form:
    d = form.n_states
    n_points = form.order * d + form.n_inputs
    flows = _flows(whole, d, form.order)
    if flows:
        invariants = invariants_of(flows, n_points)
        if not isinstance(form, MLPField):
            raise _unsupported(form, whole, "a continuous symmetry needs a plain network")
        network = MLPVector(
            invariants.count, outputs_needed(invariants, d), form.hidden, form.bias, form.linear
        )
        form = EquivariantField(network, invariants, d, form.n_inputs, form.order)
    elif not isinstance(form, MLPField):
        raise _unsupported(form, whole, "its structure would not survive an average of fields")
    group = whole.group()
    if len(group) == 1:
        return form
    elements = []
    for one in group:
        _require_still(one, whole)
        linear, offset = np.eye(n_points), np.zeros(n_points)
        own, moved = one.linear[:d, :d], n_points - form.n_inputs
        linear[:d, :d], offset[:d] = own, one.offset[:d]
        if form.order == 2:
            linear[d:moved, d:moved] = own / one.time
        linear[moved:, moved:], offset[moved:] = one.linear[d:, d:], one.offset[d:]
        back = np.asarray(np.linalg.inv(own) * one.time**form.order, dtype=np.float64)
        if np.array_equal(linear, np.eye(n_points)) and back[0, 0] < 0.0 and not offset.any():
            raise _nothing_left(whole)
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


def _canonical_signs(form: Hamiltonian, whole: Symmetry) -> list[float]:
    """Sign of the energy under each element: ``A J A^T = sign s J`` with the time factor ``s``."""
    partner, sign = canonical_order(form.n_states, form.pairs)
    j = np.zeros((form.n_states, form.n_states))
    j[np.arange(form.n_states), partner] = sign
    for one in whole.generators:
        if np.abs(one.linear @ j + j @ one.linear.T).max(initial=0.0) > SAME:
            raise _unsupported(form, whole, "it does not keep the pairs of coordinate and momentum")
    found = []
    for one in whole.group():
        image = one.linear @ j @ one.linear.T * one.time
        if np.abs(image - j).max() <= SAME:
            found.append(1.0)
        elif np.abs(image + j).max() <= SAME:
            found.append(-1.0)
        else:
            raise _unsupported(
                form, whole, "it changes some pairs of coordinate and momentum and others not"
            )
    return found


def _require_normal(whole: Symmetry) -> None:
    """Averages of invariants stay invariant if the elements map the generators to each other."""
    if not whole.generators:
        return
    span = np.array([one.matrix.ravel() for one in whole.generators]).T
    for one in whole.elements:
        inverse = one.inverse().matrix
        images = [(one.matrix @ g.matrix @ inverse).ravel() for g in whole.generators]
        left = np.array(images).T
        if np.abs(span @ np.linalg.lstsq(span, left)[0] - left).max() > SAME:
            raise ProblemError(
                f"networks cannot keep the symmetry {whole.name!r} exactly",
                why="its finite part turns its continuous part into another one",
                fix="name all axes of the continuous symmetry",
            )


def _require_still(one: Affine, whole: Symmetry) -> None:
    if one.boost.any():
        raise ProblemError(f"networks cannot keep the symmetry {whole.name!r}: it adds velocities")


def _is_identity(one: Affine) -> bool:
    return bool(
        np.abs(one.linear - np.eye(len(one.linear))).max(initial=0.0) <= SAME
        and np.abs(one.offset).max(initial=0.0) <= SAME
    )


def _rows(matrix: Array) -> Rows:
    return tuple(tuple(float(value) for value in row) for row in matrix)


def _unsupported(model: object, whole: Symmetry, why: str) -> ProblemError:
    return ProblemError(
        f"a {type(model).__name__} cannot keep the symmetry {whole.name!r} exactly",
        why=why,
        fix="leave the symmetry out, or choose a Hamiltonian or a field without structure",
    )


def _nothing_left(whole: Symmetry) -> ProblemError:
    return ProblemError(
        f"nothing moves under the symmetry {whole.name!r}",
        why="only the field that is zero everywhere, or no variable at all, keeps it",
        fix="name the states that change sign, such as time-reversal:p",
    )
