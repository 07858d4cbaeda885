"""Trained networks to prune: measured rates of known fields, and networks that are too large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.losses.field_residuals import Stack
from physmodel.losses.penalty import l2_penalty
from physmodel.losses.slopes import KnownStates
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.pruning.trial import Refit, Trial

if TYPE_CHECKING:
    from physmodel.models.nets.form import Form
    from physmodel.models.nets.net_field import NetField
    from physmodel.models.nets.weights.unit_layout import Layout

Array = NDArray[np.float64]
Field = Callable[[Array], Array]

#: Points that a network is trained on and judged at, and noise of the rates as a part of their
#: spread: one level for each seed in turn.
POINTS, JUDGED, NOISE = 200, 2000, (0.01, 0.02, 0.05)
#: Hidden units of the networks, and of those that made the data of a teacher.
WIDTH, DEEP, PLANTED = 12, (8, 6), 4
#: Size of weights expected, in units where the data are of unit size, and iterations of training.
PRIOR, TRAINING = 3.0, 60


@dataclass(frozen=True)
class Case:
    """A field and the network that is trained on it.

    `reach`: states are drawn evenly from ``-reach`` to ``reach``. `field`: rates ``(n, d)`` of
    states ``(n, d)``. `hamiltonian`: whether the network is canonical, coordinates first.
    `held_out`: whether nothing was chosen with a look at this case.
    """

    n_states: int
    reach: float
    field: Field
    hamiltonian: bool = False
    hidden: tuple[int, ...] = (WIDTH,)
    held_out: bool = False


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, and what is needed to prune and to judge it.

    `points`, `rates`, `spread`: where it is judged: ``(n, d)``, true rates ``(n, d)`` and their
    spread ``(d,)``.
    """

    network: NetField
    refit: Refit
    dense: Trial
    layout: Layout
    n_residuals: int
    points: Array
    rates: Array
    spread: Array

    def error(self, parameters: Array) -> float:
        """Root mean square of the error of the rates, as a part of their spread."""
        found = _rates(self.network.with_parameters(parameters), self.points)
        return float(np.sqrt(np.mean(((found - self.rates) / self.spread) ** 2)))


def trained(case: Case, seed: int) -> Trained:
    """Draw a record and train the network of a case on it."""
    from physmodel.models.nets.weights.unit_layout import layout_of

    rng = np.random.default_rng(seed)
    x, test = (rng.uniform(-case.reach, case.reach, (n, case.n_states)) for n in (POINTS, JUDGED))
    rates = case.field(x)
    spread = rates.std(axis=0)
    noise = NOISE[seed % len(NOISE)] * spread
    measured = rates + noise * rng.normal(size=rates.shape)
    # The network sees states and rates of unit size.
    network = _network(_form(case), seed)
    size = case.reach / np.sqrt(3.0)
    loss = KnownStates(network, x / size, measured / spread, noise / spread)
    p = len(network.parameters)
    whole = Stack((loss, l2_penalty(np.full(p, PRIOR))))
    start = levenberg_marquardt(whole, network.parameters, max_iterations=TRAINING).parameters
    layout = layout_of(network.form)
    prior = np.empty(p)
    for layer in layout.layers:
        prior[list(layer)] = np.sqrt(np.mean(start[list(layer)] ** 2))
    refit = Refit(loss, prior)
    dense = refit(np.ones(p, dtype=bool), start)
    truth = case.field(test) / spread
    return Trained(
        network, refit, dense, layout, rates.size, test / size, truth, np.ones(case.n_states)
    )


def _form(case: Case) -> Form:
    from physmodel.models.nets.mlp import MLPField, MLPScalar
    from physmodel.models.nets.structure.hamiltonian import Hamiltonian

    if case.hamiltonian:
        return Hamiltonian(MLPScalar(case.n_states, case.hidden))
    return MLPField(case.n_states, hidden=case.hidden)


def _network(form: Form, seed: int) -> NetField:
    from physmodel.models.nets.net_field import NetField

    names = tuple(f"x{k}" for k in range(form.n_states))
    return NetField(form, names, (), form.initial(seed))


def _rates(network: NetField, x: Array) -> Array:
    return network.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0)))


def _teacher(hidden: tuple[int, ...]) -> Field:
    """A network with random weights of unit size."""

    def field(x: Array) -> Array:
        from physmodel.models.nets.mlp import MLPField

        form = MLPField(2, hidden=hidden)
        network = _network(form, 1)
        theta = network.parameters.copy()
        hidden_size = form.network.sizes[0]
        theta[hidden_size:] = np.random.default_rng(1).normal(size=len(theta) - hidden_size)
        return _rates(network.with_parameters(theta), x)

    return field


def _pendulum(x: Array) -> Array:
    return np.column_stack([x[:, 1], -np.sin(x[:, 0])])


def _lotka_volterra(x: Array) -> Array:
    """In the logarithms of prey and predators, which are a canonical pair."""
    return np.column_stack([1.0 - np.exp(x[:, 1]), np.exp(x[:, 0]) - 1.0])


def _duffing(x: Array) -> Array:
    return np.column_stack([x[:, 1], x[:, 0] - x[:, 0] ** 3 - 0.2 * x[:, 1]])


def _van_der_pol(x: Array) -> Array:
    return np.column_stack([x[:, 1], (1.0 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]])


def _fitzhugh_nagumo(x: Array) -> Array:
    v, w = x.T
    return np.column_stack([v - v**3 / 3.0 - w + 0.5, 0.08 * (v + 0.7 - 0.8 * w)])


def _lorenz(x: Array) -> Array:
    """About the middle of its attractor, in units of ten."""
    a, b, c = 10.0 * x[:, 0], 10.0 * x[:, 1], 10.0 * x[:, 2] + 25.0
    return np.column_stack([10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c])


def _henon_heiles(x: Array) -> Array:
    q, r, p, s = x.T
    return np.column_stack([p, s, -q - 2.0 * q * r, -r - q**2 + r**2])


def _toggle(x: Array) -> Array:
    """Two genes that inhibit each other, in logarithms of their products."""
    return 3.0 / (1.0 + np.exp(2.0 * x[:, ::-1])) - 1.0 - 0.8 * x


def _roessler(x: Array) -> Array:
    a, b, c = x.T
    return np.column_stack([-b - c, a + 0.2 * b, 0.2 + c * (a - 1.7)])


def _coupled_pendula(x: Array) -> Array:
    q, r, p, s = x.T
    pull = 0.5 * (q - r)
    return np.column_stack([p, s, -np.sin(q) - pull, -np.sin(r) + pull])


def _brusselator(x: Array) -> Array:
    a, b = x[:, 0] + 1.0, x[:, 1] + 2.0
    return np.column_stack([1.0 - 3.0 * a + a**2 * b, 2.0 * a - a**2 * b])


CASES = {
    "pendulum": Case(2, 2.0, _pendulum, hamiltonian=True),
    "lotka-volterra": Case(2, 1.0, _lotka_volterra, hamiltonian=True),
    "duffing": Case(2, 1.3, _duffing),
    "teacher": Case(2, 1.7, _teacher((PLANTED,))),
    "van-der-pol": Case(2, 2.0, _van_der_pol, held_out=True),
    "fitzhugh-nagumo": Case(2, 2.0, _fitzhugh_nagumo, held_out=True),
    "lorenz": Case(3, 2.0, _lorenz, held_out=True),
    "henon-heiles": Case(4, 0.8, _henon_heiles, hamiltonian=True, held_out=True),
    "teacher-deep": Case(2, 1.7, _teacher((4, 3)), hidden=DEEP, held_out=True),
    "toggle": Case(2, 1.5, _toggle, held_out=True),
    "roessler": Case(3, 1.5, _roessler, held_out=True),
    "coupled-pendula": Case(4, 1.5, _coupled_pendula, hamiltonian=True, held_out=True),
    "brusselator": Case(2, 1.0, _brusselator, held_out=True),
}
