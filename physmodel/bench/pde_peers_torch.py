"""A physics-informed network as it is usually trained: squares added up, Adam, then L-BFGS.

References
----------
Raissi, Perdikaris, Karniadakis (2019), Physics-informed neural networks, J. Comput. Phys. 378, 686.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]

#: Three hidden layers of twenty units, as in the paper's examples of this size.
LAYERS, WIDTH = 3, 20
#: Points inside and on each side; learning rate of Adam, and its share of the time.
INSIDE, ON_SIDE, LEARNING_RATE, ADAM_SHARE = 2000, 100, 1e-3, 0.3
#: Equation: residual ``(n,)`` from the points' columns, the field and its derivative by a column.
Equation = Callable[[list[Tensor], Tensor, Callable[[Tensor, int], Tensor]], Tensor]


def train(
    equation: Equation,
    domain: Array,
    given: list[tuple[int, int, Callable[[Array], Array]]],
    seconds: float,
    seed: int,
) -> Callable[..., Array]:
    """Train a network in float64 for some time.

    `domain` ``(d, 2)``. `given`: coordinate, end (0 or 1), and the values there as a function of
    points ``(n, d)``. Returns: the field as a function of the coordinates.
    """
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = _network(len(domain), generator)
    inside = torch.tensor(_drawn(domain, INSIDE, rng))
    sides = []
    for axis, end, values in given:
        points = _drawn(domain, ON_SIDE, rng)
        points[:, axis] = domain[axis, end]
        sides.append((torch.tensor(points), torch.tensor(values(points))))
    low, high = torch.tensor(domain).T

    def field(points: Tensor) -> Tensor:
        return torch.as_tensor(network((2.0 * points - low - high) / (high - low))[:, 0])

    def loss() -> Tensor:
        columns = [column.clone().requires_grad_() for column in inside.T]
        u = field(torch.stack(columns, dim=1))

        def by(value: Tensor, axis: int) -> Tensor:
            return torch.autograd.grad(value.sum(), columns[axis], create_graph=True)[0]

        total = (equation(columns, u, by) ** 2).mean()
        for points, values in sides:
            total = total + ((field(points) - values) ** 2).mean()
        return total

    _minimise(network, loss, seconds)

    def solution(*coordinates: Array) -> Array:
        with torch.no_grad():
            found: Array = field(torch.tensor(np.stack(coordinates, axis=-1))).numpy()
        return found

    return solution


def _network(inputs: int, generator: torch.Generator) -> nn.Sequential:
    widths = [inputs] + [WIDTH] * LAYERS
    parts: list[nn.Module] = []
    for n, m in pairwise(widths):
        parts += [nn.Linear(n, m, dtype=torch.float64), nn.Tanh()]
    network = nn.Sequential(*parts, nn.Linear(WIDTH, 1, dtype=torch.float64))
    with torch.no_grad():
        for part in network:
            if isinstance(part, nn.Linear):
                nn.init.xavier_normal_(part.weight, generator=generator)
                nn.init.zeros_(part.bias)
    return network


def _minimise(network: nn.Module, loss: Callable[[], Tensor], seconds: float) -> None:
    begin = perf_counter()
    adam = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    while perf_counter() - begin < ADAM_SHARE * seconds:
        adam.zero_grad()
        loss().backward()  # type: ignore[no-untyped-call]
        adam.step()
    polish = torch.optim.LBFGS(
        network.parameters(), max_iter=20, history_size=100, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        polish.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    while perf_counter() - begin < seconds:
        polish.step(closure)  # type: ignore[no-untyped-call]


def _drawn(domain: Array, count: int, rng: np.random.Generator) -> Array:
    low, high = domain.T
    found: Array = low + rng.random((count, len(domain))) * (high - low)
    return found
