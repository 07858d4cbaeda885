"""Where layers and hidden units are among the parameters of a form; forms without idle units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.models.nets.mlp import MLPField, MLPScalar, MLPVector
from physmodel.models.nets.restricted import AtRest, Positive
from physmodel.models.nets.scaled import ScaledForm, ScaledScalar
from physmodel.models.nets.structure.constrained import Constrained
from physmodel.models.nets.structure.dissipative import GradientFlow, Metriplectic
from physmodel.models.nets.structure.divergence_free import DivergenceFree
from physmodel.models.nets.structure.hamiltonian import Hamiltonian, Separable
from physmodel.models.nets.structure.lagrangian import Lagrangian
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.structure.stable import Stable
from physmodel.models.nets.symmetry.averaged import AveragedField, AveragedScalar
from physmodel.models.nets.symmetry.invariant import EquivariantField, InvariantScalar
from physmodel.models.nets.weights.pruned import PrunedForm
from physmodel.models.nets.weights.random_units import RandomUnits
from physmodel.optimizers.pruning.trial import Unit

Array = NDArray[np.float64]
Places = NDArray[np.intp]

#: Parts whose parameters stand first in those of the whole, in this order.
PARTS: dict[type, tuple[str, ...]] = {
    AtRest: ("inner",),
    AveragedField: ("inner",),
    AveragedScalar: ("inner",),
    Constrained: ("potential",),
    EquivariantField: ("network",),
    GradientFlow: ("potential",),
    Hamiltonian: ("energy",),
    InvariantScalar: ("inner",),
    Lagrangian: ("potential",),
    Mechanical: ("potential",),
    Metriplectic: ("energy", "entropy"),
    PortHamiltonian: ("energy",),
    Positive: ("inner",),
    ScaledForm: ("inner",),
    ScaledScalar: ("inner",),
    Separable: ("kinetic", "potential"),
}


@dataclass(frozen=True)
class Layout:
    """Where layers and hidden units are among the parameters of a form.

    `layers`: weights and biases of each layer apart; every parameter stands in one. `others`:
    parameters of no network, such as masses and metrics.
    """

    layers: tuple[tuple[int, ...], ...]
    units: tuple[Unit, ...]
    others: tuple[int, ...]

    def and_also(self, more: Layout) -> Layout:
        """Of both."""
        own, new = ((one.layers, one.units, one.others) for one in (self, more))
        return Layout(own[0] + new[0], own[1] + new[1], own[2] + new[2])

    def moved(self, to: Callable[[int], int | None]) -> Layout:
        """The same where parameters stand elsewhere, or nowhere."""

        def places(old: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(new for new in map(to, old) if new is not None)

        moved = (Unit(places(one.incoming), places(one.outgoing)) for one in self.units)
        return Layout(
            tuple(filter(None, map(places, self.layers))),
            tuple(one for one in moved if one.outgoing),
            places(self.others),
        )


def layout_of(form: Any) -> Layout:
    """Layers and units of the networks that come first in a form.

    Matrices of a form that are networks themselves, such as the friction of a `PortHamiltonian`,
    count among the others.
    """
    if isinstance(form, PrunedForm):
        index = {place: k for k, place in enumerate(form.kept)}
        return layout_of(form.inner).moved(index.get)
    if isinstance(form, RandomUnits):
        fixed = len(form.hidden)
        return layout_of(form.inner).moved(lambda place: place - fixed if place >= fixed else None)
    found, size = Layout((), (), ()), 0
    if (net := _network(form)) is not None:
        found, size = _of_network(net), net.n_parameters
    for name in PARTS.get(type(form), ()):
        part = getattr(form, name)
        found = found.and_also(layout_of(part).moved(size.__add__))
        size += part.n_parameters
    rest = tuple(range(size, form.n_parameters))
    return found.and_also(Layout((rest,) * bool(rest), (), rest))


def without_idle_units(form: Any, parameters: Array) -> tuple[Any, Places]:
    """The form without hidden units that nothing leads out of: the same function.

    `parameters` ``(p,)``. Returns `form`: one unit stays in every layer; `places`: parameters of
    the form given that are those of the form returned.
    """
    if isinstance(form, PrunedForm):
        whole = np.zeros(form.inner.n_parameters)
        whole[list(form.kept)] = parameters
        inner, left = without_idle_units(form.inner, whole)
        stays = np.isin(form.kept, left)
        kept = np.searchsorted(left, np.array(form.kept, dtype=np.intp)[stays])
        return PrunedForm(inner, tuple(kept.tolist())), np.flatnonzero(stays)
    if isinstance(form, RandomUnits):
        whole, fixed = np.concatenate([form.hidden, parameters]), len(form.hidden)
        inner, left = without_idle_units(form.inner, whole)
        return RandomUnits(inner, whole[left[left < fixed]]), left[left >= fixed] - fixed
    if (net := _network(form)) is not None:
        widths, own = _busy(net, parameters)
        tail = np.arange(net.n_parameters, form.n_parameters)
        return replace(form, hidden=widths), np.concatenate([own, tail])
    parts, places, size = {}, [], 0
    for name in PARTS.get(type(form), ()):
        part = getattr(form, name)
        end = size + part.n_parameters
        parts[name], own = without_idle_units(part, parameters[size:end])
        places.append(own + size)
        size = end
    places.append(np.arange(size, form.n_parameters))
    return (replace(form, **parts) if parts else form), np.concatenate(places)


def _network(form: Any) -> MLPScalar | MLPVector | None:
    """The network that a form is, or begins with and has the widths of."""
    if isinstance(form, MLPScalar | MLPVector):
        return form
    return form.network if isinstance(form, MLPField | Stable | DivergenceFree) else None


def _blocks(net: MLPScalar | MLPVector) -> tuple[list[Places], list[Places], Places, list[Places]]:
    """Places of weights of each layer ``(n, m)``, of biases, of the last weights, and all."""
    sizes = [*net.layers.sizes, *net.sizes[1:]]
    flat = np.split(np.arange(net.n_parameters), np.cumsum(sizes)[:-1])
    hidden = 2 * len(net.hidden)
    weights = [flat[2 * k].reshape(width, -1) for k, width in enumerate(net.hidden)]
    return weights, flat[1:hidden:2], flat[hidden].reshape(-1, net.hidden[-1]), flat


def _of_network(net: MLPScalar | MLPVector) -> Layout:
    weights, biases, last, layers = _blocks(net)
    units = []
    for into, bias, out in zip(weights, biases, [*weights[1:], last], strict=True):
        for k in range(len(into)):
            incoming = np.append(into[k], bias[k : k + 1])
            units.append(Unit(tuple(incoming.tolist()), tuple(out[:, k].tolist())))
    return Layout(tuple(tuple(one.tolist()) for one in layers if len(one)), tuple(units), ())


def _busy(net: MLPScalar | MLPVector, parameters: Array) -> tuple[tuple[int, ...], Places]:
    """Widths of the layers without idle units, and the places of what is left."""
    weights, biases, last, _ = _blocks(net)
    stays = np.ones(net.n_parameters, dtype=bool)
    widths, out = [], last
    for into, bias in zip(reversed(weights), reversed(biases), strict=True):
        live = (parameters[out] != 0.0).any(axis=0)
        live[0] |= not live.any()
        stays[out[:, ~live]] = stays[into[~live]] = False
        if len(bias):
            stays[bias[~live]] = False
        widths.append(int(live.sum()))
        out = into[live]
    return tuple(reversed(widths)), np.flatnonzero(stays)
