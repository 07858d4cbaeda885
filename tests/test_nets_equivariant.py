"""Exact symmetry of networks with any weights, and broken twins that are caught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.models.nets.form import Form
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.symmetry.averaged import AveragedField, AveragedScalar
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.models.nets.symmetry.invariant import EquivariantField, InvariantScalar
from physmodel.problem.known.finite import (
    cyclic,
    mapped,
    mirror,
    parity,
    permutation,
    reflection,
    time_reversal,
)
from physmodel.problem.known.lie import (
    galilean,
    phase,
    rotation,
    scaling,
    time_translation,
    translation,
)
from physmodel.problem.known.symmetry import Symmetry, product_of
from physmodel.testing.symmetry import check_symmetry

#: Averages and invariants are sums of some ten products, each rounded once.
ROUNDING = 1e-12

PAIR = ("q1", "q2", "p1", "p2")
BODIES = (("x1", "y1", "z1"), ("x2", "y2", "z2"))
MOMENTA = tuple(tuple(f"p{name}" for name in body) for body in BODIES)
SPACE = tuple(name for body in BODIES for name in body)
PHASE_SPACE = SPACE + tuple(name for body in MOMENTA for name in body)

CANONICAL = {
    "time reversal": (PAIR, time_reversal("p1", "p2")),
    "reflection": (PAIR, reflection("q1", "p1")),
    "parity": (PAIR, parity(*PAIR)),
    "exchange": (PAIR, permutation(["q1", "p1"], ["q2", "p2"])),
    "quarter turns": (
        PAIR,
        mapped({"q1": {"q2": -1}, "q2": {"q1": 1}, "p1": {"p2": -1}, "p2": {"p1": 1}}),
    ),
    "against the pairs": (PAIR, reflection("q1", "q2")),
    "time reversal of positions": (PAIR, time_reversal("q1", "q2")),
    "SO(2)": (PAIR, rotation(["q1", "q2"], ["p1", "p2"])),
    "phase": (PAIR, phase(["q1", "p1"], ["q2", "p2"])),
    "translation": (PAIR, translation(["q1"], ["q2"])),
    "O(2) and time": (
        PAIR,
        product_of(
            rotation(["q1", "q2"], ["p1", "p2"]),
            time_reversal("p1", "p2"),
            reflection("q1", "p1"),
            time_translation(),
        ),
    ),
    "two like bodies in space": (
        PHASE_SPACE,
        product_of(
            rotation(*BODIES, *MOMENTA),
            translation(*BODIES),
            permutation(BODIES[0] + MOMENTA[0], BODIES[1] + MOMENTA[1]),
        ),
    ),
}

PLAIN = {
    "parity": (MLPField(2), ("x", "y"), (), parity("x", "y")),
    "C4": (MLPField(2), ("x", "y"), (), mapped({"x": {"y": -1}, "y": {"x": 1}})),
    "C3": (MLPField(3), ("x", "y", "z"), (), cyclic("x", "y", "z")),
    "S3, second order": (MLPField(3, 0, 2), ("x", "y", "z"), (), permutation("x", "y", "z")),
    "mirror": (MLPField(3, 0, 2), ("x", "y", "z"), (), mirror("x", "y", "z")),
    "time reversal": (MLPField(2, 0, 2), ("x", "y"), (), time_reversal()),
    "time reversal, first order": (MLPField(2), ("x", "v"), (), time_reversal("v")),
    "input": (MLPField(2, 1), ("x", "y"), ("u",), parity("x", "y", "u")),
    "shifted mirror": (
        MLPField(2),
        ("x", "y"),
        (),
        mapped({"x": {"x": -1}}, offset={"x": 3.0}),
    ),
    "SO(2) of state and input": (
        MLPField(3, 2, 2),
        ("x", "y", "h"),
        ("u", "v"),
        rotation(["x", "y"], ["u", "v"]),
    ),
    "SO(3), one vector": (MLPField(3), ("x", "y", "z"), (), rotation("x", "y", "z")),
    "translation": (MLPField(2), ("x", "y"), (), translation(["x"], ["y"])),
    "Euclid": (
        MLPField(6, 0, 2),
        SPACE,
        (),
        product_of(rotation(*BODIES), translation(*BODIES), permutation(*BODIES)),
    ),
    "Galilei": (MLPField(6, 0, 2), SPACE, (), product_of(rotation(*BODIES), galilean(*BODIES))),
    "O(3)": (MLPField(6), SPACE, (), product_of(rotation(*BODIES), parity(*SPACE))),
}


def made(
    form: Form, states: tuple[str, ...], inputs: tuple[str, ...], data: st.DataObject
) -> NetField:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    size = data.draw(st.floats(0.1, 2.0))
    return NetField(form, states, inputs, rng.normal(scale=size, size=form.n_parameters))


@pytest.mark.parametrize("name", CANONICAL)
@settings(max_examples=5)
@given(st.data())
def test_hamiltonian_fields_are_equivariant(name: str, data: st.DataObject) -> None:
    names, symmetry = CANONICAL[name]
    form = symmetrised(Hamiltonian(MLPScalar(len(names), (6,))), symmetry, names)
    assert isinstance(form, Hamiltonian)
    check_symmetry(symmetry, made(form, names, (), data), tolerance=ROUNDING)


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=5)
@given(st.data())
def test_fields_are_equivariant(name: str, data: st.DataObject) -> None:
    form, states, inputs, symmetry = PLAIN[name]
    made_symmetric = symmetrised(replace(form, hidden=(6,)), symmetry, (*states, *inputs))
    field = made(made_symmetric, states, inputs, data)
    check_symmetry(symmetry, field, tolerance=ROUNDING)


@pytest.mark.parametrize("name", ["reflection", "exchange", "against the pairs", "SO(2)"])
def test_an_ordinary_network_is_not_equivariant(name: str) -> None:
    names, symmetry = CANONICAL[name]
    form = Hamiltonian(MLPScalar(len(names), (6,)))
    field = NetField(form, names, (), np.random.default_rng(0).normal(size=form.n_parameters))
    with pytest.raises(AssertionError, match="differs from g f"):
        check_symmetry(symmetry, field)


def test_broken_twins_are_caught() -> None:
    """One element left out, one sign wrong, one component in the wrong place."""
    rng = np.random.default_rng(0)

    def refused(form: Form, names: tuple[str, ...], symmetry: Symmetry) -> None:
        field = NetField(form, names, (), rng.normal(size=form.n_parameters))
        with pytest.raises(AssertionError, match="differs from g f"):
            check_symmetry(symmetry, field, tolerance=ROUNDING)

    names, symmetry = CANONICAL["quarter turns"]
    form = symmetrised(Hamiltonian(MLPScalar(4, (6,))), symmetry, names)
    assert isinstance(form.energy, AveragedScalar)
    short = replace(form.energy, elements=form.energy.elements[:-1])
    refused(replace(form, energy=short), names, symmetry)

    names, symmetry = CANONICAL["against the pairs"]
    form = symmetrised(Hamiltonian(MLPScalar(4, (6,))), symmetry, names)
    even = tuple(replace(one, sign=1.0) for one in form.energy.elements)
    refused(replace(form, energy=replace(form.energy, elements=even)), names, symmetry)

    names, symmetry = CANONICAL["SO(2)"]
    form = symmetrised(Hamiltonian(MLPScalar(4, (6,))), symmetry, names)
    assert isinstance(form.energy, InvariantScalar)
    swapped = replace(form.energy.invariants, vectors=((0, 1), (3, 2)))
    refused(replace(form, energy=replace(form.energy, invariants=swapped)), names, symmetry)

    field, names, _, symmetry = PLAIN["time reversal, first order"]
    average = symmetrised(field, symmetry, names)
    assert isinstance(average, AveragedField)
    forward = tuple(
        replace(one, back=tuple(tuple(abs(w) for w in row) for row in one.back))
        for one in average.elements
    )
    refused(replace(average, elements=forward), names, symmetry)

    field, names, _, symmetry = PLAIN["Euclid"]
    euclid = symmetrised(field, symmetry, names).inner
    assert isinstance(euclid, EquivariantField)
    absolute = replace(euclid.invariants, between=tuple(map(tuple, np.eye(4))))
    network = replace(euclid.network, n_variables=absolute.count, n_outputs=2 * (4 + 6))
    refused(replace(euclid, network=network, invariants=absolute), names, translation(*BODIES))


@pytest.mark.parametrize(
    ("symmetry", "why"),
    [
        (scaling({"q1": 1.0, "p1": -1.0}), "no rotation"),
        (scaling({"q1": 1.0, "p1": 1.0}), "what makes a field of the scalar"),
        (rotation("q1", "q2"), "what makes a field of the scalar"),
        (reflection("q1"), "some parts"),
        (galilean(["q1", "q2"]), "adds a velocity"),
        (product_of(rotation(["q1", "q2"], ["p1", "p2"]), translation("q1")), "along all axes"),
        (time_reversal(), "nothing moves"),
        (
            product_of(translation("q1"), permutation(["q1", "p1"], ["q2", "p2"])),
            "name all axes",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(symmetry: Symmetry, why: str) -> None:
    with pytest.raises(ProblemError, match=why):
        symmetrised(Hamiltonian(MLPScalar(4)), symmetry, PAIR)


def test_two_rotations_that_are_independent_are_refused() -> None:
    both = product_of(rotation("x1", "y1"), rotation("x2", "y2"))
    with pytest.raises(ProblemError, match="some vectors turn and others do not"):
        symmetrised(MLPField(4), both, ("x1", "y1", "x2", "y2"))


def test_translations_far_away_leave_no_more_than_the_rounding_of_the_positions() -> None:
    symmetry = translation(["x"], ["y"])
    form = symmetrised(MLPField(2, hidden=(6,)), symmetry, ("x", "y"))
    field = NetField(form, ("x", "y"), (), form.initial(0))
    near = np.array([[0.25, 1.5]])
    far = near + 2.0**20  # no digit is lost
    time, nothing = np.zeros(1), np.empty((1, 0))
    assert np.array_equal(
        field.rate(time, near, None, nothing), field.rate(time, far, None, nothing)
    )
