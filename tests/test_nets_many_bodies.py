"""Identical bodies in pairs: exact invariances, the exact gradient, forces learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import grad, vmap

from physmodel.errors import ProblemError
from physmodel.losses.shooting import Record
from physmodel.models.nets.mlp import MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.structure.many_bodies import ManyBodies
from physmodel.models.nets.weights.storage import load_net, save_net
from physmodel.networks.fit_network import fit_network
from physmodel.systems.nets import roll_out

seeds = given(seed=st.integers(0, 2**16), n_bodies=st.integers(2, 4), n_axes=st.integers(1, 3))


def drawn(seed, n_bodies, n_axes):
    energy = ManyBodies(MLPScalar(1, (5,)), n_bodies, n_axes)
    rng = np.random.default_rng(seed)
    weights = torch.tensor(rng.normal(size=energy.n_parameters))
    bodies = rng.normal(size=(6, 2, n_bodies, n_axes))
    return energy, weights, bodies, rng


def value(energy, weights, bodies):
    return energy.value(weights, torch.tensor(bodies.reshape(len(bodies), -1))).numpy()


@seeds
def test_the_gradient_is_that_of_the_value(seed, n_bodies, n_axes):
    energy, weights, bodies, _ = drawn(seed, n_bodies, n_axes)
    points = torch.tensor(bodies.reshape(6, -1))
    exact = vmap(grad(lambda x: energy.value(weights, x)))(points)
    # Ten sums of products; close pairs push as one over their distance, on both sides alike.
    torch.testing.assert_close(energy.gradient(weights, points), exact, rtol=1e-11, atol=1e-11)


@seeds
def test_shifts_turns_mirrors_exchanges_and_reversal_change_nothing(seed, n_bodies, n_axes):
    energy, weights, bodies, rng = drawn(seed, n_bodies, n_axes)
    turn, _ = np.linalg.qr(rng.normal(size=(n_axes, n_axes)))  # with a mirror image or not
    moved = (bodies @ turn)[:, :, rng.permutation(n_bodies)]
    moved[:, 0] += rng.normal(size=n_axes)
    moved[:, 1] *= -1.0
    before = value(energy, weights, bodies)
    # Shifts cost digits of small distances: 1e-16 over distances of 1e-2, in sums of some twenty.
    np.testing.assert_allclose(value(energy, weights, moved), before, rtol=1e-11, atol=1e-11)


@seeds
def test_another_mass_is_seen(seed, n_bodies, n_axes):
    # The twin that is not symmetric: one momentum counts twice.
    energy, weights, bodies, _ = drawn(seed, n_bodies, n_axes)
    broken = bodies.copy()
    broken[:, 1, 0] *= 2.0
    assert np.abs(value(energy, weights, broken) - value(energy, weights, bodies)).max() > 1e-9


def test_forces_of_unseen_kind_are_learned_from_a_few_runs():
    """Three bodies with a repulsion and a spring, 1/r^2 + r^2 / 2, in space."""

    def rates(x):
        q, p = x[..., :9].reshape(-1, 3, 3), x[..., 9:]
        apart = q[:, :, None] - q[:, None]
        square = (apart**2).sum(-1, keepdims=True) + np.eye(3)[:, :, None]
        force = ((2.0 / square**2 - 1.0) * apart).sum(2)
        return np.hstack([p / 0.7, force.reshape(-1, 9)])

    rng = np.random.default_rng(3)
    time, none = np.linspace(0.0, 0.5, 41), np.empty((41, 0))
    starts = np.hstack([1.5 * rng.normal(size=(30, 9)), 0.5 * rng.normal(size=(30, 9))])
    paths = roll_out(rates, starts, time, 20)
    records = [Record(time, x, none, rates(x)) for x in paths[:20]]
    names = [f"q{k}" for k in range(9)] + [f"p{k}" for k in range(9)]
    fit = fit_network(lambda w: Hamiltonian(ManyBodies(MLPScalar(1, (w,)), 3, 3)), records, names)
    new = paths[20:].reshape(-1, 18)
    wrong = fit.field.rate(np.zeros(len(new)), new, None, np.empty((len(new), 0))) - rates(new)
    # Nothing is noisy: what is left is what the units cannot follow of two powers, and distances
    # that are rare in twenty runs.
    assert np.sqrt(np.mean(wrong**2)) <= 1e-3 * np.sqrt(np.mean(rates(new) ** 2))


def test_it_is_saved_and_read_again(tmp_path):
    energy, weights, bodies, _ = drawn(0, 3, 2)
    field = NetField(Hamiltonian(energy), tuple("abcdefghijkl"), (), weights.numpy())
    read = load_net(save_net(field, tmp_path / "net"))
    x, none = bodies.reshape(6, -1), np.empty((6, 0))
    assert np.array_equal(
        read.rate(np.zeros(6), x, None, none), field.rate(np.zeros(6), x, None, none)
    )


def test_one_body_and_scalars_of_vectors_are_refused():
    with pytest.raises(ProblemError, match="pairs"):
        ManyBodies(MLPScalar(1), 1, 2)
    with pytest.raises(ProblemError, match="one distance"):
        ManyBodies(MLPScalar(2), 3, 2)
