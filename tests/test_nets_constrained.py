"""Particles held by rods: structure for random weights, closed forms, long runs.

Tolerances of 1e-12 are relative to the parts that cancel: sums of some tens of products, each good
to 1e-16, times the condition of the rods, which is kept below 1e3.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.func import jacrev, vmap

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.fields.vector_field import simulate
from physmodel.models.integration.integrate import integrate, rk4
from physmodel.models.integration.rattle import rattle
from physmodel.models.nets.known_scalar import KnownScalar
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.scaled import ScaledScalar
from physmodel.models.nets.scaling import Scaling
from physmodel.models.nets.structure.constrained import Constrained, simulate_rods
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.problem.known.lie import rotation, translation
from physmodel.problem.known.rods import Rods
from physmodel.problem.known.symmetry import product_of
from physmodel.testing.field import check_field

Array = np.ndarray
CHAIN = Rods(2, 2, ((0, 1),), ((0, (0.0, 0.0)),))
NAMES = ("x1", "y1", "x2", "y2")
GRAVITY = Constrained(KnownScalar(NAMES, "2*y1 + 3*y2"), CHAIN, (2.0, 3.0))

#: Pendulums, free bodies and loops, in the plane and in space.
RODS = {
    "double pendulum": CHAIN,
    "triple pendulum": Rods(3, 2, ((0, 1), (1, 2)), ((0, (0.3, -0.2)),)),
    "spherical pendulum": Rods(1, 3, (), ((0, (0.0, 0.0, 1.0)),)),
    "free triangle": Rods(3, 2, ((0, 1), (1, 2), (2, 0))),
    "free chain in space": Rods(4, 3, ((0, 1), (2, 1), (2, 3))),
    "bridge": Rods(3, 2, ((0, 1), (1, 2)), ((0, (-2.0, 0.0)), (2, (2.0, 0.0)))),
    "no rods": Rods(2, 2),
}
FREE = ("free triangle", "free chain in space", "no rods")
examples = given(st.sampled_from(sorted(RODS)), st.integers(0, 10**6))
few = settings(max_examples=40)


def slopes_of(rods: Rods, x: Array) -> Array:
    """Derivatives of half the squares of the lengths, ``(k, d)``, written out rod by rod."""
    at, rows = x.reshape(rods.n_particles, rods.dimension), []
    for i, j in rods.between:
        row = np.zeros_like(at)
        row[i], row[j] = at[i] - at[j], at[j] - at[i]
        rows.append(row.ravel())
    for i, point in rods.fixed:
        row = np.zeros_like(at)
        row[i] = at[i] - np.array(point)
        rows.append(row.ravel())
    return np.array(rows).reshape(-1, x.size)


def drawn(
    name: str, seed: int, potential: object | None = None
) -> tuple[Constrained, Tensor, Array, Array, Array]:
    """A form with random weights and masses, of which one is a parameter, and a possible motion."""
    rods, rng = RODS[name], np.random.default_rng(seed)
    masses = [float(m) for m in rng.uniform(0.3, 3.0, rods.n_particles)]
    if potential is None:
        potential = MLPScalar(rods.n_coordinates, (5,))
    form = Constrained(potential, rods, (None, *masses[1:]))
    weights = rng.normal(size=form.n_parameters)
    x, v = rng.normal(size=(2, rods.n_coordinates))
    slopes = slopes_of(rods, x)
    heavy = np.repeat([np.exp(weights[-1]), *masses[1:]], rods.dimension)
    if rods.count:
        stiffness = slopes / heavy @ slopes.T
        if np.linalg.cond(stiffness) > 1e3:
            reject()
        v = v - np.linalg.lstsq(slopes, slopes @ v, rcond=None)[0]
    return form, torch.tensor(weights), x, v, heavy


def acceleration(form: Constrained, weights: Tensor, x: Array, v: Array) -> Array:
    motion = torch.tensor(np.concatenate([x, v]))
    return form.rate(weights, motion, torch.empty(0, dtype=torch.float64)).numpy()


def energy_slope(form: Constrained, weights: Tensor, x: Array, v: Array) -> Array:
    motion = torch.tensor(np.concatenate([x, v]), requires_grad=True)
    return torch.autograd.grad(form.energy(weights, motion), motion)[0].numpy()


@examples
@few
def test_no_rod_changes_its_length(name: str, seed: int) -> None:
    form, weights, x, v, _ = drawn(name, seed)
    v = v + np.random.default_rng(seed).normal(size=v.shape)  # nor its speed, off the manifold
    a, slopes = acceleration(form, weights, x, v), slopes_of(form.rods, x)
    turning = form.rods.turning(v)
    second = slopes @ a + (turning**2).sum(-1)
    parts = np.abs(slopes) @ np.abs(a) + (turning**2).sum(-1)
    assert np.all(np.abs(second) <= 1e-12 * (parts + np.linalg.norm(a)))


@examples
@few
def test_rods_do_no_work_and_the_energy_is_kept(name: str, seed: int) -> None:
    form, weights, x, v, heavy = drawn(name, seed)
    a = acceleration(form, weights, x, v)
    slope = energy_slope(form, weights, x, v)
    change = slope @ np.concatenate([v, a])
    size = np.linalg.norm(slope) * np.linalg.norm(np.concatenate([v, a]))
    assert abs(change) <= 1e-12 * size
    pulls = heavy * a - form.force(weights, torch.tensor(x)).numpy()
    assert abs(pulls @ v) <= 1e-12 * size
    # They act along the rods alone: d'Alembert.
    if form.rods.count:
        slopes = slopes_of(form.rods, x)
        rest = pulls - slopes.T @ np.linalg.lstsq(slopes.T, pulls, rcond=None)[0]
        assert np.linalg.norm(rest) <= 1e-12 * (np.linalg.norm(pulls) + np.linalg.norm(heavy * a))


@given(st.sampled_from(FREE), st.integers(0, 10**6))
@few
def test_momenta_of_free_bodies(name: str, seed: int) -> None:
    rods = RODS[name]
    n, axes = rods.n_particles, rods.dimension
    names = [[f"{'xyz'[k]}{i}" for k in range(axes)] for i in range(n)]
    flat = [one for body in names for one in body]
    group = product_of(translation(*names), rotation(*names))
    invariant = symmetrised(MLPScalar(n * axes, (4,)), group, flat)
    form, weights, x, v, heavy = drawn(name, seed, invariant)
    forces = (heavy * acceleration(form, weights, x, v)).reshape(n, axes)
    at, size = x.reshape(n, axes), 1e-12 * np.linalg.norm(forces) * (1.0 + np.linalg.norm(x))
    assert np.abs(forces.sum(axis=0)).max() <= size
    turning = np.einsum("ni,nj->ij", at, forces)
    assert np.abs(turning - turning.T).max() <= size
    # Any other potential changes both, through the same rods.
    loose, other, *_ = drawn(name, seed)
    bent = heavy * acceleration(loose, other, x, v)
    assert np.abs(bent.reshape(n, axes).sum(axis=0)).max() > size


def test_twins_without_structure_are_caught() -> None:
    form, weights, x, v, _ = drawn("double pendulum", 0)
    twin = MLPField(4, 0, 2, (5,))
    loose = torch.tensor(np.random.default_rng(0).normal(size=twin.n_parameters))
    motion = torch.tensor(np.concatenate([x, v]))
    a = twin.rate(loose, motion, torch.empty(0, dtype=torch.float64)).numpy()
    second = slopes_of(form.rods, x) @ a + (form.rods.turning(v) ** 2).sum(-1)
    assert np.abs(second).max() > 1e-2
    slope = energy_slope(form, weights, x, v)
    assert abs(slope @ np.concatenate([v, a])) > 1e-2


def angles_to_motion(angle: Array, speed: Array, lengths: Array) -> tuple[Array, Array]:
    """Positions and velocities ``(2 n,)`` of a chain of pendulums that hangs from the origin."""
    ways = lengths[:, None] * np.column_stack([np.sin(angle), -np.cos(angle)])
    turns = (lengths * speed)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return ways.cumsum(axis=0).ravel(), turns.cumsum(axis=0).ravel()


def double_pendulum(angle: Array, speed: Array, mass: Array, length: Array) -> Array:
    """Angular accelerations of the textbook, by Lagrange's equations in the angles, g = 1."""
    (a, b), (u, w), (m, n), (k, h) = angle, speed, mass, length
    matrix = np.array(
        [[(m + n) * k**2, n * k * h * np.cos(a - b)], [n * k * h * np.cos(a - b), n * h**2]]
    )
    right = [
        -n * k * h * w**2 * np.sin(a - b) - (m + n) * k * np.sin(a),
        n * k * h * u**2 * np.sin(a - b) - n * h * np.sin(b),
    ]
    return np.linalg.solve(matrix, right)


def test_a_double_pendulum_is_that_of_the_textbook() -> None:
    rng, mass, length = np.random.default_rng(0), np.array([2.0, 3.0]), np.array([0.7, 1.2])
    for _ in range(5):
        angle, speed = rng.normal(size=(2, 2))
        x, v = angles_to_motion(angle, speed, length)
        found = acceleration(GRAVITY, torch.empty(0, dtype=torch.float64), x, v)
        sine, cosine = np.sin(angle), np.cos(angle)
        turned = double_pendulum(angle, speed, mass, length)
        along = length * (turned * cosine - speed**2 * sine)
        up = length * (turned * sine + speed**2 * cosine)
        wanted = np.column_stack([along, up]).cumsum(axis=0).ravel()
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_a_free_dumbbell_turns_evenly() -> None:
    form = Constrained(KnownScalar(NAMES, "0"), Rods(2, 2, ((0, 1),)), (1.0, 3.0))
    field = NetField(form, NAMES, (), np.empty(0))
    # About the centre of mass, with the angular velocity 2.
    time = np.linspace(0.0, 3.0, 61)
    path = simulate_rods(field, time, [0.75, 0.0, -0.25, 0.0], [0.0, 1.5, 0.0, -0.5], order=6)
    circle = np.column_stack([np.cos(2.0 * time), np.sin(2.0 * time)])
    # Errors of order six at 0.1 of a radian per step: 1e-6 times a small factor, over six radians.
    assert path[:, :4] == pytest.approx(np.hstack([0.75 * circle, -0.25 * circle]), abs=1e-6)
    exact = simulate(
        field, time, np.array([0.75, 0, -0.25, 0]), start_velocity=np.array([0, 1.5, 0, -0.5])
    )
    assert exact == pytest.approx(np.hstack([0.75 * circle, -0.25 * circle]), abs=1e-8)


def test_energy_is_that_of_a_field_without_rods() -> None:
    potential = MLPScalar(4, (3,))
    weights, motion = (torch.tensor(np.random.default_rng(2).normal(size=n)) for n in (33, 8))
    weights = weights[: potential.n_parameters]
    plain, nothing = Mechanical(potential), torch.empty(0, dtype=torch.float64)
    form = Constrained(potential, RODS["no rods"], (1.0, 1.0))
    energies = float(form.energy(weights, motion)), float(plain.energy(weights, motion))
    assert energies[0] == pytest.approx(energies[1], rel=1e-14)
    assert torch.equal(form.rate(weights, motion, nothing), plain.rate(weights, motion, nothing))


def test_it_is_a_field_among_others() -> None:
    form = Constrained(MLPScalar(4, (5,)), CHAIN, (1.0, None))
    rng = np.random.default_rng(3)
    field = NetField(form, NAMES, (), rng.normal(size=form.n_parameters))
    check_field(field)
    x, v = rng.normal(size=(2, 6, 4))
    none, at = np.empty((6, 0)), np.zeros(6)
    slopes = field.linearised(at, x, v, none)
    assert slopes.rate == pytest.approx(field.rate(at, x, v, none), rel=1e-12, abs=1e-12)
    # Central differences: h^2 of truncation, eps / h of rounding, times the size of the rates.
    h, size = 1e-6, float(np.abs(slopes.by_motion).max())
    way, way_v, way_p = rng.normal(size=4), rng.normal(size=4), rng.normal(size=form.n_parameters)
    ends = [
        field.with_parameters(field.parameters + s * h * way_p).rate(
            at, x + s * h * way, v + s * h * way_v, none
        )
        for s in (1.0, -1.0)
    ]
    found = slopes.by_motion @ np.concatenate([way, way_v]) + slopes.by_parameter @ way_p
    assert found == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-7 * size)
    # One point at a time as well: a wrong solve under vmap would differ.
    theta = torch.tensor(field.parameters)
    one = vmap(jacrev(lambda z: form.rate(theta, z, torch.empty(0, dtype=torch.float64))))
    alone = one(torch.tensor(np.hstack([x, v]))[:1]).numpy()[0]
    assert alone == pytest.approx(slopes.by_motion[0], rel=1e-12, abs=1e-12)


def test_masses_and_units() -> None:
    form = Constrained(MLPScalar(4, (3,)), CHAIN, (2.0, None))
    weights = form.initial(0)
    assert form.mass(torch.tensor(weights)).numpy() == pytest.approx([2.0, 2.0])
    # The same system in centimetres, grams and milliseconds.
    length, mass, time = 100.0, 1000.0, 1000.0
    scaling = Scaling((0.0,) * 4, (length,) * 4)
    scaled = ScaledScalar(form.potential, scaling, mass * length**2 / time**2)
    other = Constrained(scaled, CHAIN, (2.0 * mass, None))
    x, v = np.random.default_rng(1).normal(size=(2, 4))
    moved = weights.copy()
    moved[-1] += np.log(mass)
    found = acceleration(other, torch.tensor(moved), length * x, length / time * v)
    wanted = acceleration(form, torch.tensor(weights), x, v)
    assert found * time**2 / length == pytest.approx(wanted, rel=1e-12)


def test_rattle_has_its_order_keeps_lengths_and_runs_backwards() -> None:
    x, v = angles_to_motion(np.array([0.8, 1.3]), np.array([0.2, -0.4]), np.ones(2))
    force, masses = (lambda q: np.array([0.0, -1.0, 0.0, -3.0])), np.array([1.0, 3.0])
    form = Constrained(KnownScalar(NAMES, "y1 + 3*y2"), CHAIN, (1.0, 3.0))
    none = torch.empty(0, dtype=torch.float64)

    def rhs(now: float, z: Array) -> Array:
        return np.concatenate([z[4:], form.rate(none, torch.tensor(z), none).numpy()])

    exact = integrate(rhs, [0.0, 1.0], np.concatenate([x, v]), rtol=1e-13)[-1]
    for order in (2, 4, 6):
        paths = [
            rattle(force, CHAIN, masses, np.linspace(0.0, 1.0, n + 1), x, v, order=order)
            for n in (10, 20)
        ]
        coarse, fine = (np.abs(path[-1] - exact).max() for path in paths)
        assert np.log2(coarse / fine) == pytest.approx(order, abs=0.4)
        assert CHAIN.lengths(paths[0][:, :4]) == pytest.approx(1.0, abs=1e-14)
        back = rattle(
            force, CHAIN, masses, np.linspace(1.0, 0.0, 21), *np.split(paths[1][-1], 2), order=order
        )
        assert back[-1] == pytest.approx(np.concatenate([x, v]), abs=1e-12)


def test_lengths_and_energy_stay_in_a_long_run_of_a_random_network() -> None:
    form = Constrained(MLPScalar(4, (4,)), CHAIN, (1.0, 2.0))
    weights = 0.5 * np.random.default_rng(4).normal(size=form.n_parameters)
    field, none = NetField(form, NAMES, (), weights), np.empty((1, 0))
    x, v = angles_to_motion(np.array([0.5, -0.9]), np.zeros(2), np.array([1.0, 0.6]))
    time = np.linspace(0.0, 100.0, 2001)
    path = simulate_rods(field, time, x, v, order=2)
    lengths = np.tile(CHAIN.lengths(x), (len(time), 1))
    assert CHAIN.lengths(path[:, :4]) == pytest.approx(lengths, abs=1e-13)
    stretch = (CHAIN.along(path[:, :4]) * CHAIN.turning(path[:, 4:])).sum(-1)
    assert np.abs(stretch).max() <= 1e-13
    energy = form.energy(torch.tensor(weights), torch.tensor(path)).numpy()
    error = np.abs(energy - energy[0])
    # What symplectic steps leave swings between bounds; an error that grows in proportion to time
    # would be four times as large in the last quarter as in the first. The motion is chaotic:
    # rounding decides where in its swing each quarter ends.
    assert error[1500:].max() <= 2.0 * error[:500].max()

    def rhs(now: float, z: Array) -> Array:
        return np.concatenate([z[4:], field.rate(None, z[None, :4], z[None, 4:], none)[0]])

    loose = rk4(rhs, time[:401], np.concatenate([x, v]))
    # Steps of order four that know nothing of rods leave them.
    assert np.abs(CHAIN.lengths(loose[-1, :4]) - lengths[0]).max() > 1e-9


def test_what_makes_no_sense_is_refused() -> None:
    for arguments, message in (
        ((0, 2), "at least one particle"),
        ((2, 2, ((0, 2),)), "particle 2 of 2"),
        ((2, 2, (), ((-1, (0.0, 0.0)),)), "particle -1"),
        ((2, 2, (), ((0, (0.0,)),)), "tied to the point"),
        ((2, 2, (), ((0, (0.0, np.nan)),)), "tied to the point"),
        ((2, 2, ((0, 1), (1, 0))), "less than 2 directions"),
        ((2, 2, ((1, 1),)), "less than 1"),
    ):
        with pytest.raises(ProblemError, match=message):
            Rods(*arguments)
    with pytest.raises(ProblemError, match="potential of 3 variables"):
        Constrained(MLPScalar(3, (2,)), CHAIN, (1.0, 1.0))
    for masses in ((1.0,), (1.0, -1.0), (1.0, np.inf)):
        with pytest.raises(ProblemError, match="masses of 2 particles"):
            Constrained(MLPScalar(4, (2,)), CHAIN, masses)
    zeros, force = np.zeros(4), np.zeros_like
    with pytest.raises(ProblemError, match="order 3"):
        rattle(force, CHAIN, (1.0, 1.0), [0.0, 1.0], zeros, zeros, order=3)
    with pytest.raises(ProblemError, match="coordinates"):
        rattle(force, CHAIN, (1.0, 1.0), [0.0, 1.0], zeros[:3], zeros)
    with pytest.raises(ProblemError, match="masses"):
        rattle(force, CHAIN, (1.0, 0.0), [0.0, 1.0], zeros, zeros)
    plain = NetField(MLPField(4, 0, 2, (2,)), NAMES, (), MLPField(4, 0, 2, (2,)).initial(0))
    with pytest.raises(ProblemError, match="no rods"):
        simulate_rods(plain, [0.0, 1.0], zeros, zeros)


def test_rods_in_line_and_steps_too_long_are_told() -> None:
    bridge = Rods(1, 2, (), ((0, (-1.0, 0.0)), (0, (1.0, 0.0))))
    form = Constrained(KnownScalar(("x", "y"), "y"), bridge, (1.0,))
    field = NetField(form, ("x", "y"), (), np.empty(0))
    flat = field.rate(np.zeros(1), np.zeros((1, 2)), np.zeros((1, 2)), np.empty((1, 0)))
    assert np.isnan(flat).all()  # which optimisers take for a step too far
    with pytest.raises(PhysmodelError, match="not finite at the start"):
        simulate(field, np.linspace(0.0, 1.0, 5), np.zeros(2), start_velocity=np.zeros(2))
    with pytest.raises(PhysmodelError, match="in line"):
        simulate_rods(field, np.linspace(0.0, 1.0, 5), np.zeros(2), np.zeros(2))
    x, v = angles_to_motion(np.array([0.5, -0.9]), np.array([3.0, -8.0]), np.ones(2))
    swing = NetField(GRAVITY, NAMES, (), np.empty(0))
    with pytest.raises(PhysmodelError, match="shorter steps"):
        simulate_rods(swing, np.linspace(0.0, 20.0, 11), x, v)
