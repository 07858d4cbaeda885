"""The training loop: least squares as the truth, exact resumption, clear words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physmodel.errors import IntegrityError, ProblemError
from physmodel.optimizers.residuals import Ending

torch = pytest.importorskip("torch")
from torch import Tensor  # noqa: E402

from physmodel.optimizers.recompute_torch import recomputed  # noqa: E402
from physmodel.optimizers.train_torch import OPTIMIZERS, train  # noqa: E402

Array = NDArray[np.float64]
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(60, 3))
TARGETS = INPUTS @ np.array([1.0, -2.0, 0.5]) + 0.1 * RNG.normal(size=60)
DATA = (INPUTS, TARGETS)
START = np.zeros(3)


def mean_square(parameters: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
    inputs, targets = batch
    return ((inputs @ parameters - targets) ** 2).mean()


def tanh_net(parameters: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
    inputs, targets = batch
    hidden = torch.tanh(inputs @ parameters[:12].reshape(3, 4))
    return ((hidden @ parameters[12:] - targets) ** 2).mean()


LEAST = np.linalg.lstsq(INPUTS, TARGETS)[0]


def test_l_bfgs_reaches_the_least_squares_solution() -> None:
    found = train(mean_square, START, DATA, optimizer="LBFGS", epochs=5)
    # The loss is flat within the root of eps.
    assert found.parameters == pytest.approx(LEAST, abs=1e-7)
    assert found.cost == pytest.approx(np.mean((INPUTS @ LEAST - TARGETS) ** 2), rel=1e-12)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "nadam"])
def test_first_order_methods_come_near_it(optimizer: str) -> None:
    settings = {"lr": 0.02, **({"weight_decay": 0.0} if optimizer == "adamw" else {})}
    found = train(mean_square, START, DATA, optimizer=optimizer, settings=settings, epochs=400)
    # Steps of 0.02 end within that of a minimum.
    assert found.parameters == pytest.approx(LEAST, abs=0.02)
    assert found.parameters.dtype == np.float64


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "lbfgs", "rprop", "asgd", "radam"])
def test_a_run_that_is_interrupted_goes_on_to_the_same_bits(optimizer: str, tmp_path: Path) -> None:
    start = np.random.default_rng(1).normal(size=16)
    settings = {"momentum": 0.9, "lr": 1e-2} if optimizer == "sgd" else {}

    def run(folder: Path | None, stop: int = 99) -> tuple[Array, Array]:
        def hook(epoch: int, parameters: Array, value: float) -> None:
            if epoch == stop:
                raise KeyboardInterrupt

        found = train(
            tanh_net,
            start,
            DATA,
            optimizer=optimizer,
            settings=settings,
            epochs=12,
            batch_size=16,
            seed=3,
            folder=folder,
            on_iteration=hook,
        )
        return found.parameters, found.history

    whole = run(None)
    for stop in (1, 7):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, stop)
    assert json.loads((tmp_path / "training.json").read_text())["identity"]["seed"] == 3
    parts = run(tmp_path)
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".safetensors"]


KILLED = """
import os, sys
import numpy as np
from physmodel.optimizers.train_torch import train

def loss(parameters, batch):
    return ((batch[0] @ parameters - 1.0) ** 2).mean()

data = (np.random.default_rng(0).normal(size=(20, 3)),)
def hook(epoch, parameters, value):
    if epoch == int(sys.argv[2]):
        os._exit(9)  # as a killed process: nothing is cleaned up
found = train(loss, np.zeros(3), data, epochs=20, batch_size=5, folder=sys.argv[1],
              seconds_between_saves=0.0, on_iteration=hook)
print(found.parameters.tobytes().hex())
"""


def test_a_run_that_is_killed_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), "11"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    assert len(json.loads((tmp_path / "killed/training.json").read_text())["history"]) == 11
    shown = []
    for folder in ("killed", "whole"):  # in this process, which has loaded torch
        monkeypatch.setattr(sys, "argv", ["-c", str(tmp_path / folder), "-1"])
        exec(KILLED, {})  # noqa: S102 - the text above
        shown.append(capsys.readouterr().out)
    again, whole = shown
    assert len(whole.strip()) == 2 * 3 * 8  # three floats as hexadecimal digits
    assert again == whole
    histories = [
        json.loads((tmp_path / folder / "training.json").read_text())["history"]
        for folder in ("killed", "whole")
    ]
    assert len(histories[0]) == 21  # the start and twenty epochs
    assert histories[0] == histories[1]


def test_batches_are_those_of_the_seed() -> None:
    def run(seed: int) -> Array:
        return train(mean_square, START, DATA, batch_size=7, epochs=3, seed=seed).parameters

    assert np.array_equal(run(0), run(0))
    assert not np.array_equal(run(0), run(1))


def test_held_out_data_stop_a_run_and_choose_its_parameters() -> None:
    # One training row pulls away from the held-out ones: the best point is on the way.
    train_rows = (np.array([[1.0]]), np.array([3.0]))
    held_out = (np.array([[1.0]]), np.array([1.0]))
    found = train(
        mean_square,
        np.zeros(1),
        train_rows,
        held_out=held_out,
        settings={"lr": 0.1},
        patience=5,
        epochs=500,
    )
    assert found.ending is Ending.CONVERGED
    assert found.parameters[0] == pytest.approx(1.0, abs=0.1)  # Adam's step
    assert found.cost == found.history.min()
    assert found.iterations == int(np.argmin(found.history)) + 5


def test_a_loss_that_blows_up_ends_the_run_at_its_best() -> None:
    found = train(mean_square, START, DATA, optimizer="sgd", settings={"lr": 1e3}, epochs=500)
    assert found.ending is Ending.STALLED
    assert np.array_equal(found.parameters, START)


def test_time_and_recomputation() -> None:
    assert train(mean_square, START, DATA, time_limit=0.0).ending is Ending.TIME
    x = torch.linspace(0.1, 1.0, 5, dtype=torch.float64, requires_grad=True)

    def step(state: Tensor) -> Tensor:
        return state + 0.1 * torch.sin(state)

    plain, thrifty = x, x
    for _ in range(4):
        plain, thrifty = step(plain), recomputed(step)(thrifty)
    (one,) = torch.autograd.grad(plain.sum(), x)
    (other,) = torch.autograd.grad(thrifty.sum(), x)
    assert torch.equal(one, other)


def test_bad_requests_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="adamw"):
        train(mean_square, START, DATA, optimizer="newton")
    with pytest.raises(ProblemError, match="cannot be made"):
        train(mean_square, START, DATA, settings={"speed": 1.0})
    with pytest.raises(ProblemError, match="device"):
        train(mean_square, START, DATA, device="abacus")
    with pytest.raises(ProblemError, match="rows"):
        train(mean_square, START, (INPUTS, TARGETS[:5]))
    with pytest.raises(ProblemError, match="not finite"):
        train(lambda p, b: (p / 0.0).sum(), START, DATA)
    train(mean_square, START, DATA, epochs=2, folder=tmp_path)
    with pytest.raises(ProblemError, match="seed differ"):
        train(mean_square, START, DATA, epochs=2, folder=tmp_path, seed=1)
    tensors = next(tmp_path.glob("*.safetensors"))
    tensors.write_bytes(tensors.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match="hash"):
        train(mean_square, START, DATA, epochs=3, folder=tmp_path)
    (tmp_path / "training.json").write_text("[]")
    with pytest.raises(IntegrityError, match="damaged"):
        train(mean_square, START, DATA, epochs=3, folder=tmp_path)


def test_every_optimizer_of_torch_is_known_by_name() -> None:
    assert {"adam", "adamw", "sgd", "lbfgs"} <= set(OPTIMIZERS)
