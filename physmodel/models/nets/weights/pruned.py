"""Networks with some weights at zero."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.models.nets.form import FormAround

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PrunedForm(FormAround):
    """A form with most parameters zero; what holds for any parameters holds for these.

    Attributes
    ----------
    inner : Form
    kept : tuple of int
        Places of these parameters among those of the form.
    """

    kept: tuple[int, ...]

    @property
    def n_parameters(self) -> int:
        """Number of parameters kept."""
        return len(self.kept)

    def initial(self, seed: int) -> Array:
        """Random parameters ``(k,)`` to start from."""
        return self.inner.initial(seed)[list(self.kept)]

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        """Highest time derivative ``(..., d)``."""
        # Read from places, not written to them: that has a derivative under vmap.
        source = torch.from_numpy(self._source).to(parameters.device)
        zero = torch.zeros(1, dtype=parameters.dtype, device=parameters.device)
        return self.inner.rate(torch.cat([parameters, zero])[source], motion, inputs)

    @cached_property
    def _source(self) -> NDArray[np.intp]:
        """Where each parameter of the form stands among those kept; behind them if nowhere."""
        found = np.full(self.inner.n_parameters, len(self.kept), dtype=np.intp)
        found[list(self.kept)] = np.arange(len(self.kept))
        return found
