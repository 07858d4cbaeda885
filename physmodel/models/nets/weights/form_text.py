"""Forms as plain data, and back: by names of a list, every field checked against its type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.nets.blocks import PositiveQuadratic
from physmodel.models.nets.form import Form, Scalar
from physmodel.models.nets.known_scalar import KnownScalar
from physmodel.models.nets.mlp import MLPField, MLPScalar, MLPVector
from physmodel.models.nets.restricted import AtRest, Positive
from physmodel.models.nets.scaled import ScaledForm, ScaledScalar
from physmodel.models.nets.scaling import Scaling
from physmodel.models.nets.structure.constrained import Constrained
from physmodel.models.nets.structure.dissipative import GradientFlow, Metriplectic
from physmodel.models.nets.structure.divergence_free import DivergenceFree
from physmodel.models.nets.structure.hamiltonian import Hamiltonian, Separable
from physmodel.models.nets.structure.lagrangian import Lagrangian
from physmodel.models.nets.structure.many_bodies import ManyBodies
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.structure.stable import Stable
from physmodel.models.nets.symmetry.averaged import (
    AveragedField,
    AveragedScalar,
    FieldElement,
    ScalarElement,
)
from physmodel.models.nets.symmetry.invariant import EquivariantField, InvariantScalar
from physmodel.models.nets.symmetry.invariants import Invariants
from physmodel.models.nets.weights.low_rank import LowRank
from physmodel.models.nets.weights.pruned import PrunedForm
from physmodel.models.nets.weights.random_units import RandomUnits
from physmodel.problem.known.rods import Rods

Array = NDArray[np.float64]

#: What may be named in a file: forms of fields, scalars, and their parts.
FORMS = (
    AtRest,
    AveragedField,
    Constrained,
    DivergenceFree,
    EquivariantField,
    GradientFlow,
    Hamiltonian,
    Lagrangian,
    LowRank,
    Mechanical,
    Metriplectic,
    MLPField,
    PortHamiltonian,
    Positive,
    PrunedForm,
    RandomUnits,
    ScaledForm,
    Stable,
)
SCALARS = (
    AveragedScalar,
    InvariantScalar,
    KnownScalar,
    ManyBodies,
    MLPScalar,
    PositiveQuadratic,
    ScaledScalar,
    Separable,
)
PARTS = (FieldElement, Invariants, MLPVector, Rods, ScalarElement, Scaling)
NAMED: Mapping[str, Any] = {one.__name__: one for one in (*FORMS, *SCALARS, *PARTS)}

#: Forms inside forms at most.
DEEPEST = 20


def text_of(value: Any, arrays: dict[str, Array], place: str = "form") -> Any:
    """A form as JSON values; arrays are put aside under their place in it.

    Raises ProblemError if a part has no name in files.
    """
    if is_dataclass(value) and not isinstance(value, type):
        name = type(value).__name__
        if NAMED.get(name) is not type(value):
            raise ProblemError(
                f"a {name} cannot be saved",
                why="files name forms from a fixed list, so that nothing in them can run",
                fix="save the parameters, and make the form anew",
            )
        parts = {
            one.name: text_of(getattr(value, one.name), arrays, f"{place}.{one.name}")
            for one in fields(value)
        }
        return {"kind": name, **parts}
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    return [text_of(one, arrays, place) for one in value] if isinstance(value, tuple) else value


def form_of(described: Any, arrays: Mapping[str, Array]) -> Form:
    """The form of `text_of`.

    Raises PhysmodelError, ValueError if a name is not in the list, or a field is not of the type
    that it should have.
    """
    found: Form = _built(described, Form, arrays, DEEPEST)
    return found


def _built(value: Any, kind: Any, arrays: Mapping[str, Array], depth: int) -> Any:
    """A value of a declared type."""
    origin = get_origin(kind)
    if depth < 0:
        raise ValueError("the form is nested too deeply")
    if origin in (Union, UnionType):
        options = [one for one in get_args(kind) if one is not NoneType]
        if value is None and len(options) < len(get_args(kind)):
            return None
        return _built(value, options[0], arrays, depth)
    if origin is tuple:
        return _tuple(value, get_args(kind), arrays, depth)
    if origin is np.ndarray:
        return arrays[value["array"]]
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if kind in (int, bool, str) and type(value) is kind:
        return value
    if kind in (Form, Scalar) or is_dataclass(kind):
        return _dataclass(value, kind, arrays, depth)
    raise ValueError(f"{value!r} stands where a {getattr(kind, '__name__', kind)} should")


def _tuple(value: Any, kinds: tuple[Any, ...], arrays: Mapping[str, Array], depth: int) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} stands where a list should")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    return tuple(_built(one, kind, arrays, depth) for one, kind in zip(value, kinds, strict=True))


def _dataclass(value: Any, kind: Any, arrays: Mapping[str, Array], depth: int) -> Any:
    allowed = {Form: FORMS, Scalar: SCALARS}.get(kind, (kind,))
    chosen = NAMED.get(value["kind"])
    if chosen is None or chosen not in allowed:
        raise ValueError(f"{value['kind']!r} is no {kind.__name__}")
    declared = get_type_hints(chosen)
    if set(value) != {"kind", *(one.name for one in fields(chosen))}:
        raise ValueError(f"a {chosen.__name__} has other fields than {sorted(value)}")
    parts = {
        one.name: _built(value[one.name], declared[one.name], arrays, depth - 1)
        for one in fields(chosen)
    }
    return chosen(**parts)
