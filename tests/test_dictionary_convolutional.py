"""Dictionaries of short atoms at any shift, and learned atoms as operators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.learned import atom_matrix, convolutional, learned
from physmodel.optimizers.dictionary_learning import convolutional_dictionary_learning, k_svd

Array = NDArray[np.float64]

#: Rounding of a norm of some dozen numbers.
UNIT = 1e-14


def shifted_match(truth: Array, atoms: Array) -> Array:
    """Best cosine of each true shape with an atom at any shift."""
    return np.array(
        [
            max(np.abs(np.correlate(shape, atom, "full")).max() for atom in atoms.T)
            for shape in truth
        ]
    )


def test_convolutional_recovers_planted_shifts() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(12)
    shapes = np.stack(
        [
            np.sin(np.pi * time / 3.0) * np.hanning(14)[1:-1],
            np.exp(-time / 3.0),
            np.where(time < 6, 1.0, -1.0),
        ]
    )
    shapes /= np.linalg.norm(shapes, axis=1)[:, None]
    maps = np.zeros((6, 3, 200))
    for signal in maps:
        for row in signal:
            row[rng.choice(200, 5, replace=False)] = rng.choice([-1, 1], 5) * rng.uniform(1, 2, 5)
    clean = np.fft.irfft((np.fft.rfft(maps) * np.fft.rfft(shapes, 200)).sum(axis=1), 200)
    result = convolutional_dictionary_learning(
        clean + 0.02 * rng.standard_normal(clean.shape), 3, 12
    )
    # The penalty bends shapes by a few per cent: eight draws give 0.95 to 1, six of them 0.99.
    assert shifted_match(shapes, result.atoms).min() > 0.97
    np.testing.assert_allclose(np.linalg.norm(result.atoms, axis=0), 1.0, atol=UNIT)
    box = np.fft.rfft([1.0, 1.0, *[0.0] * 197, 1.0])
    for shape, amounts in zip(shapes, maps.transpose(1, 0, 2), strict=True):
        which = int(np.argmax([shifted_match(shape[None], a[:, None])[0] for a in result.atoms.T]))
        # A smooth shape may be put together from neighbours: each event counts with both sides.
        events = np.fft.irfft(np.fft.rfft(amounts) * box, 200).ravel()
        found = np.fft.irfft(np.fft.rfft(result.maps[:, which]) * box, 200)
        agreement = [
            abs(np.corrcoef(events, np.roll(found, s, axis=1).ravel())[0, 1])
            for s in range(-11, 12)
        ]
        # The penalty takes a third of an amount of 1 and a sixth of one of 2; wrong places give 0.
        assert max(agreement) > 0.8
        assert np.sort(agreement)[-4] < 0.5


def test_convolutional_recovers_planted_shapes_in_pictures() -> None:
    rng = np.random.default_rng(1)
    shapes = np.zeros((2, 5, 5))
    shapes[0, 2], shapes[1, :, 2] = 5.0**-0.5, 5.0**-0.5
    maps = np.zeros((2, 2, 24, 24))
    for plane in maps.reshape(-1, 24 * 24):
        plane[rng.choice(24 * 24, 8, replace=False)] = rng.choice([-1.0, 1.0], 8)
    spectra = np.fft.rfft2(maps) * np.fft.rfft2(shapes, (24, 24))
    pictures = np.fft.irfft2(spectra.sum(axis=1), (24, 24))
    result = convolutional_dictionary_learning(pictures, 2, (5, 5))
    operator = convolutional(result.atoms, result.atom_shape, (24, 24))
    for picture, found in zip(pictures, result.maps, strict=True):
        rest = operator.synthesise(found.ravel()) - picture
        # What the penalty takes: a tenth of the largest coefficient, and next to nothing more.
        assert np.linalg.norm(rest) < 0.2 * np.linalg.norm(picture)
    for shape in shapes:
        sums = [
            np.abs(
                np.fft.irfft2(
                    np.fft.rfft2(atom.reshape(5, 5), (16, 16)).conj()
                    * np.fft.rfft2(shape, (16, 16)),
                    (16, 16),
                )
            ).max()
            for atom in result.atoms.T
        ]
        assert max(sums) > 0.98


def test_convolutional_objective_falls_and_seeds_repeat() -> None:
    signals = np.random.default_rng(2).standard_normal((2, 60))
    one = convolutional_dictionary_learning(signals, 3, 7, iterations=20, restarts=2, seed=1)
    other = convolutional_dictionary_learning(signals, 3, 7, iterations=20, restarts=2, seed=1)
    np.testing.assert_array_equal(one.atoms, other.atoms)
    np.testing.assert_array_equal(one.maps, other.maps)
    assert one.history[-1] < one.history[0]
    again = convolutional_dictionary_learning(
        signals, 3, 7, start=one.atoms, penalty=one.penalty, iterations=20
    )
    # A warm start goes on from where the first ended; both end with maps near their optimum.
    assert again.history[-1] <= one.history[-1] * (1.0 + 1e-3)


# --- operators ---


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 20))
@settings(max_examples=30)
def test_wrapping_and_unwrapping_are_inverse_to_each_other(
    seed: int, height: int, width: int, count: int
) -> None:
    weight = np.random.default_rng(seed).standard_normal((height * width, count))
    dictionary = learned(weight, (height, width))
    np.testing.assert_array_equal(atom_matrix(dictionary), weight)
    a = np.random.default_rng(seed + 1).standard_normal(count)
    np.testing.assert_allclose(dictionary @ a, weight @ a, atol=1e-12)


def test_learned_atoms_of_an_operator_go_back_into_learning() -> None:
    rng = np.random.default_rng(7)
    truth = rng.standard_normal((12, 16))
    truth /= np.linalg.norm(truth, axis=0)
    codes = np.where(rng.random((16, 300)) < 0.12, rng.standard_normal((16, 300)), 0.0)
    start = atom_matrix(learned(truth, (3, 4)))
    result = k_svd(truth @ codes, start=start, tolerance=1e-10, iterations=5)
    assert learned(result.atoms, (3, 4)).signal_shape == (3, 4)
    # An exact answer stays where it is, atom for atom.
    np.testing.assert_allclose(result.atoms, truth, atol=1e-9)


@pytest.mark.parametrize(("short", "shape"), [((5,), (16,)), ((4,), (15,)), ((3, 2), (7, 8))])
def test_convolutional_operator_has_an_exact_adjoint_and_bounds(
    short: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    operator = convolutional(rng.standard_normal((int(np.prod(short)), 3)), short, shape)
    a, x = rng.standard_normal(operator.n_atoms), rng.standard_normal(shape)
    left, right = float((operator @ a) @ x.ravel()), float(a @ operator.rmatvec(x.ravel()))
    assert left == pytest.approx(right, rel=1e-10)
    np.testing.assert_allclose(operator.synthesise(operator.analyse(x)), x, atol=1e-10)
    matrix = operator @ np.eye(operator.n_atoms)
    values = np.linalg.svd(matrix, compute_uv=False) ** 2
    np.testing.assert_allclose(operator.frame_bounds(), (values[-1], values[0]), rtol=1e-9)
    np.testing.assert_allclose(operator.norms(), np.linalg.norm(matrix, axis=0), rtol=1e-12)


# --- bad input ---


@pytest.mark.parametrize(
    ("signals", "sides", "settings_", "words"),
    [
        (np.ones(9), 3, {}, "shape"),
        (np.zeros((1, 9)), 3, {}, "zero"),
        (np.ones((1, 9)), 10, {}, "do not fit"),
        (np.ones((1, 9)), (2, 2), {}, "do not fit"),
        (np.full((1, 9), np.inf), 3, {}, "infinite"),
        (np.ones((1, 9)), 3, {"penalty": 0.0}, "penalty"),
        (np.ones((1, 9)), 3, {"start": np.ones((4, 2))}, "start"),
    ],
)
def test_bad_convolutional_input_is_named(
    signals: Array, sides: int | tuple[int, ...], settings_: dict[str, object], words: str
) -> None:
    with pytest.raises(ProblemError, match=words):
        convolutional_dictionary_learning(signals, 2, sides, **settings_)


def test_bad_atoms_of_operators_are_named() -> None:
    with pytest.raises(ProblemError, match="do not fill"):
        learned(np.ones((6, 2)), (4, 2))
    with pytest.raises(ProblemError, match="no atoms"):
        learned(np.full((6, 2), np.nan))
    with pytest.raises(ProblemError, match="do not fit"):
        convolutional(np.ones((6, 2)), (3, 3), (8, 8))
