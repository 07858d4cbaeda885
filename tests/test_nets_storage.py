"""Saved networks: the same bits back, and damage that is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from physmodel.errors import IntegrityError, PhysmodelError, ProblemError
from physmodel.models.nets.blocks import PositiveQuadratic
from physmodel.models.nets.form import Form
from physmodel.models.nets.known_scalar import KnownScalar
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.restricted import AtRest, Positive
from physmodel.models.nets.scaled import ScaledForm, ScaledScalar
from physmodel.models.nets.scaling import Scaling
from physmodel.models.nets.structure.constrained import Constrained
from physmodel.models.nets.structure.dissipative import GradientFlow, Metriplectic
from physmodel.models.nets.structure.divergence_free import DivergenceFree
from physmodel.models.nets.structure.hamiltonian import Hamiltonian, Separable
from physmodel.models.nets.structure.lagrangian import Lagrangian
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.structure.stable import Stable
from physmodel.models.nets.symmetry.averaged import AveragedField
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.models.nets.weights.random_units import with_random_units
from physmodel.models.nets.weights.storage import FILE, WEIGHTS, load_net, save_net
from physmodel.problem.known.finite import time_reversal
from physmodel.problem.known.lie import rotation
from physmodel.problem.known.rods import Rods
from physmodel.problem.known.symmetry import product_of

NAMES = ("q1", "q2", "p1", "p2")
TURNING = product_of(rotation(["q1", "q2"], ["p1", "p2"]), time_reversal("p1", "p2"))
ENERGY = Hamiltonian(MLPScalar(4, (3,)))
SCALE = Scaling((0.1, 0.0), (2.0, 1e-7), 3.0)

FORMS: dict[str, Form] = {
    "plain": MLPField(2, 1, 2, (4, 3), bias=False),
    "hamiltonian": Hamiltonian(MLPScalar(4, (3,)), ((0, 1), (2, 3))),
    "separable": Hamiltonian(Separable(PositiveQuadratic(1, ((2.0,),)), MLPScalar(1, (3,)))),
    "symmetric": symmetrised(ENERGY, TURNING, NAMES),
    "drawn units": with_random_units(symmetrised(ENERGY, TURNING, NAMES), 1),
    "symmetric field": symmetrised(MLPField(4, hidden=(3,)), TURNING, NAMES),
    "scaled": ScaledForm(DivergenceFree(2, (3,)), SCALE),
    "scaled scalar": GradientFlow(ScaledScalar(MLPScalar(2, (3,)), SCALE, 7.0)),
    "known": PortHamiltonian(KnownScalar(("x", "y"), "x^2 + sin(y)"), 1, True, (3,)),
    "lagrangian": Lagrangian(MLPScalar(2, (3,)), None),
    "rods": Constrained(
        MLPScalar(4, (3,)), Rods(2, 2, ((0, 1),), ((1, (0.5, -1.0)),)), (None, 2.0)
    ),
    "mechanical": Mechanical(MLPScalar(2, (3,)), (3,), True),
    "metriplectic": Metriplectic(MLPScalar(2, (3,)), MLPScalar(2, (3,))),
    "stable": Stable(2, (3,), 0.5),
    "positive": Positive(MLPField(2, hidden=(3,)), (0,)),
    "at rest": AtRest(MLPField(2, hidden=(3,)), (0, 1), (1.0, -2.0)),
}


def made(name: str, seed: int = 0) -> NetField:
    form = FORMS[name]
    weights = np.random.default_rng(seed).normal(size=form.n_parameters)
    states = tuple(f"x{k}" for k in range(form.n_states))
    return NetField(form, states, tuple(f"u{k}" for k in range(form.n_inputs)), weights)


def rates(field: NetField) -> np.ndarray:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(5, len(field.states)))
    v = rng.normal(size=x.shape) if field.order == 2 else None
    return field.rate(np.zeros(5), x, v, rng.normal(size=(5, len(field.inputs))))


@pytest.mark.parametrize("name", FORMS)
def test_what_is_read_is_what_was_written(name: str, tmp_path: Path) -> None:
    field = made(name)
    again = load_net(save_net(field, tmp_path / "net"))
    assert (again.states, again.inputs, again.order) == (field.states, field.inputs, field.order)
    assert again.parameters.tobytes() == field.parameters.tobytes()
    assert rates(again).tobytes() == rates(field).tobytes()
    if name != "drawn units":  # which holds an array, and is compared by its rates
        assert again.form == field.form
    first = (tmp_path / "net" / WEIGHTS).read_bytes(), (tmp_path / "net" / FILE).read_bytes()
    save_net(again, tmp_path / "net")
    assert first == (
        (tmp_path / "net" / WEIGHTS).read_bytes(),
        (tmp_path / "net" / FILE).read_bytes(),
    )


@settings(max_examples=60)
@given(st.data())
def test_any_changed_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = save_net(made("symmetric field"), tmp_path_factory.mktemp("net"))
    path = folder / data.draw(st.sampled_from((FILE, WEIGHTS)))
    raw = bytearray(path.read_bytes())
    kind = data.draw(st.sampled_from(("flip", "cut", "more", "nothing")))
    if kind == "flip":
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] ^= 1 << data.draw(st.integers(0, 7))
        before = json.loads((folder / FILE).read_bytes())
    elif kind == "cut":
        raw = raw[: data.draw(st.integers(0, len(raw) - 3))]
    elif kind == "more":
        raw += b"0" * data.draw(st.sampled_from((1, 10, 200_000)))
    else:
        raw = bytearray()
    path.write_bytes(bytes(raw))
    try:
        again = load_net(folder)
    except IntegrityError:
        return
    # White space between the values of the description may change; nothing else.
    assert kind == "flip"
    assert path.name == FILE
    assert json.loads(raw) == before
    assert rates(again).tobytes() == rates(made("symmetric field")).tobytes()


def rewritten(folder: Path, change: Callable[[dict], None], weights: bytes | None = None) -> None:
    """Damage that somebody signed: the hash is right."""
    from physmodel.models.nets.weights import storage

    record = json.loads((folder / FILE).read_text())
    change(record)
    raw = (folder / WEIGHTS).read_bytes() if weights is None else weights
    record["sha256"] = storage._digest(record, raw)
    (folder / WEIGHTS).write_bytes(raw)
    (folder / FILE).write_text(json.dumps(record))


DAMAGE: dict[str, Callable[[dict], None]] = {
    "unknown form": lambda r: r["form"].update(kind="os.system"),
    "part as form": lambda r: r.update(form={"kind": "Scaling", "centre": [], "scale": []}),
    "list as name": lambda r: r["form"].update(kind=["MLPField"]),
    "other version": lambda r: r.update(schema_version=99),
    "text as number": lambda r: r["form"].update(n_states="2"),
    "boolean as number": lambda r: r["form"].update(n_states=True),
    "number as boolean": lambda r: r["form"].update(bias=1),
    "wide": lambda r: r["form"].update(hidden=[10**9]),
    "negative": lambda r: r["form"].update(hidden=[-4]),
    "no layers": lambda r: r["form"].update(hidden=[]),
    "more fields": lambda r: r["form"].update(more=1),
    "fewer fields": lambda r: r["form"].pop("order"),
    "names": lambda r: r.update(states=["x0"]),
    "names as text": lambda r: r.update(states="xy"),
    "sizes": lambda r: r.update(sizes={"parameters": 10**12}),
    "no sizes": lambda r: r.update(sizes={}),
    "infinite size": lambda r: r.update(sizes={"parameters": float("inf")}),
    "not a form": lambda r: r.update(form=[1, 2]),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_descriptions_that_make_no_sense_are_refused(name: str, tmp_path: Path) -> None:
    folder = save_net(made("plain"), tmp_path)
    rewritten(folder, DAMAGE[name])
    with pytest.raises(IntegrityError):
        load_net(folder)


@pytest.mark.parametrize(
    "weights",
    [
        {"parameters": np.zeros(3)},
        {"parameters": np.zeros(made("plain").parameters.size, dtype=np.float32)},
        {"parameters": np.full(made("plain").parameters.size, np.nan)},
        {"other": np.zeros(made("plain").parameters.size)},
        {"parameters": np.zeros((1, made("plain").parameters.size))},
    ],
)
def test_weights_that_do_not_fit_are_refused(weights: dict, tmp_path: Path) -> None:
    folder = save_net(made("plain"), tmp_path)
    rewritten(folder, lambda record: None, save(weights))
    with pytest.raises(IntegrityError):
        load_net(folder)


def test_nesting_has_an_end(tmp_path: Path) -> None:
    folder = save_net(made("symmetric field"), tmp_path)
    inner = json.loads((folder / FILE).read_text())["form"]
    assert inner["kind"] == AveragedField.__name__
    for _ in range(30):
        inner = {**inner, "inner": inner}

    rewritten(folder, lambda record: record.update(form=inner))
    with pytest.raises(IntegrityError):
        load_net(folder)


def test_what_cannot_be_saved_is_refused(tmp_path: Path) -> None:
    field = made("plain")
    with pytest.raises(ProblemError, match="not finite"):
        save_net(field.with_parameters(np.full_like(field.parameters, np.inf)), tmp_path)
    with pytest.raises(ProblemError, match="no network"):
        load_net(tmp_path)

    @dataclass(frozen=True)
    class Own:
        inner: MLPField

        n_states, n_inputs, order = 2, 1, 2

        @property
        def n_parameters(self) -> int:
            return self.inner.n_parameters

    own = NetField(Own(field.form), field.states, field.inputs, field.parameters)
    with pytest.raises(PhysmodelError, match="Own cannot be saved"):
        save_net(own, tmp_path)
    assert list(tmp_path.iterdir()) == []
