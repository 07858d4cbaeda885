"""The one training loop: any optimiser of torch on a loss over a flat float64 vector.

For losses that are sums of squares prefer `physmodel.optimizers.solve`; this loop serves losses
that are none, data that come in batches, and networks too large for a Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.optimizers.batches_torch import Batch, batches, digest, open_data, open_device
from physmodel.optimizers.opening import find_method, open_start
from physmodel.optimizers.residuals import Ending, Minimum, OnIteration
from physmodel.optimizers.training_state_torch import TrainingState, read_state, write_state

Array = NDArray[np.float64]
#: ``(parameters (p,), batch) -> mean loss of the batch``, a scalar.
Loss = Callable[[Tensor, Batch], Tensor]

#: Optimisers by name in lower case.
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    name.lower(): value
    for name, value in vars(torch.optim).items()
    if isinstance(value, type) and issubclass(value, torch.optim.Optimizer)
    if value is not torch.optim.Optimizer
}
#: Settings other than torch's own where those are known to be poor.
SETTINGS: dict[str, dict[str, Any]] = {
    # Its own tolerances are absolute and end after five digits.
    "lbfgs": {
        "line_search_fn": "strong_wolfe",
        "history_size": 30,
        "tolerance_grad": 0.0,
        "tolerance_change": 0.0,
    },
}


def train(
    loss: Loss,
    start: Array,
    data: Sequence[Array],
    *,
    optimizer: str = "adam",
    settings: Mapping[str, Any] | None = None,
    epochs: int = 1000,
    batch_size: int | None = None,
    held_out: Sequence[Array] | None = None,
    patience: int | None = None,
    seed: int = 0,
    device: str = "cpu",
    time_limit: float | None = None,
    folder: str | Path | None = None,
    seconds_between_saves: float = 30.0,
    on_iteration: OnIteration | None = None,
) -> Minimum:
    """Minimise a mean loss over data.

    Parameters
    ----------
    loss : callable
    start : ndarray (p,)
    data : sequence of ndarray (n, ...)
        Arrays that belong together row by row; float arrays become float64.
    optimizer : str
        Any class of ``torch.optim``, in any case: ``"adam"``, ``"adamw"``, ``"sgd"``, ``"lbfgs"``.
    settings : mapping, optional
        Its arguments, such as ``{"lr": 1e-2}``; without them those of torch.
    epochs : int
        Passes through the data.
    batch_size : int, optional
        Rows a step; without it all.
    held_out : sequence of ndarray, optional
        Data on which the loss is judged after each epoch, instead of the training data.
    patience : int, optional
        Epochs without a lower judged loss after which the search has converged; without it a tenth
        of `epochs`, if there are held-out data.
    seed : int
        Of the order of the rows, which differs from epoch to epoch.
    device : str
        Where to compute, as torch names it.
    time_limit : float, optional
        Seconds, for this call.
    folder : path, optional
        Where the state is kept: each so many seconds, at the end, and at an interrupt. If it holds
        a state of the same run, that run goes on, to the same bits as if it had not been stopped.
    seconds_between_saves : float
    on_iteration : callable, optional
        Called after each epoch with its number, the parameters and the judged loss.

    Returns
    -------
    Minimum
        Parameters of the least judged loss, which is its ``cost``; a history of judged losses.

    Raises
    ------
    ProblemError
        If names, sizes, the device or the start are wrong, or the loss is not finite there.
    IntegrityError
        If the state in the folder is damaged.
    KeyboardInterrupt
        Passed on when the state is saved.
    """
    kind = find_method(optimizer.lower(), OPTIMIZERS)
    place = open_device(device)
    rows = open_data(data, place)
    judged_on = rows if held_out is None else open_data(held_out, place)
    chosen = {**SETTINGS.get(optimizer.lower(), {}), **(settings or {})}
    size = min(batch_size or len(rows[0]), len(rows[0]))
    if size < 1 or epochs < 0:
        raise ProblemError(
            f"{epochs} epochs of batches of {batch_size} rows cannot be made",
            fix="ask for a positive number of rows and no negative number of epochs",
        )
    if patience is None and held_out is not None:
        patience = max(epochs // 10, 1)

    parameters = torch.tensor(open_start(start), device=place, requires_grad=True)
    try:
        stepper = kind([parameters], **chosen)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ProblemError(
            f"{kind.__name__} cannot be made with these settings: {error}",
            fix="look its arguments up in the documentation of torch",
        ) from error

    def judge() -> float:
        total = sum(
            float(loss(parameters, batch).detach()) * len(batch[0])
            for batch in batches(judged_on, size, None)
        )
        return total / len(judged_on[0])

    identity = {
        "optimizer": optimizer.lower(),
        "settings": {key: repr(value) for key, value in sorted(chosen.items())},
        "batch_size": size,
        "seed": seed,
        "input": digest([np.asarray(start, dtype=float), *data, *(held_out or ())]),
    }
    state = None if folder is None else read_state(folder, identity, place)
    if state is None:
        first = judge()
        if not np.isfinite(first):
            raise ProblemError(
                "the loss is not finite at the start",
                why="no step can be judged from there",
                fix="start where the loss can be evaluated",
            )
        state = TrainingState(
            parameters.detach().clone(), parameters.detach().clone(), {}, (first,)
        )
    else:
        with torch.no_grad():
            parameters.copy_(state.parameters)
        stepper.state[parameters] = _copied(state.optimizer)

    began = saved = perf_counter()
    ending = Ending.ITERATIONS
    try:
        while len(state.history) <= epochs:
            if patience is not None and _waited(state.history) >= patience:
                ending = Ending.CONVERGED
                break
            if time_limit is not None and perf_counter() - began > time_limit:
                ending = Ending.TIME
                break
            epoch = len(state.history)
            for batch in batches(rows, size, (seed, epoch)):
                _step(stepper, loss, parameters, batch)
            value = judge()
            if not np.isfinite(value):
                ending = Ending.STALLED
                break
            present = parameters.detach().clone()
            best = present if value < min(state.history) else state.best
            memory = _copied(stepper.state[parameters])
            state = TrainingState(present, best, memory, (*state.history, value))
            if on_iteration is not None:
                on_iteration(epoch, present.cpu().numpy(), value)
            if folder is not None and perf_counter() - saved >= seconds_between_saves:
                write_state(folder, state, identity)
                saved = perf_counter()
    finally:
        # Also at an interrupt: the state is that after the last whole epoch.
        if folder is not None:
            write_state(folder, state, identity)
    history = np.array(state.history)
    return Minimum(
        state.best.cpu().numpy(),
        float(history.min()),
        ending,
        len(history) - 1,
        history,
        optimizer.lower(),
    )


def _step(stepper: torch.optim.Optimizer, loss: Loss, parameters: Tensor, batch: Batch) -> None:
    def closure() -> float:
        stepper.zero_grad()
        value = loss(parameters, batch)
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    stepper.step(closure)


def _waited(history: Sequence[float]) -> int:
    """Epochs since the least loss."""
    return len(history) - 1 - int(np.argmin(history))


def _copied(value: Any) -> Any:
    """A copy that later steps do not change."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copied(inner) for inner in value)
    return value
