"""Pictures from few numbers: which dictionary needs least, everything counted."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pywt
from numpy.typing import NDArray

from physmodel.models.dictionaries import (
    Dictionary,
    contourlet,
    curvelet,
    dct,
    steerable_pyramid,
    wavelet,
)
from physmodel.signals.atoms import bandlet_description, best_coefficients

Array = NDArray[np.float64]
Record = dict[str, Any]

#: Photographs that come with PyWavelets and with scikit-image, and synthetic pictures.
PICTURES = ("camera", "coins", "brick", "ascent", "aero", "disk", "texture")
#: Those that need scikit-image, which ships them; PyWavelets has its `camera` too.
OPTIONAL = ("coins", "brick")
#: Numbers, over the number of pixels.
SHARES = (0.01, 0.02, 0.05)
#: Side of the picture, and of `--quick`.
SIDE, QUICK_SIDE = 256, 128

MAKERS: dict[str, Callable[[tuple[int, ...]], Dictionary]] = {
    "dct": dct,
    "haar": lambda shape: wavelet(shape, "haar"),
    "db4": lambda shape: wavelet(shape, "db4"),
    "bior4.4": lambda shape: wavelet(shape, "bior4.4"),
    "curvelet": curvelet,
    "contourlet": contourlet,
    "steerable pyramid": steerable_pyramid,
}


def picture(name: str, side: int) -> Array:
    """A picture of values from 0 to 255, reduced by averaging.

    `name`: of `PICTURES`. `side`: A divisor of 256. Returns ``(side, side)``: of 512 x 512 samples;
    of the middle 256 x 256 of `coins`, which has 303 x 384. Raises ModuleNotFoundError if it comes
    with scikit-image, and this is not installed.
    """
    if name in OPTIONAL:
        full = np.asarray(getattr(import_module("skimage.data"), name)(), dtype=float)
        if min(full.shape) < 512:
            top, left = ((n - 256) // 2 for n in full.shape)
            full = full[top : top + 256, left : left + 256]
    elif name == "disk":
        y, x = np.indices((512, 512)) - 255.5
        full = 200.0 * (np.hypot(x - 20.0, y + 10.0) < 150.0) + 25.0
    elif name == "texture":
        y, x = np.indices((512, 512)) / 512.0
        full = 127.5 + 100.0 * np.sign(np.sin(60.0 * (x + 0.3 * y) + 4.0 * np.sin(5.0 * y)))
    else:
        full = np.asarray(getattr(pywt.data, name)(), dtype=float)
    step = len(full) // side
    return full.reshape(side, step, side, step).mean(axis=(1, 3))


def approximation(name: str, side: int) -> list[Record]:
    """Peak signal-to-noise ratio of one picture, for every dictionary and number of numbers.

    Returns: ``psnr`` in dB against 255. A coefficient counts as one real number, and so does the
    direction of each square of a bandlet, which is more than the few bits that it and its place in
    the quadtree take; places of coefficients are free for all. Redundant frames go through
    iterative hard thresholding. One record with ``skipped`` where the picture is missing.
    """
    try:
        values = picture(name, side)
    except ModuleNotFoundError as error:
        reason = f"{type(error).__name__}: {error}"
        return [{"part": "approximation", "case": name, "method": "all", "skipped": reason}]
    records = []
    for share in SHARES:
        count = round(share * values.size)
        for label, make in MAKERS.items():
            dictionary = make(values.shape)
            a = best_coefficients(dictionary, values, count)
            records.append(_record(name, side, share, label, values, dictionary.synthesise(a)))
        made, a = bandlet_description(values, count)
        records.append(_record(name, side, share, "bandlet db4", values, made.synthesise(a)))
    return records


def _record(name: str, side: int, share: float, method: str, values: Array, found: Array) -> Record:
    error = float(np.mean((values - found) ** 2))
    return {
        "part": "approximation",
        "case": name,
        "size": f"{side} x {side}",
        "share": share,
        "method": method,
        "psnr": float(10.0 * np.log10(255.0**2 / max(error, 1e-20))),
    }
