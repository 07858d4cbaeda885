"""Regimes read back from a folder; nothing in the files is ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from physmodel.findings import Finding
from physmodel.fitting.loading import fit_of
from physmodel.fitting.result import Fit
from physmodel.fitting.switches.record import Regimes
from physmodel.models.fields.switched_field import Gate


def regimes_of(table: dict[str, Any], folder: Path) -> Regimes:
    """Regimes from what `Regimes.save` wrote; what is wrong in the table raises as it comes."""
    fits = tuple(fit_of(one, folder) for one in table["fits"])
    if not fits:
        raise ValueError("no regime")
    return Regimes(
        fits=fits,
        labels=tuple(np.array(one, dtype=np.intp) for one in table["labels"]),
        switches=tuple(np.array(one, dtype=float) for one in table["switches"]),
        gate=None if table["gate"] is None else _gate(table["gate"], fits),
        gate_excess=float(table["gate_excess"]),
        lengths={int(count): float(length) for count, length in table["lengths"].items()},
        warnings=tuple(Finding(**item) for item in table["warnings"]),
    )


def _gate(table: dict[str, Any], fits: tuple[Fit, ...]) -> Gate:
    arrays = {key: np.array(table[key], dtype=float) for key in ("centre", "scale", "weights")}
    gate = Gate(**arrays, degree=int(table["degree"]))
    motion = fits[0].model.order * len(fits[0].model.states)
    if gate.centre.shape != (motion,) or gate.scale.shape != (motion,):
        raise ValueError("a gate for another motion")
    if gate.weights.shape != (len(fits), gate.features(gate.centre[None]).shape[1]):
        raise ValueError("a gate for another number of regimes")
    if not all(np.isfinite(one).all() for one in arrays.values()):
        raise ValueError("a number of the gate is not finite")
    return gate
