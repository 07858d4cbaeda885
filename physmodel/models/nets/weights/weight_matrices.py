"""Where the weight matrices of a form lie in its flat vector of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from physmodel.models.nets.form import Form


@dataclass(frozen=True)
class Matrix:
    """``rows`` times ``columns`` parameters from ``start`` on, row by row."""

    start: int
    rows: int
    columns: int

    @property
    def stop(self) -> int:
        """The first parameter after it."""
        return self.start + self.rows * self.columns


def weight_matrices(form: Form) -> tuple[Matrix, ...]:
    """The matrices that a form makes of its parameters, in the order of the vector.

    `form`: of layers, alone or inside other forms; nothing is asked of it but its `rate`. Returns:
    without those of one row or one column, which are vectors, and without what a form makes of
    copies, such as triangles that become symmetric matrices.

    Notes
    -----
    The rate is evaluated once, and each view of consecutive parameters as a matrix is noted: a form
    need not say, and cannot say wrongly, how its layers are laid out.
    """
    parameters = torch.from_numpy(form.initial(0).copy())
    motion = torch.full((form.order * form.n_states,), 0.5, dtype=torch.float64)
    inputs = torch.full((form.n_inputs,), 0.5, dtype=torch.float64)
    seen = _Views(parameters)
    with torch.no_grad(), seen:
        form.rate(parameters, motion, inputs)
    found: list[Matrix] = []
    for one in sorted(seen.matrices, key=lambda matrix: matrix.start):
        if min(one.rows, one.columns) > 1 and (not found or one.start >= found[-1].stop):
            found.append(one)
    return tuple(found)


class _Views(TorchFunctionMode):
    """Notes which pieces of a vector are seen as matrices."""

    def __init__(self, vector: Tensor) -> None:
        super().__init__()
        self.memory = vector.untyped_storage().data_ptr()
        self.matrices: set[Matrix] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        flat = bool(args) and isinstance(args[0], Tensor) and args[0].ndim == 1
        if flat and isinstance(found, Tensor) and found.ndim > 1 and found.numel():
            same = found.untyped_storage().data_ptr() == self.memory
            if same and found.is_contiguous():
                *_, rows, columns = found.shape
                first, size = found.storage_offset(), rows * columns
                stack = range(first, first + found.numel(), size)
                self.matrices |= {Matrix(start, rows, columns) for start in stack}
        return found
