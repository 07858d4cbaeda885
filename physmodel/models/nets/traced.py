"""Derivatives of a form as a recorded list of operations: small networks spend their time on calls.

Fits by shooting ask for the derivatives of the same form at as many points ten thousand times.
Finding out anew each time what has to be computed takes three times as long as computing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.func import jacrev, vmap
from torch.fx.experimental.proxy_tensor import make_fx

from physmodel.models.nets.form import Form

#: Slopes by the parameters and by the motion, and the rates.
Slopes = tuple[tuple[Tensor, Tensor], Tensor]
#: Of the parameters ``(p,)``, motions ``(n, order d)`` and inputs ``(n, m)``.
SlopesOf = Callable[[Tensor, Tensor, Tensor], Slopes]

#: Calls before the operations are recorded, which costs as much as a hundred calls, and the numbers
#: in the derivatives above which computing them takes longer than finding out how.
PATIENCE, SMALL = 30, 100_000
#: Recordings that are kept.
MOST_RECORDINGS = 64


@dataclass(eq=False)
class _Recording:
    """Calls so far, and the operations once there were enough of them."""

    plain: SlopesOf
    calls: int = 0
    recorded: SlopesOf | None = None

    def __call__(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Slopes:
        if self.recorded is not None:
            with torch.no_grad():
                return self.recorded(parameters, motion, inputs)
        size = len(motion) * motion.shape[-1] * len(parameters)
        self.calls += size <= SMALL
        if self.calls == PATIENCE:
            self.recorded = make_fx(self.plain)(parameters, motion, inputs)
        with torch.no_grad():
            return self.plain(parameters, motion, inputs)


@lru_cache(maxsize=MOST_RECORDINGS)
def slopes_of(form: Form, rows: int, device: str) -> SlopesOf:
    """Rates and their derivatives for so many points; the same function for the same arguments.

    `rows`: A recording is good for one number of points only.
    """

    def twice(theta: Tensor, point: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        rate = form.rate(theta, point, other)
        return rate, rate

    slopes = jacrev(twice, argnums=(0, 1), has_aux=True)
    return _Recording(vmap(slopes, in_dims=(None, 0, 0)))
