"""Invariants of translations and rotations, and the vectors that turn along.

A scalar that depends on invariants only is invariant, and its gradient turns with the vectors. A
field is a sum of the vectors at hand with invariant coefficients ("scalars are universal").

References
----------
Villar, Hogg, Storey-Fisher, Yao, Blum-Smith (2021), Scalars are universal: equivariant machine
learning, structured like classical physics, arXiv:2106.06610.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from physmodel.models.nets.form import like
from physmodel.models.nets.symmetry.averaged import Rows


@dataclass(frozen=True)
class Invariants:
    """What translations and rotations leave alone, of a point of ``D`` variables.

    They are the differences of plain variables, the dot products of all pairs of vectors, and the
    cross products of pairs (in the plane) or the volumes of triples (in space), which mirror
    images would change: all polynomials, so that nothing is singular where vectors vanish.

    Attributes
    ----------
    n_variables : int
        ``D``.
    plain : tuple of int
        Places of variables that do not turn.
    differences : tuple of tuple of float
        Combinations of the plain variables that no translation changes, one a row.
    vectors : tuple of tuple of int
        Places of the components of each vector, two or three.
    between : tuple of tuple of float
        Combinations of the vectors that no translation changes, one a row.
    """

    n_variables: int
    plain: tuple[int, ...]
    differences: Rows
    vectors: tuple[tuple[int, ...], ...]
    between: Rows

    @property
    def n_axes(self) -> int:
        """Components of a vector: 2 or 3, or 0 without vectors."""
        return len(self.vectors[0]) if self.vectors else 0

    @property
    def count(self) -> int:
        """Number of invariants."""
        k = len(self.between)
        turning = (0, 0, k * (k - 1) // 2, k * (k - 1) * (k - 2) // 6)[self.n_axes]
        return len(self.differences) + k * (k + 1) // 2 + turning

    @property
    def n_directions(self) -> int:
        """Number of vectors that `directions` gives."""
        k = len(self.between)
        return k + (0, 0, k, k * (k - 1) // 2)[self.n_axes]

    def separate(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """Plain differences ``(..., a)`` and vectors ``(..., k, n_axes)``."""
        apart = _like(self.differences, point, len(self.plain))
        plain = point[..., list(self.plain)] @ apart.mT
        places = [place for one in self.vectors for place in one]
        grouped = point[..., places].reshape(*point.shape[:-1], len(self.vectors), self.n_axes)
        return plain, _like(self.between, point, len(self.vectors)) @ grouped

    def of(self, point: Tensor) -> Tensor:
        """Invariants ``(..., count)`` of points ``(..., D)``."""
        plain, vectors = self.separate(point)
        parts = [plain]
        k = len(self.between)
        if k:
            rows, columns = torch.triu_indices(k, k)
            parts.append((vectors @ vectors.mT)[..., rows, columns])
        if self.n_axes == 2:
            rows, columns = torch.triu_indices(k, k, 1)
            parts.append((vectors @ quarter_turn(vectors).mT)[..., rows, columns])
        if self.n_axes == 3:
            parts.append(_volumes(vectors))
        return torch.cat(parts, dim=-1)

    def pull_back(self, point: Tensor, slopes: Tensor) -> Tensor:
        """Derivatives by the point ``(..., D)`` from those by the invariants ``(..., count)``."""
        plain, vectors = self.separate(point)
        k = len(self.between)
        dots = k * (k + 1) // 2
        by_plain, by_dot, by_turn = torch.split(
            slopes, [plain.shape[-1], dots, self.count - plain.shape[-1] - dots], dim=-1
        )
        found = torch.zeros_like(point)
        if self.plain:
            shares = by_plain @ _like(self.differences, point, len(self.plain))
            found = _put(found, list(self.plain), shares)
        if not k:
            return found
        rows, columns = torch.triu_indices(k, k)
        weights = torch.zeros(*slopes.shape[:-1], k, k, dtype=slopes.dtype, device=slopes.device)
        weights = _put_pairs(weights, rows, columns, by_dot)
        by_vector = (weights + weights.mT) @ vectors
        if self.n_axes == 2 and k > 1:
            rows, columns = torch.triu_indices(k, k, 1)
            weights = _put_pairs(torch.zeros_like(weights), rows, columns, by_turn)
            by_vector = by_vector + (weights - weights.mT) @ quarter_turn(vectors)
        if self.n_axes == 3 and k > 2:
            by_vector = by_vector + _volume_slopes(vectors, by_turn)
        shares = _like(self.between, point, len(self.vectors)).mT @ by_vector
        places = [place for one in self.vectors for place in one]
        return _put(found, places, shares.flatten(-2))

    def directions(self, vectors: Tensor) -> Tensor:
        """Vectors that turn along, ``(..., n_directions, n_axes)``: themselves and products.

        In the plane also each vector turned by a quarter, in space the cross product of each pair.
        """
        if self.n_axes == 2:
            return torch.cat([vectors, quarter_turn(vectors)], dim=-2)
        pairs = list(combinations(range(len(self.between)), 2))
        if not pairs:
            return vectors
        first, second = (vectors[..., list(chosen), :] for chosen in zip(*pairs, strict=True))
        return torch.cat([vectors, torch.linalg.cross(first, second)], dim=-2)


def quarter_turn(vectors: Tensor) -> Tensor:
    """``(x, y) -> (-y, x)``, so that ``v . turn(w)`` is the cross product of ``w`` and ``v``."""
    return torch.stack([-vectors[..., 1], vectors[..., 0]], dim=-1)


def _triples(k: int, device: torch.device) -> Tensor:
    found = list(combinations(range(k), 3))
    return torch.tensor(found, dtype=torch.int64, device=device).reshape(-1, 3)


def _volumes(vectors: Tensor) -> Tensor:
    chosen = _triples(vectors.shape[-2], vectors.device)
    first, second, third = (vectors[..., chosen[:, axis], :] for axis in range(3))
    return (torch.linalg.cross(first, second) * third).sum(-1)


def _volume_slopes(vectors: Tensor, by_volume: Tensor) -> Tensor:
    chosen = _triples(vectors.shape[-2], vectors.device)
    parts = [vectors[..., chosen[:, axis], :] for axis in range(3)]
    found = torch.zeros_like(vectors)
    for axis in range(3):
        share = torch.linalg.cross(parts[(axis + 1) % 3], parts[(axis + 2) % 3])
        found = found.index_add(-2, chosen[:, axis], share * by_volume[..., None])
    return found


def _put(into: Tensor, places: list[int], values: Tensor) -> Tensor:
    return into.index_copy(-1, torch.tensor(places, device=into.device), values)


def _put_pairs(into: Tensor, rows: Tensor, columns: Tensor, values: Tensor) -> Tensor:
    places = (rows * into.shape[-1] + columns).to(into.device)
    return into.flatten(-2).index_copy(-1, places, values).reshape(into.shape)


def _like(values: Rows, point: Tensor, width: int) -> Tensor:
    return like(values, point).reshape(len(values), width)
