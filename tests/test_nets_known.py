"""Networks from laws and symmetries that are known, in any units."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import DataError, ProblemError
from physmodel.models.fields.linear_field import Points
from physmodel.models.nets.known_scalar import KnownScalar
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.restricted import Positive
from physmodel.models.nets.scaled import ScaledScalar
from physmodel.models.nets.scaling import Scaling, scaling_of
from physmodel.models.nets.structure.choice import form_for
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.problem.known.law_text import read_law
from physmodel.problem.known.symmetry_text import read_symmetry
from physmodel.testing.field import check_field
from physmodel.testing.law import check_law
from physmodel.testing.symmetry import check_symmetry

#: States, order, law.
LAWS = {
    "hamiltonian": (("q1", "q2", "p1", "p2"), 1, "hamiltonian:q1,p1;q2,p2"),
    "hamiltonian, mixed": (("q", "p"), 1, "hamiltonian:p,q"),
    "conserved": (("x", "y", "z"), 1, "conserves:x^2+2*y^2+3*z^2"),
    "conserved, one function": (("x", "y"), 1, "conserves:x-log(x)+y-log(y)"),
    "dissipated": (("x", "v"), 1, "dissipates:v^2/2+1-cos(x)"),
    "energy": (("x", "y"), 2, "conserves:energy"),
    "damped energy": (("x", "y"), 2, "dissipates:energy"),
    "lagrangian": (("x", "y", "z"), 2, "lagrangian"),
    "gradient flow": (("x", "y"), 1, "gradient-flow"),
    "divergence": (("x", "y", "z"), 1, "divergence-free"),
    "positive": (("x", "y", "z"), 1, "positive:x,z"),
    "rest": (("x", "y"), 1, "equilibrium:x=1,y=0.5"),
    "rest on a line": (("x", "y"), 1, "equilibrium:y=0.75"),
    "rest, second order": (("x", "y"), 2, "equilibrium:x=1"),
}


def places(n_states: int, order: int, count: int = 12) -> Points:
    rng = np.random.default_rng(3)
    velocities = rng.uniform(-1.0, 1.0, (count, n_states)) if order == 2 else None
    states = rng.uniform(0.6, 1.4, (count, n_states))
    return Points(np.zeros(count), states, velocities, np.empty((count, 0)))


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", LAWS)
@settings(max_examples=3)
@given(seed=st.integers(0, 10**6))
def test_laws_hold_for_any_weights(name: str, scaled: bool, seed: int) -> None:
    states, order, text = LAWS[name]
    law, rng = read_law(text, states), np.random.default_rng(seed)
    samples = None
    if scaled:
        values = rng.uniform(0.6, 1.4, (50, len(states)))
        samples = (values, rng.normal(size=values.shape) * 10.0 ** rng.uniform(-2, 2))
    form = form_for(states, order=order, laws=[law], hidden=(5,), samples=samples)
    weights = form.initial(seed) + 0.3 * rng.normal(size=form.n_parameters)
    field, where = NetField(form, states, (), weights), places(len(states), order)
    check_field(field, where)
    # Fields that are no expressions are differentiated numerically, which leaves some 1e-9.
    check_law(law, field, where, tolerance=1e-7)


@pytest.mark.parametrize("name", LAWS)
def test_a_network_without_structure_obeys_no_law(name: str) -> None:
    states, order, text = LAWS[name]
    law = read_law(text, states)
    form = MLPField(len(states), 0, order, (5,))
    weights = np.random.default_rng(0).normal(size=form.n_parameters)
    with pytest.raises(AssertionError):
        check_law(
            law, NetField(form, states, (), weights), places(len(states), order), tolerance=1e-7
        )


@settings(max_examples=15)
@given(
    name=st.sampled_from(("hamiltonian", "conserved", "energy", "gradient flow", "lagrangian")),
    decades=st.floats(-6.0, 6.0),
    time=st.floats(-6.0, 6.0),
    seed=st.integers(0, 1000),
)
def test_a_change_of_units_changes_nothing(
    name: str, decades: float, time: float, seed: int
) -> None:
    states, order, text = LAWS[name]
    rng, unit, clock = np.random.default_rng(seed), 10.0**decades, 10.0**time
    values = rng.uniform(0.6, 1.4, (40, len(states)))
    rates = rng.normal(size=values.shape)
    text_of_unit = text
    if name == "conserved":
        text_of_unit = f"conserves:({text.split(':')[1]})*{1.0 / unit**2!r}"
    before = form_for(
        states, order=order, laws=[read_law(text, states)], samples=(values, rates), hidden=(5,)
    )
    after = form_for(
        states,
        order=order,
        laws=[read_law(text_of_unit, states)],
        samples=(unit * values, unit / clock**order * rates),
        hidden=(5,),
    )
    weights = before.initial(seed)
    assert np.array_equal(weights, after.initial(seed))
    where = places(len(states), order, 5)
    faster = None if where.velocities is None else unit / clock * where.velocities
    old = NetField(before, states, (), weights).rate(
        where.time, where.states, where.velocities, where.inputs
    )
    new = NetField(after, states, (), weights).rate(
        where.time, unit * where.states, faster, where.inputs
    )
    # Means and roots in other units are rounded otherwise.
    assert new * clock**order / unit == pytest.approx(old, rel=1e-11, abs=1e-11 * np.abs(old).max())


@pytest.mark.parametrize(
    ("states", "order", "laws", "symmetries"),
    [
        (("q1", "q2", "p1", "p2"), 1, ["hamiltonian:q1,p1;q2,p2"], ["rotation:q1,q2;p1,p2"]),
        (
            ("q", "p"),
            1,
            ["hamiltonian:q,p"],
            ["time-reversal:p", "reflection:q,p"],
        ),
        (("x", "y"), 2, ["conserves:energy"], ["rotation:x,y", "time-reversal"]),
        (("x1", "x2"), 2, ["conserves:energy"], ["translation:x1;x2", "permutation:x1,x2"]),
        (("x", "y"), 1, ["gradient-flow"], ["rotation:x,y"]),
        (("x", "y"), 1, ["gradient-flow"], ["time-reversal:x,y"]),
        (("x", "y"), 1, ["divergence-free"], ["parity"]),
        (("x", "y"), 1, ["positive:x,y"], ["permutation:x,y"]),
        (("x", "y", "z"), 1, [], ["rotation:x,y"]),
        (("x", "y"), 2, [], ["galilean:x;y", "time-reversal"]),
    ],
)
def test_laws_and_symmetries_hold_together(
    states: tuple[str, ...], order: int, laws: list[str], symmetries: list[str]
) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, len(states))) * np.array([1.0, 20.0, 3.0, 7.0])[: len(states)]
    known = [read_law(text, states) for text in laws]
    kept = [read_symmetry(text, states) for text in symmetries]
    form = form_for(
        states,
        order=order,
        laws=known,
        symmetries=kept,
        hidden=(5,),
        samples=(values, rng.normal(size=values.shape)),
    )
    weights = form.initial(0) + 0.3 * rng.normal(size=form.n_parameters)
    field = NetField(form, states, (), weights)
    for law in known:
        check_law(law, field, tolerance=1e-7)
    for symmetry in kept:
        check_symmetry(symmetry, field, tolerance=1e-12)


def test_scales_are_those_of_the_data_and_shared_where_they_must_be() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4000, 3)) * [1.0, 5.0, 1e-7] + [10.0, 0.0, 0.0]
    rates = values * [0.0, 2.0, 2.0]
    free = scaling_of(values, rates, 1)
    # Of 4000 numbers a mean is good to 1.6% of the spread and a spread to 1.1%: three of each.
    assert free.centre == pytest.approx((10.0, 0.0, 0.0), abs=0.25)
    assert free.scale == pytest.approx((1.0, 5.0, 1e-7), rel=0.04)
    assert free.time == pytest.approx(np.sqrt(3.0 / 8.0), rel=0.04)
    tied = scaling_of(values, rates, 1, shared=[[0, 1]], centred=[0])
    assert tied.scale[0] == tied.scale[1]
    assert tied.centre[0] == 0.0
    still = scaling_of(np.column_stack([values, np.full(4000, 3.0), np.zeros(4000)]), rates, 1)
    assert still.scale[3:] == (3.0, 1.0)
    with pytest.raises(DataError, match="nothing moves"):
        scaling_of(values, 0.0 * rates, 1)
    with pytest.raises(DataError, match="not finite"):
        scaling_of(np.full((3, 2), np.nan), np.zeros((3, 2)), 1)
    with pytest.raises(ProblemError, match="positive scale"):
        Scaling((0.0,), (0.0,))


def test_known_formulas_have_exact_slopes() -> None:
    known = KnownScalar(("x", "y"), "x^2*y + sin(x)/y + 3*y^0.5", (0.5, 1.0), (2.0, 0.1), 4.0)
    scaled = ScaledScalar(
        KnownScalar(("x", "y"), known.formula), Scaling((-0.25, -10.0), (0.5, 10.0)), 0.25
    )
    point = torch.tensor(np.random.default_rng(0).uniform(0.5, 1.5, (6, 2)), requires_grad=True)
    nothing = torch.empty(0)
    value = known.value(nothing, point)
    by_torch = torch.autograd.grad(value.sum(), point)[0]
    x, y = (0.5 + 2.0 * point[:, 0]).detach(), (1.0 + 0.1 * point[:, 1]).detach()
    expected = (x**2 * y + torch.sin(x) / y + 3.0 * y.sqrt()) / 4.0
    # The same few operations in another order.
    assert value.detach().numpy() == pytest.approx(expected.numpy(), rel=1e-14)
    slope = known.gradient(nothing, point).detach().numpy()
    assert slope == pytest.approx(by_torch.numpy(), rel=1e-13)
    assert scaled.value(nothing, point).detach().numpy() == pytest.approx(
        value.detach().numpy(), rel=1e-13
    )
    assert scaled.gradient(nothing, point).detach().numpy() == pytest.approx(slope, rel=1e-13)
    with pytest.raises(ProblemError):
        KnownScalar(("x",), "x + w")


def test_what_cannot_be_kept_is_refused() -> None:
    def make(states: str, law: str, *more: str, order: int = 1, inputs: str = "") -> None:
        names = tuple(states)
        laws = [read_law(text, names, tuple(inputs)) for text in (law, *more)]
        form_for(names, tuple(inputs), order=order, laws=laws)

    with pytest.raises(ProblemError, match="one law at a time"):
        make("xy", "gradient-flow", "divergence-free")
    with pytest.raises(ProblemError, match="no law of equations of order 2"):
        make("xy", "gradient-flow", order=2)
    with pytest.raises(ProblemError, match="inputs"):
        make("qp", "hamiltonian:q,p", inputs="u")
    with pytest.raises(ProblemError, match="channels"):
        make("xy", "balance:x^2=x*y")
    with pytest.raises(ProblemError, match="first order"):
        make("x", "conserves:x^2+x_t^2", order=2)
    with pytest.raises(ProblemError, match="exchange positive"):
        symmetrised(Positive(MLPField(2), (0,)), read_symmetry("permutation:x,y", "xy"), "xy")
    with pytest.raises(ProblemError, match="plain network"):
        symmetrised(KnownScalar(("x", "y"), "x"), read_symmetry("rotation:x,y", "xy"), "xy")
    unequal = ScaledScalar(MLPScalar(2), Scaling((0.0, 0.0), (1.0, 2.0)))
    with pytest.raises(ProblemError, match="one scale"):
        symmetrised(unequal, read_symmetry("rotation:x,y", "xy"), "xy")
