"""The baseline and the Hamiltonian network of Greydanus et al., as they describe them.

Two hidden layers of 200 tanh units, orthogonal starts, float32, Adam at 1e-3. The network of the
baseline gives the slopes; the other gives an energy, whose gradient torch finds.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]

WIDTH, LEARNING_RATE = 200, 1e-3


def train(
    states: Array,
    slopes: Array,
    *,
    hamiltonian: bool,
    steps: int,
    batch: int,
    decay: float,
    seed: int,
) -> tuple[Callable[[Array], Array], float]:
    """Fit slopes ``(n, d)`` at states ``(n, d)`` by least squares.

    `states`, `slopes` ``(n, d)``. `batch`: rows of a step; 0 for all. Returns slopes ``(..., d)``
    at states ``(..., d)``; seconds spent on training.
    """
    generator = torch.Generator().manual_seed(seed)
    d = states.shape[1]
    network = nn.Sequential(
        nn.Linear(d, WIDTH),
        nn.Tanh(),
        nn.Linear(WIDTH, WIDTH),
        nn.Tanh(),
        nn.Linear(WIDTH, 1 if hamiltonian else d, bias=False),
    )
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight, generator=generator)

    def rate(points: Tensor, keep: bool) -> Tensor:
        if not hamiltonian:
            return torch.as_tensor(network(points))
        points = points.requires_grad_()
        (slope,) = torch.autograd.grad(network(points).sum(), points, create_graph=keep)
        by_q, by_p = torch.chunk(slope, 2, dim=-1)
        return torch.cat([by_p, -by_q], dim=-1)

    x = torch.tensor(states, dtype=torch.float32)
    target = torch.tensor(slopes, dtype=torch.float32)
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE, weight_decay=decay)
    begin = perf_counter()
    for _ in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:batch] if batch else slice(None)
        loss = ((rate(x[rows].clone(), True) - target[rows]) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    seconds = perf_counter() - begin

    def field(points: Array) -> Array:
        found = rate(torch.tensor(points, dtype=torch.float32), False)
        return np.asarray(found.detach().numpy(), dtype=np.float64)

    return field, seconds
