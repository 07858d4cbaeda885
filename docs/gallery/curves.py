"""Uses on measured curves: an electrocardiogram, the Sun, planets."""

from __future__ import annotations

import numpy as np
import xarray as xr
from use import Panel, Use, few, heart, rms

import physmodel as pm
from physmodel import dictionaries as dd
from physmodel import signals


def cosines() -> Use:
    """Gaps of the sunspot record."""
    data = pm.catalogue.load("sunspots-yearly")
    years, truth = data["time"].values, data["sunspots"].values
    hidden = np.random.default_rng(0).random(len(truth)) < 0.3
    gappy = np.where(hidden, np.nan, truth)
    filled = signals.inpaint(xr.DataArray(gappy, dims="year"), dd.dct)
    off = rms(filled.data.values[hidden] - truth[hidden])
    return Use(
        dd.dct(64),
        [
            Panel(f"sunspots, {hidden.sum()} of {len(truth)} years hidden", gappy, years),
            Panel(
                f"filled: off by {off:.0f}, expected {filled.error:.0f}, spread {truth.std():.0f}",
                filled.data.values,
                years,
                truth,
            ),
        ],
        [1, 2, 3, 5, 8, 13],
    )


def wavelets() -> Use:
    """An electrocardiogram from few numbers."""
    truth = heart()
    d = dd.wavelet(truth.shape, "sym8")
    panels = [Panel("electrocardiogram, 1024 samples", truth)]
    for count in (40, 100):
        found = few(d, truth, count)
        error = rms(found - truth) / truth.std()
        panels.append(Panel(f"from {count} wavelets, error {error:.0%}", found, behind=truth))
    return Use(d, panels)


def stationary_wavelets() -> Use:
    """Noise on an electrocardiogram."""
    truth = heart()
    noise = 12.0
    noisy = truth + noise * np.random.default_rng(0).standard_normal(truth.shape)
    found = signals.denoise(
        xr.DataArray(noisy, dims="t", name="ecg"), lambda n: dd.stationary_wavelet(n, "sym4")
    )
    off = rms(found.data.values - truth)
    told = f"found: noise {found.noise_std['ecg']:.1f}, left {off:.1f} (expected "
    return Use(
        dd.stationary_wavelet(256, "sym4", 4),
        [
            Panel(f"electrocardiogram with noise of {noise:g} added", noisy),
            Panel(told + f"{found.errors['ecg']:.1f})", found.data.values, behind=truth),
        ],
    )


def wavelet_packets() -> Use:
    """How the strength of the solar cycle changed."""
    data = pm.catalogue.load("sunspots-yearly")
    years, values = data["time"].values[-256:], data["sunspots"].values[-256:]
    d = dd.wavelet_packet(256, "sym8", 5)
    parts = d.split(d.analyse(values - values.mean()))
    kept = np.zeros(d.n_atoms)
    strongest = max(parts, key=lambda label: float(np.sum(parts[label] ** 2)))
    band = next(b for b in d.bands if b.label == strongest)
    kept[band.slice] = parts[strongest].ravel()
    share = np.sum(kept**2) / np.sum((values - values.mean()) ** 2)
    number = int(np.argmax(np.abs(np.fft.rfft(d.atom(band.start + 4), 4096))))
    return Use(
        d,
        [
            Panel("sunspots", values, years),
            Panel(
                f"the strongest of 32 bands, around {4096 / number:.1f} years: "
                f"8 numbers, {share:.0%} of the variance",
                d.synthesise(kept),
                years,
                values - values.mean(),
            ),
        ],
    )


def two_parts() -> Use:
    """Hum and heart are sparse in different dictionaries."""
    truth = heart()
    size = len(truth)
    hum = 25.0 * np.cos(2 * np.pi * 0.139 * np.arange(size) + 0.4)
    both = dd.union(dd.dct(size), dd.wavelet(size, "sym4"))
    # Slow cosines, below 0.1 cycles per sample, describe the heart as well.
    slow = np.arange(both.n_atoms) < 0.2 * size
    a = signals.few_atoms(xr.DataArray(truth + hum), 130, both).coefficients
    a[slow | (np.arange(both.n_atoms) >= size)] = 0.0
    rest = truth + hum - both.synthesise(a)
    alone = dd.dct(size).analyse(truth + hum)
    alone[slow[:size] | (np.abs(alone) < np.sort(np.abs(alone[~slow[:size]]))[-10])] = 0.0
    other = rms(dd.dct(size).synthesise(alone) - hum)
    title = f"without the cosines of the description: off by {rms(rest - truth):.1f} "
    return Use(
        both,
        [
            Panel("electrocardiogram with hum of 25 added", truth + hum),
            Panel(title + f"(ten cosines alone: {other:.1f})", rest, behind=truth),
        ],
        [20, 60, 180, size + 50, size + 90, size + 190],
    )


def dynamic_modes() -> Use:
    """Periods of planets from their motion."""
    data = pm.catalogue.load("solar-system")
    names = [f"{p}_{c}" for p in ("Jupiter", "Saturn", "Uranus") for c in "xyz"]
    positions = np.column_stack([data[name].values for name in names])
    step = float(np.diff(data["time"].values[:2])[0]) / 365.25
    d = dd.dmd(positions, 6)
    angles = np.unique(np.round(np.abs(np.angle(d.parameters["eigenvalues"])), 12))
    periods = ", ".join(f"{2 * np.pi * step / a:.1f}" for a in angles[::-1] if a > 0)
    years = 1950 + data["time"].values / 365.25
    return Use(
        d,
        [
            Panel(
                "x of Jupiter and of Saturn (grey), in astronomical units",
                positions[:, 0],
                years,
                positions[:, 3],
            ),
            Panel(
                f"x of Uranus; periods of the modes: {periods} years (known: 11.9, 29.4, 83.7)",
                positions[:, 6],
                years,
            ),
        ],
        range(6),
    )


def shifted_atoms() -> Use:
    """The shapes of a heartbeat and when they come."""
    truth = heart() - np.median(heart())
    found = dd.convolutional_dictionary_learning(truth[None], 3, 96)
    d = dd.convolutional(found.atoms, (96,), truth.shape)
    again = d.synthesise(found.maps.ravel())
    count = np.count_nonzero(found.maps)
    strongest = found.maps[0][np.argmax(np.abs(found.maps[0]).max(axis=1))]
    return Use(
        dd.convolutional(found.atoms, (96,), (192,)),
        [
            Panel(
                f"three shapes, {count} numbers: error {rms(again - truth) / truth.std():.0%}",
                again,
                behind=truth,
            ),
            Panel("where the strongest shape begins", strongest),
        ],
        [48, 192 + 48, 2 * 192 + 48],
    )
