"""Sparse descriptions put to use: against closed forms, exact recovery and brute force."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import physmodel as pm
from physmodel.errors import DataError, PhysmodelError, ProblemError
from physmodel.models.dictionaries import (
    dct,
    from_atoms,
    pod,
    stationary_wavelet,
    wavelet,
)
from physmodel.signals import (
    compressed_sensing,
    denoise,
    few_atoms,
    inpaint,
    sensor_placement,
)

Array = NDArray[np.float64]


def field(values: Array, name: str | None = None) -> xr.DataArray:
    return xr.DataArray(values, dims=("y", "x", "z")[: values.ndim], name=name)


# Few measurements.


@pytest.mark.parametrize("label", ["dct", "wavelet haar", "samples"])
def test_few_measurements_recover_a_sparse_signal_exactly(label: str) -> None:
    """Three atoms of 64 from 32 Gaussian measurements: far below the phase transition."""
    dictionary = {"dct": dct, "wavelet haar": lambda n: wavelet(n, "haar")}.get(
        label, lambda n: from_atoms(np.eye(n), name="samples")
    )(64)
    rng = np.random.default_rng(9)
    coefficients = np.zeros(64)
    coefficients[[5, 23, 50]] = [1.0, -2.0, 1.5]
    clean = dictionary.synthesise(coefficients)
    operator = rng.standard_normal((32, 64))
    found = compressed_sensing(operator, operator @ clean)
    assert found.dictionary == label
    # Rounding times the condition of three columns.
    np.testing.assert_allclose(found.signal, clean, atol=1e-10)
    assert found.error < 1e-9
    assert found.solution.status == "optimal"


def test_noisy_measurements_of_a_picture() -> None:
    rng = np.random.default_rng(10)
    dictionary = dct((8, 8))
    coefficients = np.zeros(64)
    coefficients[[1, 10, 20]] = [3.0, -2.0, 2.0]
    clean = dictionary.synthesise(coefficients)
    operator = rng.standard_normal((40, 64))
    noisy = operator @ clean.ravel() + 0.05 * rng.standard_normal(40)
    found = compressed_sensing(operator, noisy, shape=(8, 8), dictionary=dct, noise_std=0.05)
    assert found.signal.shape == (8, 8)
    # Candes, Romberg and Tao: a small multiple of the noise; 0.05 per row of norm 8.
    assert np.linalg.norm(found.signal - clean) < 10 * 0.05
    rest = np.linalg.norm(operator @ found.signal.ravel() - noisy)
    assert rest <= 0.05 * np.sqrt(40 + 2 * np.sqrt(80)) * (1 + 1e-6)


# Sensors.


def test_sensors_rebuild_every_field_of_the_modes() -> None:
    rng = np.random.default_rng(11)
    modes = pod(rng.standard_normal((5, 6, 7)))
    for count in (5, 9, 42):
        found = sensor_placement(modes, count)
        assert len(set(found.places)) == count
        fields = np.stack([modes.synthesise(a) for a in rng.standard_normal((4, 5))])
        measured = fields.reshape(4, -1)[:, found.indices]
        # Rounding times the amplification.
        np.testing.assert_allclose(
            found.reconstruct(measured), fields, atol=1e-13 * found.amplification
        )
        np.testing.assert_allclose(found.reconstruct(measured[0]), fields[0], atol=1e-11)
    # Everything measured: orthonormal modes magnify nothing.
    assert found.amplification == pytest.approx(1.0)


def test_further_sensors_add_the_most_determinant() -> None:
    rng = np.random.default_rng(12)
    atoms = rng.standard_normal((3, 15))
    rows = atoms.T

    def volume(chosen: tuple[int, ...]) -> float:
        return float(np.linalg.det(rows[list(chosen)].T @ rows[list(chosen)]))

    chosen = sensor_placement(atoms, 6).indices
    for count in (3, 4, 5):
        already = tuple(int(i) for i in chosen[:count])
        gains = {i: volume((*already, i)) for i in range(15) if i not in already}
        assert max(gains, key=gains.__getitem__) == chosen[count]
    # Pivoted QR is greedy: at least 1 / r! of the best volume (Civril and Magdon-Ismail 2009).
    best = max(volume(c) for c in combinations(range(15), 3))
    assert np.sqrt(volume(tuple(chosen[:3]))) >= np.sqrt(best) / 6.0


def test_sensors_of_a_noisy_field_find_its_modes_and_their_places() -> None:
    rng = np.random.default_rng(13)
    x = np.linspace(0.0, 2.0 * np.pi, 80, endpoint=False)
    t = np.linspace(0.0, 20.0, 200)[:, None]
    clean = 3.0 + np.sin(x - t) + 0.5 * np.sin(2 * x + 1.3 * t)
    noisy = clean + 0.05 * clean.std() * rng.standard_normal(clean.shape)
    data = xr.DataArray(noisy[:150], dims=("time", "x"), coords={"x": x})
    found = sensor_placement(data, 6)
    assert found.modes.n_atoms == 4  # a travelling wave is a sine and a cosine
    np.testing.assert_array_equal(found.coordinates["x"], x[found.indices])
    rebuilt = found.reconstruct(noisy[150:, found.indices])
    spread = np.sqrt(np.mean((clean[150:] - 3.0) ** 2))
    error = np.sqrt(np.mean((rebuilt - clean[150:]) ** 2)) / spread
    # Noise of 5% in six values for four numbers: less than 5% times the amplification.
    assert error < 0.05 * max(found.amplification, 1.0)


# Few atoms.


def test_no_other_atoms_are_closer() -> None:
    """All choices of two atoms of seven, by brute force."""
    values = np.random.default_rng(14).standard_normal(7)
    found = few_atoms(field(values), 2, dct)
    atoms = np.stack([dct(7).atom(i) for i in range(7)], axis=1)
    errors = []
    for pair in combinations(range(7), 2):
        part = atoms[:, list(pair)]
        errors.append(np.linalg.norm(values - part @ (part.T @ values)))
    assert found.error * np.linalg.norm(values) == pytest.approx(min(errors), rel=1e-12)
    assert found.numbers == len(found.atoms) == 2


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_field_of_four_wavelets_is_found_as_such(noise: float) -> None:
    dictionary = wavelet((32, 32), "haar")
    coefficients = np.zeros(1024)
    coefficients[[70, 200, 500, 900]] = [4.0, -3.0, 2.5, 2.0]
    clean = dictionary.synthesise(coefficients)
    noisy = clean + noise * np.random.default_rng(15).standard_normal(clean.shape)
    data = field(noisy)
    found = few_atoms(data, count=None if noise else 4)
    assert found.dictionary.name == "wavelet haar"
    # The universal threshold lets pure noise pass in a few per cent of pictures.
    assert list(found.atoms[:4]) == [70, 200, 500, 900]
    assert len(found.atoms) <= 6
    # Noise of the kept coefficients: 0.02 in each of a few.
    assert np.linalg.norm(found.data.values - clean) <= max(3 * noise * np.sqrt(6), 1e-12)
    assert found.tried[found.dictionary.name] == found.error == min(found.tried.values())


def test_atoms_of_a_frame_come_from_a_pursuit() -> None:
    frame = stationary_wavelet(64, "haar")
    shape = np.zeros(64)
    shape[20:28] = 1.0
    found = few_atoms(field(shape), 6, frame)
    assert np.count_nonzero(found.coefficients) == len(found.atoms) <= 6
    np.testing.assert_allclose(found.data.values, frame.synthesise(found.coefficients))
    everything = few_atoms(field(shape), 64, dct)
    assert everything.error < 1e-14


def test_the_picture_shows_field_sum_rest_and_atoms() -> None:
    from physmodel.reports.few_atoms import few_atoms_figure

    values = np.random.default_rng(16).standard_normal((12, 10))
    found = few_atoms(field(values), 3, dct)
    figure = few_atoms_figure(found)
    shown = [panel.images[0].get_array() for panel in figure.axes]
    assert shown[0] is not None
    np.testing.assert_allclose(np.asarray(shown[0]), np.asarray(shown[1]) + np.asarray(shown[2]))
    np.testing.assert_allclose(sum(np.asarray(part) for part in shown[3:]), np.asarray(shown[1]))
    for other in (values[0], np.zeros((4, 4, 4))):
        few_atoms_figure(few_atoms(field(other), 2, dct))


# Errors.

GAP = field(np.array([1.0, np.nan, 3.0]))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (lambda: denoise(GAP), "inpaint"),
        (lambda: denoise(xr.DataArray(np.zeros((1, 1, 1, 1)))), "three dimensions"),
        (lambda: denoise(xr.DataArray(["a"])), "not real numbers"),
        (lambda: denoise(field(np.arange(9.0)), noise_std=-1.0), "0 or more"),
        (lambda: denoise(field(np.arange(9.0), "u"), noise_std={"v": 1.0}), "one of u"),
        (lambda: denoise(field(np.ones(9)), 3, noise_std=1.0), "is no dictionary"),  # type: ignore[arg-type]
        (lambda: denoise(field(np.arange(16.0)), wavelet(16, "bior4.4"), noise_std=1), "tight"),
        (lambda: denoise(field(np.arange(9.0)), dct(8), noise_std=1.0), "lambda shape"),
        (lambda: inpaint(field(np.full(4, np.nan))), "every value is missing"),
        (lambda: inpaint(field(np.array([1.0, np.inf]))), "infinite"),
        (lambda: inpaint(pm.catalogue.load("lorenz")), "evenly sampled"),  # type: ignore[arg-type]
        (lambda: compressed_sensing(np.ones((3, 4)), np.ones(4)), "3 measurements"),
        (lambda: compressed_sensing(np.ones((3, 4)), [1, np.nan, 2]), "number 1"),
        (lambda: compressed_sensing(np.ones((3, 4)), np.ones(3), shape=(3, 2)), "4 samples"),
        (lambda: sensor_placement(np.eye(3), 2), "3 to 3 sensors"),
        (lambda: sensor_placement(field(np.ones((3, 4)))), "time=..."),
        (lambda: few_atoms(field(np.ones(4)), 5), "1 to 4"),
        (lambda: few_atoms(np.ones(4)), "is no field"),  # type: ignore[arg-type]
        (lambda: sensor_placement(np.eye(3)).reconstruct([1.0, 2.0]), "3 values per time"),
    ],
)
def test_errors_say_what_to_do(request_, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((DataError, ProblemError)) as caught:
        request_()
    assert isinstance(caught.value, PhysmodelError)
    assert words in str(caught.value)


# The page.


def test_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "signals.md"
    names: dict[str, object] = {}
    bodies = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for body in bodies:
        exec(compile(body, "signals.md", "exec"), names)  # noqa: S102 - our own page
    assert len(bodies) == 6
    assert "0 atoms of dct" not in capsys.readouterr().out
