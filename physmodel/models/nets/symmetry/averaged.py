"""Exact finite symmetry of any network: the average over the elements of the group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.form import FormAround, ScalarAround, like

#: A matrix by its rows.
Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ScalarElement:
    """What an element ``g`` asks of a scalar: ``H(g x) = sign H(x)``.

    `linear`: ``A`` (D, D) of ``g x = A x + b``. `offset`: ``b`` (D,). `sign`: 1 or -1. A map that
    reverses the canonical structure but not the time, such as ``q -> -q``, is a symmetry of the
    motion if the energy is odd.
    """

    linear: Rows
    offset: tuple[float, ...]
    sign: float = 1.0


@dataclass(frozen=True)
class FieldElement:
    """What an element ``g`` asks of a field: ``f(g z) = back^-1 f(z)``.

    `linear`: ``A`` of ``g z = A z + b``, where ``z`` holds states, velocities (order 2) and inputs.
    `back`: matrix (d, d) that undoes the map of the highest derivative.
    """

    linear: Rows
    offset: tuple[float, ...]
    back: Rows


@dataclass(frozen=True)
class AveragedScalar(ScalarAround):
    """``mean_g sign(g) H(g x)``.

    `elements`: the whole group.
    """

    elements: tuple[ScalarElement, ...]

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        images, _, signs = self._images(point)
        found = self.inner.value(parameters, images)
        return torch.tensordot(signs, found, dims=1) / len(self.elements)

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        images, maps, signs = self._images(point)
        found = self.inner.gradient(parameters, images)
        return torch.einsum("g,g...i,gij->...j", signs, found, maps) / len(self.elements)

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], ...]:
        """Matrices ``(g, D, D)``, offsets ``(g, D)`` and signs ``(g,)``."""
        elements = self.elements
        return (
            np.array([one.linear for one in elements]),
            np.array([one.offset for one in elements]),
            np.array([one.sign for one in elements]),
        )

    def _images(self, point: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images ``(g, ..., D)``, matrices ``(g, D, D)`` and signs ``(g,)``."""
        maps, offsets, signs = self._arrays
        matrices = like(maps, point)
        return _moved(matrices, offsets, point), matrices, like(signs, point)


@dataclass(frozen=True)
class AveragedField(FormAround):
    """``mean_g back(g) f(g z)``.

    `elements`: the whole group.
    """

    elements: tuple[FieldElement, ...]

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        point = torch.cat([motion, inputs], dim=-1)
        maps, offsets, backward = self._arrays
        images = _moved(like(maps, point), offsets, point)
        sizes = [motion.shape[-1], inputs.shape[-1]]
        found = self.inner.rate(parameters, *torch.split(images, sizes, dim=-1))
        back = like(backward, point)
        return torch.einsum("gij,g...j->...i", back, found) / len(self.elements)

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], ...]:
        """Matrices ``(g, D, D)``, offsets ``(g, D)`` and matrices of the way back ``(g, d, d)``."""
        elements = self.elements
        return (
            np.array([one.linear for one in elements]),
            np.array([one.offset for one in elements]),
            np.array([one.back for one in elements]),
        )


def _moved(maps: Tensor, offsets: NDArray[np.float64], point: Tensor) -> Tensor:
    moved = torch.einsum("gij,...j->g...i", maps, point)
    if not offsets.any():
        return moved
    added = like(offsets, point)
    return moved + added.reshape(len(offsets), *[1] * (point.ndim - 1), -1)
