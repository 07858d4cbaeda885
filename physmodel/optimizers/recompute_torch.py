"""Less memory for the gradient of a long chain of steps, such as an integration."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.utils.checkpoint import checkpoint


def recomputed(step: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Make a function forget its inner values and compute them again for the gradient.

    A chain of ``n`` such steps, an integration, needs memory for ``n`` states instead of for all
    that each step computes on the way, at the price of one more evaluation.

    Parameters
    ----------
    step : callable
        Of tensors, without side effects.
    """

    def again(*arguments: Tensor) -> Tensor:
        result: Tensor = checkpoint(step, *arguments, use_reentrant=False)
        return result

    return again
