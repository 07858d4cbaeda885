"""Numbers of a form as tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def like(values: NDArray[np.float64] | Sequence[object], tensor: Tensor) -> Tensor:
    """Numbers in the type and on the device of a tensor."""
    return torch.as_tensor(values, dtype=tensor.dtype, device=tensor.device)
