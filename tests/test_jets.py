"""Hand-propagated derivatives of networks against automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.fields.network.jets import JetNet, lower_set, multiplied

WANTED = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1), (0, 3)]


def network(net, parameters, point):
    """The network as torch code."""
    at, values = 0, point
    layers = list(zip(net.widths, (*net.widths[1:], 1), strict=True))
    for depth, (n, m) in enumerate(layers):
        weight = parameters[at : at + n * m].reshape(m, n)
        values = weight @ values + parameters[at + n * m : at + n * m + m]
        at += n * m + m
        if depth < len(layers) - 1:
            values = torch.tanh(values)
    return values[0]


def derived(function, index):
    for axis, times in enumerate(index):
        for _ in range(times):
            function = (lambda f, k: lambda p, x: torch.func.grad(f, argnums=1)(p, x)[k])(
                function, axis
            )
    return function


@settings(max_examples=10)
@given(
    widths=st.sampled_from([(2, 3), (2, 5, 4), (2, 3, 3, 3)]),
    seed=st.integers(0, 2**16),
    wanted=st.sampled_from(WANTED),
)
def test_jets_and_jacobian_equal_automatic_differentiation(widths, seed, wanted):
    net = JetNet(widths)
    parameters = net.initial(seed)
    points = np.random.default_rng(seed).uniform(-1, 1, (3, 2))
    value, jacobian = net.linearised(parameters, points, [wanted])[wanted]
    function = derived(lambda p, x: network(net, p, x), wanted)
    weights = torch.tensor(parameters)
    for row, point in enumerate(torch.tensor(points)):
        exact = float(function(weights, point))
        slope = torch.func.grad(function)(weights, point).numpy()
        # Rounding of a few hundred products, in derivatives that reach a hundred.
        assert value[row] == pytest.approx(exact, rel=1e-10, abs=1e-10)
        np.testing.assert_allclose(jacobian[row], slope, rtol=1e-9, atol=1e-9)
    assert np.array_equal(net.jets(parameters, points, [wanted])[wanted], value)


def test_a_product_has_the_jet_of_the_product():
    x = np.linspace(-1.0, 1.0, 7)
    every = lower_set([(3,)])
    sine = {(k,): np.sin(x + k * np.pi / 2) for (k,) in every}
    double = {(k,): 2.0**k * np.sin(2 * x + k * np.pi / 2) / 2 for (k,) in every}
    cosine = {(k,): np.cos(x + k * np.pi / 2) for (k,) in every}
    found = multiplied(sine, cosine)
    for index in every:
        np.testing.assert_allclose(found[index], double[index], atol=1e-14)


def test_derivatives_that_are_too_high_are_refused():
    net = JetNet((1, 3))
    with pytest.raises(ProblemError, match="order"):
        net.linearised(net.initial(0), np.zeros((1, 1)), [(5,)])


@given(seed=st.integers(0, 2**16), widths=st.sampled_from([(1, 3), (2, 3, 5), (2, 3, 2, 4)]))
def test_a_wider_network_is_the_same_function(seed, widths):
    net = JetNet(widths)
    parameters = net.initial(seed)
    wide, larger = net.widened([2 * n for n in widths[1:]], parameters, seed)
    points = np.random.default_rng(seed).uniform(-1, 1, (4, widths[0]))
    zero = (0,) * widths[0]
    # Sums with zeros between: another order of the same additions.
    np.testing.assert_allclose(
        wide.jets(larger, points, [zero])[zero],
        net.jets(parameters, points, [zero])[zero],
        rtol=1e-12,
        atol=1e-12,
    )
    assert len(larger) == wide.n_parameters > net.n_parameters
