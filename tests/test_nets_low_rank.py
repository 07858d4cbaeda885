"""Updates of low rank: where matrices lie, what stays as it was, small files that fit one base."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from physmodel.errors import IntegrityError, ProblemError
from physmodel.losses.shooting import MultipleShooting, Record
from physmodel.losses.slopes import KnownStates
from physmodel.models.fields.vector_field import simulate
from physmodel.models.nets import net_field
from physmodel.models.nets.form import Form
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.restricted import Positive
from physmodel.models.nets.scaled import ScaledForm
from physmodel.models.nets.scaling import Scaling
from physmodel.models.nets.structure.dissipative import GradientFlow, Metriplectic
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.structure.lagrangian import Lagrangian
from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.models.nets.traced import slopes_of
from physmodel.models.nets.weights.low_rank import LowRank, merged, with_update
from physmodel.models.nets.weights.random_units import with_random_units
from physmodel.models.nets.weights.storage import load_net, save_net
from physmodel.models.nets.weights.update_file import load_update, save_update
from physmodel.models.nets.weights.weight_matrices import Matrix, weight_matrices
from physmodel.networks.carried import carry
from physmodel.optimizers.least_squares.bordered import bordered_least_squares
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.problem.known.finite import mirror

ENERGY = MLPScalar(2, (6, 5))
HIDDEN = (Matrix(0, 6, 2), Matrix(18, 5, 6))  # weights 6 x 2, biases 6, weights 5 x 6

FORMS: dict[str, tuple[Form, tuple[Matrix, ...]]] = {
    "hamiltonian": (Hamiltonian(ENERGY), HIDDEN),
    "odd, second order, input": (
        MLPField(2, 1, 2, (4, 3), bias=False),
        (Matrix(0, 4, 5), Matrix(20, 3, 4), Matrix(32, 2, 3), Matrix(38, 2, 5)),
    ),
    "symmetric": (symmetrised(Hamiltonian(ENERGY), mirror("q", "p"), ("q", "p")), HIDDEN),
    "scaled": (ScaledForm(GradientFlow(ENERGY), Scaling((0.1, 0.0), (2.0, 1e-3), 3.0)), HIDDEN),
    "positive": (
        Positive(MLPField(2, hidden=(3,)), (0,)),
        (Matrix(0, 3, 2), Matrix(9, 2, 3), Matrix(15, 2, 2)),
    ),
    "ports": (PortHamiltonian(ENERGY, 2), (*HIDDEN, Matrix(67, 2, 2))),
    "two scalars": (
        Metriplectic(ENERGY, ENERGY),
        (*HIDDEN, *(Matrix(one.start + 63, one.rows, one.columns) for one in HIDDEN)),
    ),
    "masses": (
        Lagrangian(ENERGY, (4,)),
        (*HIDDEN, Matrix(63, 4, 2), Matrix(75, 3, 4), Matrix(87, 3, 2)),
    ),
    # The hidden units are drawn, and no parameters: only vectors are left.
    "drawn units": (with_random_units(Hamiltonian(ENERGY), 1), ()),
}


def made(form: Form, seed: int = 0) -> NetField:
    weights = np.random.default_rng(seed).normal(size=form.n_parameters)
    states = tuple(f"x{k}" for k in range(form.n_states))
    return NetField(form, states, tuple(f"u{k}" for k in range(form.n_inputs)), weights)


def points(
    field: NetField, n: int = 6
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(n, len(field.states)))
    v = rng.normal(size=x.shape) if field.order == 2 else None
    return np.zeros(n), x, v, rng.normal(size=(n, len(field.inputs)))


def changed(field: NetField, seed: int = 0, size: float = 0.5) -> NetField:
    """Some update, not zero."""
    moved = np.random.default_rng(seed).normal(scale=size, size=len(field.parameters))
    return field.with_parameters(field.parameters + moved)


@pytest.mark.parametrize("name", FORMS)
def test_matrices_are_found_where_they_lie(name: str) -> None:
    form, expected = FORMS[name]
    assert weight_matrices(form) == expected


@pytest.mark.parametrize("name", FORMS)
def test_no_update_changes_no_bit(name: str) -> None:
    field = made(FORMS[name][0])
    updated = with_update(field, rank=2)
    where = points(field)
    assert updated.rate(*where).tobytes() == field.rate(*where).tobytes()
    motion = updated.linearised(*where).by_motion
    assert motion.tobytes() == field.linearised(*where).by_motion.tobytes()
    assert merged(updated).parameters.tobytes() == field.parameters.tobytes()
    assert merged(updated).form == field.form


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("rank", [1, 2])
def test_merged_is_the_same_field_and_the_update_has_its_rank(name: str, rank: int) -> None:
    base = made(FORMS[name][0])
    field = changed(with_update(base, rank=rank))
    plain = merged(field)
    where = points(field)
    rate = field.rate(*where)
    # The weights are the same numbers; sums over units may be ordered differently.
    np.testing.assert_allclose(plain.rate(*where), rate, rtol=1e-12, atol=1e-12 * abs(rate).max())
    assert plain.form is base.form
    difference = plain.parameters - base.parameters
    assert isinstance(field.form, LowRank)
    for one in field.form.factored:
        matrix = difference[one.start : one.stop].reshape(one.rows, one.columns)
        # Rounding of weights of unit size.
        assert np.linalg.matrix_rank(matrix, tol=1e-12) == rank
    assert np.count_nonzero(difference) == len(difference)


@pytest.mark.parametrize("name", ["hamiltonian", "positive", "masses"])
def test_slopes_by_the_update_are_those_of_the_rates(name: str) -> None:
    field = changed(with_update(made(FORMS[name][0])))
    where = points(field)
    found, step = field.linearised(*where).by_parameter, 1e-6
    for k in range(len(field.parameters)):
        move = step * np.eye(len(field.parameters))[k]
        up, down = (
            field.with_parameters(field.parameters + sign * move).rate(*where) for sign in (1, -1)
        )
        # The error of a central difference is the square of the step times the third derivative,
        # some hundreds here, and rounding over the step.
        np.testing.assert_allclose(found[:, :, k], (up - down) / (2 * step), atol=1e-7)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 3), st.floats(0.01, 2.0))
def test_any_update_of_a_hamiltonian_field_is_hamiltonian(
    seed: int, rank: int, size: float
) -> None:
    field = changed(with_update(made(Hamiltonian(MLPScalar(4, (6, 5)))), rank=rank), seed, size)
    slopes = field.linearised(*points(field)).by_motion
    turn = np.block([[np.zeros((2, 2)), -np.eye(2)], [np.eye(2), np.zeros((2, 2))]])
    hessian = turn @ slopes
    # Symmetric second derivatives of an energy, to rounding.
    assert np.abs(hessian - hessian.mT).max() <= 1e-12 * np.abs(hessian).max()


def test_an_update_on_an_update_starts_from_both() -> None:
    first = changed(with_update(made(Hamiltonian(ENERGY))))
    second = with_update(first)
    assert isinstance(second.form, LowRank)
    assert second.form.base.tobytes() == merged(first).parameters.tobytes()
    plain = merged(first)
    assert merged(plain) is plain


def test_a_regime_that_an_update_reaches_is_found_from_few_samples() -> None:
    """The truth is the base with another update of rank one: 80 numbers for 85 weights."""
    base = made(MLPField(2, hidden=(8, 5)))
    truth = changed(with_update(base, seed=3), 1, 0.2)
    where = points(base, 40)
    assert len(base.parameters) == 85
    slopes = truth.rate(*where)
    field = with_update(base)
    known = KnownStates(field, where[1], slopes, np.ones(2))
    ended = levenberg_marquardt(known, field.parameters)
    other = tuple(None if one is None else one[::-1] * 0.8 for one in where)
    rate = truth.rate(*other)
    # Noise-free and reachable: what is left is where the iterations stop.
    np.testing.assert_allclose(
        field.with_parameters(ended.parameters).rate(*other), rate, atol=1e-6 * abs(rate).max()
    )


def test_shooting_takes_an_update_for_any_field() -> None:
    base = made(Hamiltonian(MLPScalar(2, (3,))))
    truth = changed(with_update(base), 2, 0.1)
    time = np.linspace(0.0, 2.0, 25)
    path = simulate(truth, time, np.array([0.9, 0.3]))
    field, unit = with_update(base), np.ones(2)
    shooting = MultipleShooting(field, [Record(time, path, np.empty((25, 0)))], unit, unit, 2)
    before = float(np.sum(shooting.values(path.ravel(), field.parameters) ** 2)) / 2.0
    ended = bordered_least_squares(shooting, path.ravel(), field.parameters, max_iterations=10)
    # The truth is among the updates, and ten Gauss-Newton steps come near it.
    assert ended.shared.cost < 1e-6 * before


def test_tiles_count_the_weights_behind_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    field = changed(with_update(made(MLPField(2, hidden=(30, 30)))))
    where = points(field, 40)
    whole = field.linearised(*where)
    sizes = []

    def counted(form, rows, device):
        sizes.append(rows)
        return slopes_of(form, rows, device)

    monkeypatch.setattr(net_field, "slopes_of", counted)
    monkeypatch.setattr(net_field, "TILE", 10_000)
    tiled = field.linearised(*where)
    assert max(sizes) * 2 * merged(field).form.n_parameters <= 10_000
    # Products of matrices of other sizes round differently.
    np.testing.assert_allclose(tiled.by_parameter, whole.by_parameter, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("width", "rank"), [(64, 1), (96, 2), (128, 2)])
def test_the_file_is_a_tenth_of_the_network(width: int, rank: int, tmp_path: Path) -> None:
    base = made(Hamiltonian(MLPScalar(2, (width, width))))
    whole = sum(one.stat().st_size for one in save_net(base, tmp_path / "net").iterdir())
    update = save_update(changed(with_update(base, rank=rank)), tmp_path / "update.safetensors")
    assert update.stat().st_size < whole / 10


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    base = made(FORMS["symmetric"][0])
    field = changed(with_update(base, rank=2))
    again = load_update(save_update(field, tmp_path / "a.safetensors"), base)
    assert again.parameters.tobytes() == field.parameters.tobytes()
    assert again.rate(*points(field)).tobytes() == field.rate(*points(field)).tobytes()
    save_update(again, tmp_path / "b.safetensors")
    first, second = ((tmp_path / name).read_bytes() for name in ("a.safetensors", "b.safetensors"))
    assert first == second


def test_network_and_update_together_are_saved_like_any_network(tmp_path: Path) -> None:
    field = changed(with_update(made(FORMS["symmetric"][0]), rank=2))
    again = load_net(save_net(field, tmp_path))
    assert again.rate(*points(field)).tobytes() == field.rate(*points(field)).tobytes()
    assert merged(again).parameters.tobytes() == merged(field).parameters.tobytes()


def test_an_update_is_refused_on_another_network(tmp_path: Path) -> None:
    base = made(FORMS["symmetric"][0])
    path = save_update(changed(with_update(base)), tmp_path / "a.safetensors")
    other = base.parameters.copy()
    other[-1] = np.nextafter(other[-1], 2.0 * other[-1])
    strangers = (
        base.with_parameters(other),
        replace(base, form=Hamiltonian(ENERGY)),
        replace(base, states=("x1", "x0")),
        made(Hamiltonian(MLPScalar(2, (6, 6)))),
    )
    for stranger in strangers:
        with pytest.raises(IntegrityError, match="another network"):
            load_update(path, stranger)


@settings(max_examples=80)
@given(st.data())
def test_any_changed_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = made(Hamiltonian(MLPScalar(2, (3, 3))))
    field = changed(with_update(base))
    path = save_update(field, tmp_path_factory.mktemp("update") / "a.safetensors")
    raw = bytearray(path.read_bytes())
    kind = data.draw(st.sampled_from(("flip", "cut", "more", "nothing")))
    if kind == "flip":
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    else:
        raw = raw + b"0" * data.draw(st.sampled_from((1, 10, 200_000))) if kind == "more" else b""
    path.write_bytes(bytes(raw))
    try:
        again = load_update(path, base)
    except IntegrityError:
        return
    # White space in the header may change; nothing else.
    assert kind == "flip"
    assert again.parameters.tobytes() == field.parameters.tobytes()


@pytest.mark.parametrize(
    "numbers",
    [np.zeros(3), np.zeros(25, dtype=np.float32), np.full(25, np.nan), np.zeros((1, 25))],
)
def test_numbers_that_do_not_fit_are_refused(numbers: np.ndarray, tmp_path: Path) -> None:
    """Also where somebody signed them."""
    base = made(Hamiltonian(MLPScalar(2, (3, 3))))
    path = save_update(with_update(base), tmp_path / "a.safetensors")
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    record = json.loads(header["__metadata__"]["physmodel"])
    assert load(raw)["update"].shape == (25,)
    record["update"] = sha256(numbers.tobytes()).hexdigest()
    path.write_bytes(save({"update": numbers}, {"physmodel": json.dumps(record)}))
    with pytest.raises(IntegrityError, match="damaged"):
        load_update(path, base)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    base = made(Hamiltonian(ENERGY))
    with pytest.raises(ProblemError, match="rank 0"):
        with_update(base, rank=0)
    with pytest.raises(ProblemError, match="no update"):
        save_update(base, tmp_path / "a.safetensors")
    with pytest.raises(ProblemError, match="no update here"):
        load_update(tmp_path / "a.safetensors", base)
    field = with_update(base)
    with pytest.raises(ProblemError, match="not finite"):
        save_update(field.with_parameters(np.full_like(field.parameters, np.inf)), tmp_path / "a")
    with pytest.raises(ProblemError, match="not finite"):
        with_update(base.with_parameters(np.full_like(base.parameters, np.nan)))
    assert list(tmp_path.iterdir()) == []


def few(truth: NetField, n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """States, and slopes with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    slopes = truth.rate(np.zeros(n), x, None, np.empty((n, 0)))
    return x, slopes + noise * rng.normal(size=slopes.shape)


def test_few_noisy_samples_carry_a_network() -> None:
    base = made(Hamiltonian(MLPScalar(2, (6, 5))))
    noise, everywhere = 0.02, points(base, 200)
    left, before = [], []
    for seed in range(2):
        truth = changed(with_update(base, seed=seed), seed, 0.1)
        x, slopes = few(truth, 15, noise, seed)
        found = carry(base, lambda f, x=x, y=slopes: KnownStates(f, x, y, np.full(2, noise)))
        assert found.size > 0.0
        assert len(found.field.parameters) > 30  # the numbers measured: the prior decides the rest
        rate = truth.rate(*everywhere)
        left.append(np.linalg.norm(found.field.rate(*everywhere) - rate))
        before.append(np.linalg.norm(base.rate(*everywhere) - rate))
    # Half of the way at least in every draw, although no update is excluded by 30 numbers.
    assert np.all(np.array(left) < 0.5 * np.array(before))


def test_samples_of_the_old_regime_ask_for_no_update() -> None:
    base = made(Hamiltonian(MLPScalar(2, (6, 5))))
    x, slopes = few(base, 15, 0.02, 0)
    found = carry(base, lambda field: KnownStates(field, x, slopes, np.full(2, 0.02)))
    assert found.size == 0.0
    assert merged(found.field).parameters.tobytes() == base.parameters.tobytes()
    with pytest.raises(ProblemError, match="no rank"):
        carry(base, lambda field: KnownStates(field, x, slopes, np.ones(2)), ranks=())
