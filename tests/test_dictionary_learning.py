"""Learning of dictionaries: planted atoms, monotone updates, invariance, streams, pictures."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from physmodel.errors import ProblemError
from physmodel.optimizers.dictionary_learning import (
    LearnedDictionary,
    LearningStatus,
    encode,
    k_svd,
    method_of_optimal_directions,
    online_dictionary_learning,
)
from physmodel.optimizers.dictionary_learning.batch import residual_of
from physmodel.optimizers.dictionary_learning.k_svd import least_squares, rank_one_updates
from physmodel.optimizers.dictionary_learning.memory import Memory
from physmodel.optimizers.dictionary_learning.repair import repair

Array = NDArray[np.float64]
Learner = Callable[..., LearnedDictionary]

BATCH = [k_svd, method_of_optimal_directions]
UPDATES = [rank_one_updates, least_squares]
#: Rounding of a norm of some dozen numbers.
UNIT = 1e-14


def planted(
    seed: int, decibel: float = np.inf, m: int = 20, p: int = 50, k: int = 1500, s: int = 3
) -> tuple[Array, Array]:
    """The experiment of Aharon, Elad and Bruckstein: random atoms, `s` of them per signal."""
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((m, p))
    atoms /= np.linalg.norm(atoms, axis=0)
    codes = np.zeros((p, k))
    for column in codes.T:
        column[rng.choice(p, s, replace=False)] = rng.standard_normal(s)
    clean = atoms @ codes
    noise = rng.standard_normal(clean.shape)
    noise *= np.linalg.norm(clean) / np.linalg.norm(noise) * 10.0 ** (-decibel / 20.0)
    return atoms, clean + noise


def recovered(truth: Array, atoms: Array) -> float:
    """Share of true atoms that the dictionary holds, by the usual cosine of 0.99."""
    return float((np.abs(truth.T @ atoms).max(axis=1) > 0.99).mean())


def objective(signals: Array, result: LearnedDictionary) -> float:
    return float(((signals - result.atoms @ result.codes) ** 2).sum())


@pytest.mark.parametrize("learner", BATCH)
@pytest.mark.parametrize(("decibel", "seed"), [(10.0, 1), (20.0, 0), (30.0, 2)])
def test_recovers_planted_atoms(learner: Learner, decibel: float, seed: int) -> None:
    truth, signals = planted(seed, decibel)
    result = learner(signals, 50, sparsity=3, seed=seed)
    # Five seeds give 0.99 to 1 on average at 20 and 30 dB, 0.98 at 10; an atom is 0.02.
    assert recovered(truth, result.atoms) >= 0.96
    np.testing.assert_allclose(np.linalg.norm(result.atoms, axis=0), 1.0, atol=UNIT)
    assert (np.diff(result.codes.tocsc().indptr) <= 3).all()
    assert result.history[-1] == pytest.approx(objective(signals, result), rel=1e-10)
    # Single flips of the greedy pursuit can be seen in the objective to the end.
    assert result.status is not LearningStatus.UNUSED


def test_recovers_planted_atoms_without_being_told_how_many_each_signal_has() -> None:
    truth, signals = planted(0, 20.0)
    # Ten seeds of the benchmark give 1; an atom is 0.02.
    assert recovered(truth, k_svd(signals, 50).atoms) >= 0.96


@pytest.mark.parametrize("mixed", [2, 3])
def test_few_atoms_per_long_signal_are_not_replaced_by_many_poor_ones(mixed: int) -> None:
    """With an atom for every eight samples from the start, half of them are never found."""
    truth, signals = planted(mixed, 20.0, m=48, p=64, k=1000, s=mixed)
    result = k_svd(signals, 64)
    assert recovered(truth, result.atoms) == 1.0
    # The criterion lets chance add an atom to some signals.
    assert mixed <= result.codes.nnz / 1000 <= mixed + 0.5


def test_recovers_planted_atoms_online() -> None:
    truth, signals = planted(0, 20.0)
    result = online_dictionary_learning(signals, 50, sparsity=3)
    # Five seeds give 0.94 to 1: there is no surplus of atoms to choose from.
    assert recovered(truth, result.atoms) >= 0.9


def problem(seed: int, m: int, p: int, k: int) -> tuple[Array, csr_array, Array]:
    """Random atoms with random sparse codes of other signals, unused atoms among them."""
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((m, p))
    atoms /= np.linalg.norm(atoms, axis=0)
    codes = rng.standard_normal((p, k)) * (rng.random((p, k)) < 0.2)
    codes[0] = 0.0
    return atoms, csr_array(codes), rng.standard_normal((m, k))


SIZES = st.tuples(st.integers(0, 10**6), st.integers(2, 10), st.integers(2, 15), st.integers(1, 40))


@pytest.mark.parametrize("update", UPDATES)
@given(spec=SIZES)
@settings(max_examples=40)
def test_an_update_on_a_fixed_support_never_raises_the_objective(
    update: Callable[[Array, csr_array, Array], tuple[Array, csr_array, Array]],
    spec: tuple[int, int, int, int],
) -> None:
    atoms, codes, signals = problem(*spec)
    before = residual_of(signals, atoms, codes)
    moved, recoded, residual = update(atoms, codes, before)
    # Rounding of sums of a few hundred squares.
    assert (residual**2).sum() <= (before**2).sum() * (1.0 + 1e-12)
    np.testing.assert_allclose(residual, residual_of(signals, moved, recoded), atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=0), 1.0, atol=UNIT)
    outside = codes.toarray() == 0.0
    assert not recoded.toarray()[outside].any()
    np.testing.assert_array_equal(moved[:, 0], atoms[:, 0])


def test_least_squares_update_is_the_minimum() -> None:
    atoms, codes, signals = problem(3, 6, 8, 60)
    moved, recoded, _ = least_squares(atoms, codes, residual_of(signals, atoms, codes))
    # Normal equations: the residual is orthogonal to the code of every atom.
    slope = recoded @ residual_of(signals, moved, recoded)
    assert np.abs(slope).max() <= 1e-11 * np.abs(recoded @ signals.T).max()


@pytest.mark.parametrize("learner", BATCH)
def test_order_of_the_signals_does_not_matter(learner: Learner) -> None:
    _, signals = planted(1, 30.0, m=8, p=12, k=200, s=2)
    order = np.random.default_rng(0).permutation(signals.shape[1])
    one = learner(signals, 12, sparsity=2)
    other = learner(signals[:, order], 12, sparsity=2)
    # Sums in another order; sixty iterations amplify their rounding.
    np.testing.assert_allclose(other.atoms, one.atoms, atol=1e-9)
    np.testing.assert_allclose(other.codes.toarray(), one.codes.toarray()[:, order], atol=1e-8)


@pytest.mark.parametrize("learner", [*BATCH, online_dictionary_learning])
def test_same_seed_same_bits_and_scale_of_the_signals_only_scales_codes(learner: Learner) -> None:
    _, signals = planted(2, 20.0, m=8, p=12, k=200, s=2)
    one = learner(signals, 12, seed=5)
    np.testing.assert_array_equal(learner(signals, 12, seed=5).atoms, one.atoms)
    assert not np.array_equal(learner(signals, 12, seed=6).atoms, one.atoms)
    # A power of two scales every number exactly.
    scaled = learner(2.0**20 * signals, 12, seed=5)
    np.testing.assert_allclose(scaled.atoms, one.atoms, atol=1e-9)


@pytest.mark.parametrize("learner", BATCH)
def test_warm_start_keeps_places_and_stays_at_an_exact_answer(learner: Learner) -> None:
    truth, signals = planted(3, np.inf, m=12, p=16, k=300, s=2)
    result = learner(signals, start=7.0 * truth, sparsity=2, iterations=10)
    # Pursuit with the true atoms is exact for nearly all signals; the others move atoms a little.
    cosines = np.einsum("ij,ij->j", truth, result.atoms)
    assert cosines.min() > 0.99


@pytest.mark.parametrize("learner", [*BATCH, online_dictionary_learning])
def test_dead_and_duplicate_atoms_are_replaced(learner: Learner) -> None:
    truth, signals = planted(4, 30.0, m=12, p=16, k=800, s=2)
    start = truth.copy()
    start[:, 3] = start[:, 5]  # a duplicate
    result = learner(signals, start=start, sparsity=2)
    assert result.replaced >= 1
    assert recovered(truth, result.atoms) == 1.0


def test_repair_takes_the_worst_signals_that_are_not_there_yet() -> None:
    atoms = np.eye(4)[:, :3]
    signals = np.eye(4)[:, [0, 3, 3]] * np.array([5.0, 2.0, 1.0])
    uses, energies = np.array([9.0, 0.0, 9.0]), np.array([9.0, 0.0, 9.0])
    misfit = np.array([5.0, 2.0, 1.0])
    repaired, places = repair(atoms, uses, energies, signals, misfit)
    # The worst signal is the first atom already; the next is the new direction.
    np.testing.assert_array_equal(places, [1])
    np.testing.assert_array_equal(repaired, np.eye(4)[:, [0, 3, 2]])


@pytest.mark.parametrize("learner", BATCH)
def test_fewer_atoms_than_a_signal_is_long(learner: Learner) -> None:
    truth, signals = planted(8, 40.0, m=64, p=3, k=120, s=1)
    assert recovered(truth, learner(signals, 3).atoms) == 1.0


def test_more_atoms_than_the_data_need_are_reported() -> None:
    direction = np.array([[3.0], [4.0]])
    signals = direction @ np.arange(1.0, 31.0)[None]
    result = k_svd(signals, 4, sparsity=1)
    assert result.status is LearningStatus.UNUSED
    assert "fewer atoms" in result.remedy
    assert objective(signals, result) <= 1e-20 * (signals**2).sum()
    assert recovered(direction / 5.0, result.atoms) == 1.0


# --- online ---


@pytest.mark.parametrize("passes", [1, 3])
def test_a_stream_gives_the_bits_of_the_array(passes: int) -> None:
    _, signals = planted(5, 20.0, m=10, p=15, k=700, s=2)
    whole = online_dictionary_learning(signals, 15, block=100, passes=passes)
    tiles = [signals[:, i : i + 100] for i in range(0, 700, 100)]
    stream = online_dictionary_learning(tiles, 15, passes=passes)
    np.testing.assert_array_equal(stream.atoms, whole.atoms)
    np.testing.assert_array_equal(stream.history, whole.history)
    assert stream.codes is None
    assert whole.codes is not None
    assert whole.codes.shape == (15, 700)


def test_a_stream_is_read_once_and_never_kept() -> None:
    given: list[weakref.ref[Array]] = []
    alive: list[int] = []

    def blocks() -> Iterator[Array]:
        rng = np.random.default_rng(0)
        for _ in range(30):
            block = rng.standard_normal((6, 40))
            given.append(weakref.ref(block))
            yield block
            del block
            alive.append(sum(ref() is not None for ref in given))

    result = online_dictionary_learning(blocks(), 8, sparsity=1)
    assert len(result.history) == 30
    # The loop over the blocks still names the last one when it asks for the next.
    assert max(alive) <= 1


def alternation(signals: Array, atoms: Array, penalty: float, rounds: int) -> tuple[Array, float]:
    """The batch method, written out: code all, then coordinate descent on the atoms."""
    value = np.inf
    for _ in range(rounds):
        codes = encode(atoms, signals, penalty=penalty)
        rest = signals - atoms @ codes
        value = 0.5 * float((rest**2).sum()) + penalty * float(abs(codes).sum())
        atoms = Memory.empty(*atoms.shape).learn(signals, codes, None).update(atoms)
    return atoms, value / signals.shape[1]


def test_repeated_passes_end_where_the_batch_method_rests() -> None:
    _, signals = planted(6, 20.0, m=8, p=10, k=400, s=2)
    penalty = 0.2
    result = online_dictionary_learning(signals, 10, penalty=penalty, block=80, passes=30)
    _, here = alternation(signals, result.atoms, penalty, 1)
    _, rest = alternation(signals, result.atoms, penalty, 30)
    # Stopped at a change of 1e-3 per pass, it has a few such changes to go at most.
    assert rest <= here * (1.0 + 1e-12)
    assert here - rest <= 1e-2 * here
    _, batch = alternation(signals, first_signals(signals), penalty, 40)
    # Two local optima of one problem.
    assert here <= 1.05 * batch


def first_signals(signals: Array) -> Array:
    atoms = signals[:, :10]
    return np.asarray(atoms / np.linalg.norm(atoms, axis=0))


@given(spec=SIZES)
@settings(max_examples=30)
def test_online_atom_updates_never_raise_the_remembered_misfit(
    spec: tuple[int, int, int, int],
) -> None:
    atoms, codes, signals = problem(*spec)
    memory = Memory.empty(*atoms.shape).learn(signals, codes, None)
    moved = memory.update(atoms)
    before = (residual_of(signals, atoms, codes) ** 2).sum()
    after = (residual_of(signals, moved, codes) ** 2).sum()
    assert after <= before * (1.0 + 1e-12)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=0), 1.0, atol=UNIT)


# --- pictures ---


def test_learned_atoms_denoise_a_picture_better_than_cosines() -> None:
    import pywt.data

    clean = pywt.data.ascent().astype(float)[::2, ::2][:64, :64]
    noise = 20.0
    noisy = clean + noise * np.random.default_rng(0).standard_normal(clean.shape)
    windows = np.lib.stride_tricks.sliding_window_view(noisy, (8, 8))
    patches = windows.reshape(-1, 64).T
    means = patches.mean(axis=0)
    tolerance = 1.1 * noise * 8.0
    angles = np.outer(np.arange(8), np.arange(16)) * np.pi / 16.0
    side = np.cos(angles)
    side[:, 1:] -= side[:, 1:].mean(axis=0)
    cosines = np.kron(side, side)[:, 1:] / np.linalg.norm(np.kron(side, side)[:, 1:], axis=0)

    def error(atoms: Array) -> float:
        flat = atoms @ encode(atoms, patches - means, tolerance=tolerance) + means
        cubes = flat.T.reshape(*windows.shape)
        total, weight = np.zeros_like(clean), np.zeros_like(clean)
        for i in range(8):
            for j in range(8):
                part = np.s_[i : i + windows.shape[0], j : j + windows.shape[1]]
                total[part] += cubes[:, :, i, j]
                weight[part] += 1.0
        return float(np.mean((total / weight - clean) ** 2))

    few = (patches - means)[:, ::3]
    result = k_svd(few, tolerance=tolerance, start=cosines, iterations=6)
    gain = 10.0 * np.log10(error(cosines) / error(result.atoms))
    # 0.5 dB on the larger cut with more iterations.
    assert gain > 0.2


# --- bad input ---


@pytest.mark.parametrize("learner", [*BATCH, online_dictionary_learning])
@pytest.mark.parametrize(
    ("signals", "settings_", "words"),
    [
        (np.zeros((4, 9)), {}, "zero"),
        (np.ones(4), {}, "shape"),
        (np.ones((4, 0)), {}, "shape"),
        (np.full((4, 9), np.nan), {}, "missing"),
        (np.ones((4, 9)), {"n_atoms": 0}, "n_atoms"),
        (np.ones((4, 9)), {"sparsity": 9}, "atoms asked for"),
        (np.ones((4, 9)), {"start": np.ones((3, 2))}, "start"),
        (np.ones((4, 9)), {"start": np.zeros((4, 2))}, "zero"),
        (np.ones((4, 9)), {"start": np.ones((4, 2)), "n_atoms": 3}, "asked for"),
    ],
)
def test_bad_signals_and_settings_are_named(
    learner: Learner, signals: Array, settings_: dict[str, object], words: str
) -> None:
    with pytest.raises(ProblemError, match=words) as error:
        learner(signals, **settings_)
    assert error.value.fix


def test_bad_streams_are_named() -> None:
    with pytest.raises(ProblemError, match="no blocks"):
        online_dictionary_learning([])
    with pytest.raises(ProblemError, match="read once"):
        online_dictionary_learning((np.ones((3, 5)) for _ in range(2)), passes=2)
    with pytest.raises(ProblemError, match="length 4") as error:
        online_dictionary_learning([np.eye(3), np.eye(4)], 2)
    assert error.value.where == "block 1"
    with pytest.raises(ProblemError, match="penalty"):
        online_dictionary_learning(np.eye(3), 2, penalty=1.0, sparsity=1)
    with pytest.raises(ProblemError, match="iterable"):
        online_dictionary_learning(3.0)
