"""One network with given settings: smooth the record, match its slopes, keep the weights small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline

from physmodel.data.segments import Segment
from physmodel.losses.field_residuals import Stack, rate_residuals
from physmodel.losses.penalty import l2_penalty
from physmodel.models.fields.linear_field import Points
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt

if TYPE_CHECKING:
    from physmodel.models.nets.form import Form
    from physmodel.models.nets.net_field import NetField

Array = NDArray[np.float64]

#: Forms of a field; all but the first need states that are pairs.
FORMS = ("plain", "hamiltonian", "separable", "port-hamiltonian")
#: Iterations of the whole effort, and rows of slopes that a fit sees at most.
ITERATIONS, ROWS = 54, 500


@dataclass(frozen=True, eq=False)
class NetTrial:
    """Everything but the settings.

    `states`, `inputs`: coordinates first, then their momenta, where states are pairs. `segments`:
    to fit; the columns are states, then inputs. `memory`: characteristic time. `seed`: of the first
    weights.
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    segments: Sequence[Segment]
    memory: float
    seed: int

    def fit(self, settings: Mapping[str, Any], effort: float) -> NetField:
        """Fit one network.

        `settings`: ``form``: one of `FORMS`. ``width``: hidden units. ``ridge``: variance of the
        slopes, which are of unit size, over that of a weight about its first value. ``window``:
        reach of the smoothing, in characteristic times. `effort`: share of the iterations.
        """
        from physmodel.models.nets.net_field import NetField
        from physmodel.models.nets.scaled import ScaledForm
        from physmodel.models.nets.scaling import scaling_of

        d, (time, values, slopes) = len(self.states), self._smoothed(settings["window"])
        paired = settings["form"] != "plain"
        halves = [list(range(d // 2)), list(range(d // 2, d))] if paired else []
        scaling = scaling_of(values, slopes, 1, shared=halves)
        inner = form_of(settings["form"], d, len(self.inputs), settings["width"])
        field = NetField(
            ScaledForm(inner, scaling), self.states, self.inputs, inner.initial(self.seed)
        )
        rows = np.linspace(0, len(time) - 1, min(ROWS, len(time))).round().astype(int)
        points = Points(time[rows], values[rows, :d], None, values[rows, d:])
        # Rates in units of their size: the mean square of the residuals is a part of the whole.
        unit = np.array(scaling.scale[:d]) / scaling.time * np.sqrt(len(rows) * d)
        first = field.parameters
        small = l2_penalty(np.full(len(first), settings["ridge"] ** -0.5), centre=first)
        loss = Stack((rate_residuals(field, points, slopes[rows], unit), small))
        most = max(1, round(effort * ITERATIONS))
        return field.with_parameters(
            levenberg_marquardt(loss, first, max_iterations=most).parameters
        )

    def _smoothed(self, window: float) -> tuple[Array, Array, Array]:
        """Times, smoothed states with inputs, and slopes, of all segments.

        A smoothing spline averages over about ``(lam / density)^(1/4)`` (Silverman 1984).
        """
        d = len(self.states)
        times, tables, rates = [], [], []
        for one in self.segments:
            density = (len(one.time) - 1) / (one.time[-1] - one.time[0])
            lam = density * (window * self.memory) ** 4
            splines = [make_smoothing_spline(one.time, x, lam=lam) for x in one.values[:, :d].T]
            smoothed = np.column_stack([spline(one.time) for spline in splines])
            times.append(one.time)
            tables.append(np.hstack([smoothed, one.values[:, d:]]))
            rates.append(np.column_stack([spline.derivative()(one.time) for spline in splines]))
        return np.concatenate(times), np.vstack(tables), np.vstack(rates)


def form_of(kind: str, n_states: int, n_inputs: int, width: int) -> Form:
    """A form of `FORMS` with so many hidden units."""
    from physmodel.models.nets.mlp import MLPField, MLPScalar
    from physmodel.models.nets.structure.hamiltonian import Hamiltonian, Separable
    from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian

    if kind == "plain":
        return MLPField(n_states, n_inputs, 1, (width,))
    if kind == "separable":
        parts = [MLPScalar(n_states // 2, (max(width // 2, 1),)) for _ in range(2)]
        return Hamiltonian(Separable(*parts))
    energy = MLPScalar(n_states, (width,))
    if kind == "hamiltonian":
        return Hamiltonian(energy)
    return PortHamiltonian(energy, n_inputs, canonical=True)
