"""Derivatives of a small tanh network by its inputs, and of those by its weights, by hand.

A jet (values of chosen derivatives by the inputs) goes through a layer by Faà di Bruno's formula,
and each piece of the Jacobian by the weights is one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]
#: Orders of differentiation, one per coordinate.
Index = tuple[int, ...]
#: Derivatives of the outer function per activation: tanh to the fourth.
DEEPEST = 4


@dataclass(frozen=True)
class JetNet:
    """A tanh network with linear output, from ``d`` inputs to one number.

    `widths`: inputs, then the units of each hidden layer.
    """

    widths: tuple[int, ...]

    @property
    def n_parameters(self) -> int:
        """Length ``p`` of the parameter vector."""
        return sum(m * (n + 1) for n, m in self._layers)

    @property
    def _layers(self) -> list[tuple[int, int]]:
        return list(zip(self.widths, (*self.widths[1:], 1), strict=True))

    def initial(self, seed: int) -> Array:
        """Random parameters ``(p,)``: Glorot's scale, first layer spread over the unit box."""
        rng = np.random.default_rng(seed)
        pieces = []
        for depth, (n, m) in enumerate(self._layers):
            scale = 2.0 if depth == 0 else math.sqrt(2.0 / (n + m))
            pieces.append(scale * rng.standard_normal(m * n))
            pieces.append(scale * rng.uniform(-1.0, 1.0, m) * (depth < len(self._layers) - 1))
        return np.concatenate(pieces)

    def widened(self, hidden: Sequence[int], parameters: Array, seed: int) -> tuple[JetNet, Array]:
        """A wider network that is the same function, and its parameters.

        `hidden`: units of each hidden layer, no fewer than there are. New ones are drawn as in
        `initial` and nothing reads them yet. `parameters` ``(p,)``.
        """
        wide = JetNet((self.widths[0], *hidden))
        drawn = wide.initial(seed)
        pieces, old, new = [], 0, 0
        for depth, ((n, m), (wide_n, wide_m)) in enumerate(
            zip(self._layers, wide._layers, strict=True)
        ):
            weight = drawn[new : new + wide_n * wide_m].reshape(wide_m, wide_n).copy()
            shift = drawn[new + wide_n * wide_m : new + (wide_n + 1) * wide_m].copy()
            if depth:
                weight[:m, n:] = 0.0
            weight[:m, :n] = parameters[old : old + n * m].reshape(m, n)
            shift[:m] = parameters[old + n * m : old + (n + 1) * m]
            pieces += [weight.ravel(), shift]
            old, new = old + (n + 1) * m, new + (wide_n + 1) * wide_m
        return wide, np.concatenate(pieces)

    def jets(
        self, parameters: Array, points: Array, wanted: Collection[Index]
    ) -> dict[Index, Array]:
        """Derivatives ``(n,)`` of the network at points ``(n, d)``."""
        return {k: v[:, 0] for k, v in self._forward(parameters, points, wanted)[0][-1].items()}

    def linearised(
        self, parameters: Array, points: Array, wanted: Collection[Index]
    ) -> dict[Index, tuple[Array, Array]]:
        """Derivatives ``(n,)`` by the inputs, and each by the parameters ``(n, p)``.

        `parameters` ``(p,)``, `points` ``(n, d)``. Raises ProblemError for derivatives of a higher
        order than four.
        """
        jets, slopes, weights = self._forward(parameters, points, wanted)
        known = list(jets[0])
        found = {}
        for target in wanted:
            # Derivative of one output entry by the jet after each linear map, from the last back.
            back = {target: np.ones((len(points), 1))}
            pieces: list[Array] = []
            for depth in range(len(weights) - 1, -1, -1):
                matrix = np.zeros((len(points), back[target].shape[1], self.widths[depth]))
                for index, sensitivity in back.items():
                    matrix += sensitivity[:, :, None] * jets[depth][index][:, None, :]
                zero = (0,) * self.widths[0]
                shift = back.get(zero, np.zeros_like(back[target]))
                pieces = [matrix.reshape(len(points), -1), shift, *pieces]
                if depth:
                    after = {k: s @ weights[depth] for k, s in back.items()}
                    back = _pulled(after, slopes[depth - 1], known)
            found[target] = (jets[-1][target][:, 0], np.concatenate(pieces, axis=1))
        return found

    def _forward(
        self, parameters: Array, points: Array, wanted: Collection[Index]
    ) -> tuple[list[dict[Index, Array]], list[dict[tuple[Index, Index], Array]], list[Array]]:
        """Jets before each linear map and after the last, slopes of activations, weights."""
        closed = lower_set(wanted)
        if max(map(sum, closed)) > DEEPEST:
            raise ProblemError(f"networks give derivatives up to order {DEEPEST}")
        d = self.widths[0]
        jet = {index: np.zeros_like(points) for index in closed}
        jet[(0,) * d] = points
        for axis in range(d):
            unit = tuple(int(k == axis) for k in range(d))
            if unit in jet:
                jet[unit] = np.broadcast_to(np.eye(d)[axis], points.shape)
        jets, slopes, weights = [jet], [], []
        at = 0
        for depth, (n, m) in enumerate(self._layers):
            weight = parameters[at : at + n * m].reshape(m, n)
            shift = parameters[at + n * m : at + n * m + m]
            at += n * m + m
            jet = {index: values @ weight.T for index, values in jet.items()}
            jet[(0,) * d] = jet[(0,) * d] + shift
            weights.append(weight)
            if depth < len(self._layers) - 1:
                jet, slope = _activated(jet)
                slopes.append(slope)
            jets.append(jet)
        return jets, slopes, weights


def lower_set(wanted: Collection[Index]) -> list[Index]:
    """All derivatives below some, lowest first: what a product or a chain rule needs."""
    every = {low for top in wanted for low in product(*(range(k + 1) for k in top))}
    return sorted(every, key=lambda index: (sum(index), index))


def multiplied(left: Mapping[Index, Array], right: Mapping[Index, Array]) -> dict[Index, Array]:
    """Jet of a product, by Leibniz' rule; the right one may carry further axes."""
    found = {}
    for index in right:
        total: Array | None = None
        for low in product(*(range(k + 1) for k in index)):
            rest = tuple(k - j for k, j in zip(index, low, strict=True))
            ways = math.prod(math.comb(k, j) for k, j in zip(index, low, strict=True))
            factor = left[low]
            shape = factor.shape + (1,) * (right[rest].ndim - factor.ndim)
            term = ways * factor.reshape(shape) * right[rest]
            total = term if total is None else total + term
        if total is not None:
            found[index] = total
    return found


def _activated(
    jet: dict[Index, Array],
) -> tuple[dict[Index, Array], dict[tuple[Index, Index], Array]]:
    """Jet of tanh of a jet, and its derivatives ``(out, in)`` where they are not zero.

    By the differential equation of tanh, ``y' = (1 - y^2) z'``: with ``w = 1 - y^2``, Leibniz'
    rule gives each derivative of ``y`` from lower ones of ``w`` and ``z``. A perturbation of
    ``z`` changes ``y`` by ``w dz`` as a function of the inputs, so that the derivative of entry
    ``a`` by entry ``b`` is ``binomial(a, b) w_(a-b)``.
    """
    zero = min(jet, key=sum)
    y = {zero: np.tanh(jet[zero])}
    w = {zero: 1.0 - y[zero] ** 2}
    for index in jet:
        if index == zero:
            continue
        axis = next(k for k, order in enumerate(index) if order)
        rest = tuple(order - (k == axis) for k, order in enumerate(index))
        total = np.zeros_like(jet[zero])
        for low in product(*(range(k + 1) for k in rest)):
            ways = math.prod(math.comb(k, j) for k, j in zip(rest, low, strict=True))
            up = tuple(k - j for k, j in zip(index, low, strict=True))
            total = total + ways * w[low] * jet[up]
        y[index] = total
        square = np.zeros_like(total)
        for low in product(*(range(k + 1) for k in index)):
            ways = math.prod(math.comb(k, j) for k, j in zip(index, low, strict=True))
            square = (
                square + ways * y[low] * y[tuple(k - j for k, j in zip(index, low, strict=True))]
            )
        w[index] = -square
    slopes = {}
    for out, into in product(jet, jet):
        rest = tuple(a - b for a, b in zip(out, into, strict=True))
        if min(rest) >= 0:
            ways = math.prod(math.comb(a, b) for a, b in zip(out, into, strict=True))
            slopes[out, into] = ways * w[rest]
    return y, slopes


def _pulled(
    after: dict[Index, Array], slopes: dict[tuple[Index, Index], Array], known: list[Index]
) -> dict[Index, Array]:
    """Sensitivities by a jet after the activation, as sensitivities by the jet before it."""
    before = {}
    for into in known:
        terms = [s * slopes[out, into] for out, s in after.items() if (out, into) in slopes]
        if terms:
            before[into] = np.sum(terms, axis=0)
    return before
