"""Wavelets beside those of PyWavelets: the same atoms, and where an adjoint is no inverse."""

from __future__ import annotations

import numpy as np
import pytest
import pywt

from physmodel.models import dictionaries as dd

Shape = tuple[int, ...]


def test_the_naive_adjoint_of_a_biorthogonal_wavelet_is_wrong() -> None:
    """The inverse (PyWavelets' own analysis) fails the adjoint test by far; ours passes it."""
    dictionary = dd.wavelet(64, "bior4.4", 2)
    rng = np.random.default_rng(5)
    a, y = rng.standard_normal((2, 64))
    inner = (dictionary @ a) @ y
    naive = np.concatenate(pywt.wavedec(y, "bior4.4", "periodization", 2))
    np.testing.assert_allclose(naive, dictionary.analyse(y), rtol=0, atol=1e-12)
    assert abs(inner - a @ naive) > 1e-2
    assert abs(inner - a @ dictionary.adjoint(y)) < 1e-12
    assert not dictionary.is_tight


@pytest.mark.parametrize("mode", ["symmetric", "periodic", "smooth", "zero", "reflect"])
def test_border_modes_share_their_synthesis(mode: str) -> None:
    """PyWavelets' analysis of any mode is undone, yet only that of zero padding is the adjoint."""
    dictionary = dd.wavelet(37, "db3", 2, mode)
    x = np.random.default_rng(6).standard_normal(37)
    theirs = np.concatenate(pywt.wavedec(x, "db3", mode, 2))
    np.testing.assert_allclose(dictionary @ theirs, x, rtol=0, atol=1e-12)
    same = np.allclose(theirs, dictionary.adjoint(x), rtol=0, atol=1e-10)
    assert same == (mode == "zero")


def test_an_odd_side_is_not_periodized_as_pywavelets_does() -> None:
    """PyWavelets repeats the last sample: a right inverse, and no adjoint."""
    dictionary = dd.wavelet(7, "db2", 1)
    x = np.random.default_rng(7).standard_normal(7)
    theirs = np.concatenate(pywt.wavedec(x, "db2", "periodization", 1))
    np.testing.assert_allclose(dictionary @ theirs, x, rtol=0, atol=1e-12)
    assert np.linalg.norm(theirs) > np.linalg.norm(dictionary.analyse(x)) + 1e-3
    assert dictionary.is_tight
    assert not dictionary.is_orthonormal


@pytest.mark.parametrize("shape", [(32,), (16, 32), (16, 16, 12)])
def test_wavelets_are_those_of_pywavelets(shape: Shape) -> None:
    x = np.random.default_rng(8).standard_normal(shape)
    theirs = pywt.wavedecn(x, "db2", "periodization", level=2)
    ours = dd.wavelet(shape, "db2", 2)
    split = ours.split(ours.analyse(x))
    low = "a" * len(shape)
    np.testing.assert_allclose(split[f"{low}.{low}"], theirs[0], rtol=0, atol=1e-12)
    for key, values in theirs[2].items():
        np.testing.assert_allclose(split[key], values, rtol=0, atol=1e-12)


def test_packets_are_those_of_pywavelets() -> None:
    x = np.random.default_rng(9).standard_normal(32)
    tree = pywt.WaveletPacket(x, "db2", "periodization", 3)
    ours = dd.wavelet_packet(32, "db2", 3)
    for label, values in ours.split(ours.analyse(x)).items():
        np.testing.assert_allclose(values, tree[label.replace(".", "")].data, rtol=0, atol=1e-12)


def test_stationary_wavelets_are_those_of_pywavelets() -> None:
    x = np.random.default_rng(10).standard_normal((16, 32))
    theirs = pywt.swtn(x, "db3", level=2, norm=True)
    ours = dd.stationary_wavelet((16, 32), "db3", 2)
    split = ours.split(ours.analyse(x))
    for depth, level in zip((2, 1), theirs, strict=True):
        for key, values in level.items():
            if (label := f"{key}{depth}") in split:
                # The same up to where a wavelet is said to sit, which is a shift.
                got = split[label]
                shifts = np.fft.ifft2(np.fft.fft2(got) * np.conj(np.fft.fft2(values))).real
                np.testing.assert_allclose(shifts.max(), np.sum(values**2), rtol=1e-12)
                np.testing.assert_allclose(np.sum(got**2), np.sum(values**2), rtol=1e-12)


def test_a_wavelet_that_only_claims_to_be_orthogonal() -> None:
    """dmey is a truncated filter: PyWavelets calls it orthogonal, its frame bounds say no."""
    dictionary = dd.wavelet(64, "dmey", 2)
    assert pywt.Wavelet("dmey").orthogonal
    assert not dictionary.is_tight
    low, high = dictionary.frame_bounds()
    assert 1e-4 < high - low < 0.1
