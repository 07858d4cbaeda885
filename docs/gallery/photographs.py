"""Uses on photographs."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from use import Array, Panel, Use, few, photograph, psnr

from physmodel import dictionaries as dd
from physmodel import signals


def steerable() -> Use:
    """Which way the edges of a photograph run."""
    truth = photograph()
    d = dd.steerable_pyramid(truth.shape, order=3, level=4)
    parts = d.split(d.analyse(truth))
    labels = [label for label in parts if label.startswith("scale 2")]
    # The pyramid is steerable: energies of its directions tell the direction at every place.
    energy = np.array([np.abs(parts[label]) ** 2 for label in labels])
    total = energy.sum(axis=0)
    best = np.argmax(energy, axis=0)
    panels = [Panel("photograph", truth)]
    for number in (0, 2):
        shown = np.where(best == number, np.sqrt(total), 0.0)
        panels.append(
            Panel(
                f"changes along {labels[number].split(', ')[1]}",
                shown,
                top=np.percentile(shown, 99.5),
            )
        )
    return Use(dd.steerable_pyramid((64, 64), order=3, level=3), panels)


def _against_wavelets(d: dd.Dictionary, name: str, share: float, atoms: dd.Dictionary) -> Use:
    truth = photograph(name)
    count = round(share * truth.size)
    plain = few(dd.wavelet(truth.shape), truth, count)
    found = few(d, truth, count)
    return Use(
        atoms,
        [
            Panel("photograph", truth),
            Panel(f"{count} wavelets db4: {psnr(plain, truth)}", plain),
            Panel(f"{count} {d.name}s: {psnr(found, truth)}", found),
        ],
    )


def curvelets() -> Use:
    """A photograph from few numbers."""
    return _against_wavelets(dd.curvelet((256, 256)), "camera", 0.01, dd.curvelet((96, 96)))


def contourlets() -> Use:
    """The same in contourlets."""
    return _against_wavelets(dd.contourlet((256, 256)), "camera", 0.01, dd.contourlet((96, 96)))


def bandlets() -> Use:
    """A photograph whose edges are followed."""
    truth = photograph()
    count = round(0.02 * truth.size)
    plain = few(dd.wavelet(truth.shape), truth, count)
    best = signals.few_atoms(xr.DataArray(truth), count)  # bandlets win against wavelets
    d, a = best.dictionary, best.coefficients
    squares = d.parameters["geometry"]
    lines = []
    for s in squares:
        scale = 256 / {b.label: b.shape[0] for b in d.bands}[s.band]
        row, column = (scale * (side[0] + side[1]) / 2 for side in (s.rows, s.columns))
        half = 0.4 * scale * min(s.sides)
        dx, dy = half * np.cos(s.angle), half * np.sin(s.angle)
        lines.append(([column - dx, column + dx], [row - dy, row + dy]))
    found = d.synthesise(a)
    order = np.argsort(-np.abs(a))
    moved = {int(i) for i in order[:400]} - set(range(d.bands[0].slice.stop))
    followed = _inside(d)
    shown = [i for i in order if int(i) in moved and followed[i]][:6]
    return Use(
        d,
        [
            Panel(f"{len(squares)} directions, each counted", truth, marks=lines),
            Panel(f"{count} wavelets db4: {psnr(plain, truth)}", plain),
            Panel(f"{count} numbers, bandlets: {psnr(found, truth)}", found),
        ],
        [int(i) for i in shown],
    )


def _inside(d: dd.Dictionary) -> NDArray[np.bool_]:
    """Coefficients in a square that has a direction."""
    found = np.zeros(d.n_atoms, dtype=bool)
    bands = {band.label: band for band in d.bands}
    for s in d.parameters["geometry"]:
        band = bands[s.band]
        grid = found[band.slice].reshape(band.shape)
        grid[slice(*s.rows), slice(*s.columns)] = True
    return found


def _blocks(picture: Array, side: int) -> Array:
    n = len(picture) // side
    return picture.reshape(n, side, n, side).swapaxes(1, 2).reshape(-1, side, side)


def _joined(blocks: Array) -> Array:
    n, side = int(np.sqrt(len(blocks))), blocks.shape[-1]
    return blocks.reshape(n, n, side, side).swapaxes(1, 2).reshape(n * side, n * side)


def orthogonal_modes() -> Use:
    """A photograph from few of its pixels: modes of one, sensors for another."""
    modes = dd.pod(_blocks(photograph("ascent"), 8), 12)
    truth = photograph("camera")
    sensors = signals.sensor_placement(modes, 16)
    blocks = _blocks(truth, 8)
    rebuilt = _joined(sensors.reconstruct(blocks.reshape(len(blocks), -1)[:, sensors.indices]))
    mask = np.zeros((8, 8), dtype=bool)
    mask.ravel()[sensors.indices] = True
    seen = np.where(np.tile(mask, (32, 32)), truth, 255.0)
    return Use(
        modes,
        [
            Panel("photograph", truth),
            Panel("16 of each 64 pixels", seen),
            Panel(f"rebuilt from them: {psnr(rebuilt, truth)}", rebuilt),
        ],
        range(6),
    )


def learned_atoms() -> Use:
    """Atoms of one photograph describe another."""
    blocks = np.lib.stride_tricks.sliding_window_view(photograph("ascent"), (8, 8))[::2, ::2]
    patches = blocks.reshape(-1, 64).T
    patches = patches - patches.mean(axis=0)
    atoms = dd.k_svd(patches[:, ::2], 128, sparsity=4, iterations=20).atoms
    d = dd.learned(atoms, (8, 8))
    truth = photograph("camera")
    rows = _blocks(truth, 8).reshape(-1, 64).T
    means = rows.mean(axis=0)
    cosines_ = dd.atom_matrix(dd.dct((8, 8)))
    panels = [Panel("photograph", truth)]
    for label, matrix in (("cosines", cosines_), ("learned", atoms)):
        found = matrix @ dd.encode(matrix, rows - means, sparsity=3) + means
        picture = _joined(np.asarray(found).T.reshape(-1, 8, 8))
        panels.append(Panel(f"3 {label}: {psnr(picture, truth)}", picture))
    energies = np.abs(dd.encode(atoms, patches, sparsity=4)).sum(axis=1)
    return Use(d, panels, [int(i) for i in np.argsort(-np.ravel(energies))[:6]])
