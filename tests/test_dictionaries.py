"""One suite over every dictionary: adjoint, reconstruction, frame, atoms, coherence.

A new dictionary is one line in `CONSTRUCTORS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.models import dictionaries as dd
from physmodel.models.dictionaries.frame import atom_norms
from physmodel.optimizers import dictionary_learning
from physmodel.reports.atoms import atoms_figure, chosen_atoms
from physmodel.testing import check_dictionary

Shape = tuple[int, ...]


def snapshots(shape: Shape) -> np.ndarray:
    """Seven snapshots of two travelling waves with noise."""
    t = np.arange(7.0).reshape(-1, *[1] * len(shape))
    phase = sum(np.meshgrid(*(np.arange(n) * 2 * np.pi / n for n in shape), indexing="ij"))
    noise = np.random.default_rng(0).standard_normal((7, *shape))
    return np.cos(phase - 0.5 * t) + 0.3 * np.sin(2 * phase + t) + 0.1 * noise + 1.0


def noise(length: int, count: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((length, count))


def stripes(shape: Shape) -> np.ndarray:
    """A picture of oblique stripes."""
    row, column = np.indices(shape)
    return np.sign(np.sin(0.9 * row + 0.5 * column + 0.2))


CONSTRUCTORS: dict[str, tuple[Callable[[Shape], dd.Dictionary], tuple[int, ...]]] = {
    "dct": (dd.dct, (1, 2, 3)),
    "wavelet": (dd.wavelet, (1, 2, 3)),
    "wavelet haar": (lambda s: dd.wavelet(s, "haar"), (1, 2, 3)),
    "wavelet bior4.4": (lambda s: dd.wavelet(s, "bior4.4"), (1, 2, 3)),
    "wavelet symmetric": (lambda s: dd.wavelet(s, "db3", 2, "symmetric"), (1, 2, 3)),
    "wavelet bior2.2 zero": (lambda s: dd.wavelet(s, "bior2.2", 2, "zero"), (1, 2, 3)),
    "stationary_wavelet": (dd.stationary_wavelet, (1, 2, 3)),
    "stationary_wavelet bior4.4": (lambda s: dd.stationary_wavelet(s, "bior4.4"), (1, 2, 3)),
    "wavelet_packet": (dd.wavelet_packet, (1, 2, 3)),
    "steerable_pyramid": (dd.steerable_pyramid, (1, 2, 3)),
    "steerable_pyramid 0": (lambda s: dd.steerable_pyramid(s, 0), (1, 2, 3)),
    "steerable_pyramid 3": (lambda s: dd.steerable_pyramid(s, 3, 3), (1, 2, 3)),
    "curvelet": (dd.curvelet, (1, 2, 3)),
    "curvelet deep": (lambda s: dd.curvelet(s, 3, 1), (1, 2, 3)),
    "contourlet": (dd.contourlet, (1, 2, 3)),
    "contourlet deep": (lambda s: dd.contourlet(s, 3, 3), (1, 2, 3)),
    "bandlet": (lambda s: dd.bandlet(s, stripes(s), "haar", 0.1), (2,)),
    "bandlet bior4.4": (lambda s: dd.bandlet(s, stripes(s), "bior4.4", 0.1, 1), (2,)),
    "union": (lambda s: dd.union(dd.dct(s), dd.wavelet(s, "haar")), (1, 2, 3)),
    "union not tight": (lambda s: dd.union(dd.dct(s), dd.wavelet(s, "bior4.4")), (1, 2, 3)),
    "union with modes": (lambda s: dd.union(dd.pod(snapshots(s)), dd.dct(s)), (1, 2, 3)),
    "union of modes": (
        lambda s: dd.union(dd.pod(snapshots(s), 1), dd.dmd(snapshots(s))),
        (1, 2, 3),
    ),
    "from_atoms": (lambda s: dd.from_atoms(snapshots(s)), (1, 2, 3)),
    "pod": (lambda s: dd.pod(snapshots(s)), (1, 2, 3)),
    "dmd": (lambda s: dd.dmd(snapshots(s)), (1, 2, 3)),
    "learned": (lambda s: dd.learned(noise(int(np.prod(s)), 9), s), (1, 2, 3)),
    "convolutional": (
        lambda s: dd.convolutional(noise(int(np.prod(np.minimum(s, 2))), 3), np.minimum(s, 2), s),
        (1, 2, 3),
    ),
}

FROM_SHAPE = (
    dd.bandlet,
    dd.contourlet,
    dd.curvelet,
    dd.dct,
    dd.stationary_wavelet,
    dd.steerable_pyramid,
    dd.wavelet,
    dd.wavelet_packet,
)

#: Odd, even, one, primes, powers of two, long and thin.
SIDES = {1: 40, 2: 17, 3: 7}
FIXED: dict[int, list[Shape]] = {
    1: [(1,), (2,), (3,), (16,), (31,)],
    2: [(1, 1), (1, 9), (2, 2), (8, 8), (13, 6), (12, 12)],
    3: [(1, 1, 1), (2, 3, 1), (4, 4, 4), (3, 6, 5)],
}
CASES = [
    pytest.param(build, shape, id=f"{name} {shape}")
    for name, (build, dimensions) in CONSTRUCTORS.items()
    for d in dimensions
    for shape in FIXED[d]
]
every_case = pytest.mark.parametrize(("build", "shape"), CASES)
every_constructor = pytest.mark.parametrize("name", CONSTRUCTORS)


@cache
def built(build: Callable[[Shape], dd.Dictionary], shape: Shape) -> dd.Dictionary:
    """A dictionary; the tests share it, since it cannot change."""
    return build(shape)


@cache
def dense(dictionary: dd.Dictionary) -> np.ndarray:
    """The matrix of a dictionary, atom by atom: the oracle of this file."""
    atoms = [dictionary.atom(i).ravel() for i in range(dictionary.n_atoms)]
    return np.array(atoms).T


@every_constructor
@settings(max_examples=12)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_every_dictionary_conforms(name: str, data: st.DataObject, seed: int) -> None:
    build, dimensions = CONSTRUCTORS[name]
    d = data.draw(st.sampled_from(dimensions))
    shape = tuple(data.draw(st.lists(st.integers(1, SIDES[d]), min_size=d, max_size=d)))
    check_dictionary(build(shape), seed=seed)


@every_case
def test_synthesis_undoes_analysis(build: Callable[[Shape], dd.Dictionary], shape: Shape) -> None:
    dictionary = built(build, shape)
    for signal in (np.random.default_rng(1).standard_normal(shape), np.full(shape, 3.0)):
        again = dictionary.synthesise(dictionary.analyse(signal))
        if not dictionary.complete:
            # The projection on the span: nothing of the rest is seen by any atom.
            rest = dictionary.adjoint(signal - again)
            np.testing.assert_allclose(rest, 0, atol=1e-9 * np.linalg.norm(signal))
            signal = dictionary.synthesise(dictionary.analyse(again))
        # Rounding where a formula undoes it; conjugate gradients stop at the bar of 1e-9.
        exact = dictionary.is_tight and "wavelet" not in dictionary.name
        np.testing.assert_allclose(again, signal, rtol=0, atol=1e-12 if exact else 1e-9)


@every_case
def test_analysis_has_the_least_norm(build: Callable[[Shape], dd.Dictionary], shape: Shape) -> None:
    dictionary = built(build, shape)
    signal = np.random.default_rng(2).standard_normal(shape)
    expected = np.linalg.pinv(dense(dictionary), rcond=1e-12) @ signal.ravel()
    # The pseudo-inverse itself loses digits with the condition of the atoms (up to 1e3 here).
    np.testing.assert_allclose(dictionary.analyse(signal), expected, rtol=0, atol=1e-8)


@every_case
def test_frame_bounds_are_the_extreme_singular_values(
    build: Callable[[Shape], dd.Dictionary], shape: Shape
) -> None:
    dictionary = built(build, shape)
    s = np.linalg.svd(dense(dictionary), compute_uv=False)
    assert dictionary.complete == (np.count_nonzero(s > 1e-9 * s[0]) == dictionary.shape[0])
    squares = s[s > 1e-9 * s[0]] ** 2
    # Relative to the upper bound: the SVD is exact to its rounding.
    np.testing.assert_allclose(
        dictionary.frame_bounds(), (squares[-1], squares[0]), rtol=1e-9, atol=1e-10 * squares[0]
    )


@pytest.mark.parametrize(
    ("build", "shape"),
    # The matrix has a column for each atom: not for the largest shapes.
    [case for case in CASES if np.prod(case.values[1]) < 90],
)
def test_coherence_is_that_of_the_gram_matrix(
    build: Callable[[Shape], dd.Dictionary], shape: Shape
) -> None:
    dictionary = built(build, shape)
    matrix = dense(dictionary)
    length = np.linalg.norm(matrix, axis=0)
    for lengths in (dictionary.norms(), atom_norms(dictionary)):
        # Squares of one atom cancel to rounding where a wave is sampled at its zeros: half the
        # digits are lost in the root.
        np.testing.assert_allclose(lengths, length, rtol=0, atol=1e-7 * length.max())
        np.testing.assert_allclose(lengths**2, length**2, rtol=0, atol=1e-11 * length.max() ** 2)
    matrix = matrix[:, length > 1e-9 * length.max()] / length[length > 1e-9 * length.max()]
    gram = np.abs(matrix.T @ matrix)
    np.fill_diagonal(gram, 0.0)
    np.testing.assert_allclose(dictionary.coherence(), gram.max(), rtol=0, atol=1e-10)


@every_constructor
def test_numbers_are_taken_for_what_they_are(name: str) -> None:
    build, dimensions = CONSTRUCTORS[name]
    for d in dimensions:
        dictionary = build(FIXED[d][-1])
        a = np.random.default_rng(4).standard_normal(dictionary.n_atoms)
        whole = np.arange(dictionary.n_atoms) % 3
        np.testing.assert_allclose(
            dictionary @ (whole + 1j * a),
            dictionary @ whole.astype(float) + 1j * (dictionary @ a),
            rtol=0,
            atol=1e-11 * np.abs(a).sum(),
        )
        split = dictionary.split(a)
        np.testing.assert_array_equal(np.concatenate([p.ravel() for p in split.values()]), a)
        with pytest.raises(ProblemError, match="no atom"):
            dictionary.atom(-1)


@pytest.mark.parametrize("function", FROM_SHAPE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(), (0,), (4, -1), "ab", (2.5,), (2, 2, 2, 2), None])
def test_shapes_that_are_none(function: Callable[..., dd.Dictionary], shape: object) -> None:
    with pytest.raises(ProblemError, match="shape"):
        function(shape)


def test_lanczos_agrees_with_dense_bounds() -> None:
    """A signal too long for the dense route, whose bounds a smaller period shares."""
    small, large = (dd.wavelet(n, "bior4.4", 1).frame_bounds() for n in (256, 1024))
    # The spectrum of the periodized filters is sampled four times as finely; both hold its ends.
    np.testing.assert_allclose(large, small, rtol=1e-6)


def test_travelling_waves_are_spanned_by_their_modes() -> None:
    t, x = np.arange(40.0)[:, None], np.arange(64)[None] * 2 * np.pi / 64
    waves = 0.98**t * np.cos(x - 0.3 * t) + np.sin(3 * x + 0.7 * t)
    modes = dd.dmd(waves)
    assert modes.n_atoms == 4
    expected = sorted([0.98 * np.exp(0.3j), np.exp(0.7j)] * 2, key=abs)
    found = sorted(modes.parameters["eigenvalues"], key=abs)
    # Four clean modes in 40 snapshots: rounding times the condition of the snapshots.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    for dictionary in (modes, dd.pod(waves)):
        again = dictionary.synthesise(dictionary.analyse(waves[7]))
        np.testing.assert_allclose(again, waves[7], rtol=0, atol=1e-12)
    assert dd.pod(waves, rank=2).n_atoms == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dd.wavelet(8, "mexican"), "no discrete wavelet"),
        (lambda: dd.wavelet(8, "db4", -1), "levels"),
        (lambda: dd.wavelet(8, "db4", 1, "mirror"), "border"),
        (lambda: dd.stationary_wavelet(8, "db4", -1), "levels"),
        (lambda: dd.steerable_pyramid(8, -1), "pyramid"),
        (lambda: dd.curvelet(8, directions=0), "curvelets"),
        (lambda: dd.contourlet(8, -1), "contourlets"),
        (lambda: dd.bandlet(8), "2 dimensions"),
        (lambda: dd.bandlet((8, 8), np.zeros((7, 8))), "shape"),
        (lambda: dd.bandlet((8, 8), np.full((8, 8), np.nan)), "finite"),
        (lambda: dd.bandlet((8, 8), threshold=0.0), "threshold"),
        (lambda: dd.union(), "no dictionary"),
        (lambda: dd.union(dd.dct(4), dd.dct(5)), "shapes"),
        (lambda: dd.pod(np.zeros((3, 4))), "zero"),
        (lambda: dd.pod(np.eye(3), 4), "no 4 modes"),
        (lambda: dd.pod([[1.0, np.nan]]), "finite"),
        (lambda: dd.dmd(np.ones((1, 4))), "one snapshot"),
        (lambda: dd.from_atoms(np.zeros((2, 3))), "zero"),
        (lambda: dd.from_atoms([]), "no stack"),
    ],
)
def test_wrong_settings_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        call()


@pytest.mark.parametrize("shape", [(20,), (9, 12), (4, 5, 6)])
def test_the_picture_shows_every_band_once_there_is_room(shape: Shape, tmp_path: Path) -> None:
    dictionary = dd.union(dd.wavelet(shape, "haar", 1), dd.dct(shape))
    chosen = chosen_atoms(dictionary, 30)
    assert {label for label, _ in chosen} == {band.label for band in dictionary.bands}
    assert len({index for _, index in chosen}) == len(chosen) <= 30
    assert len(chosen_atoms(dictionary, 2)) == 2
    figure = atoms_figure(dictionary, 7)
    drawn = [axes for axes in figure.axes if axes.lines or axes.images]
    assert len(drawn) == len(chosen_atoms(dictionary, 7))
    figure.savefig(tmp_path / "atoms.png")
    assert (tmp_path / "atoms.png").stat().st_size > 1000


def test_the_page_on_dictionaries_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "dictionaries.md"
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, "dictionaries.md", "exec"), names)  # noqa: S102 - our own page
    shown = capsys.readouterr().out
    assert "True True" in shown
    gallery = page.with_name("gallery.md").read_text(encoding="utf-8")
    pictures = set(re.findall(r"\]\((gallery/\w+\.png)\)", gallery))
    assert pictures == {f"gallery/{path.name}" for path in page.parent.glob("gallery/*.png")}
    # Every constructor has a row in the table, and a picture.
    for name in set(dd.__all__) - set(dictionary_learning.__all__):
        if name not in {"Band", "Dictionary", "atom_matrix"}:
            assert f"`{name}`" in text, name
            assert f"gallery/{name}.png" in pictures or name == "from_atoms", name
