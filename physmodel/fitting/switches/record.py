"""What was found out about a system that changes its law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.findings import Finding, converted
from physmodel.fitting.card import numbers_of, regimes_card, regimes_short, regimes_table
from physmodel.fitting.result import Fit
from physmodel.fitting.storage import fit_table
from physmodel.laws.field_runs import FieldRuns
from physmodel.laws.files.storage import SCHEMA_VERSION, write_files
from physmodel.laws.texts.parameters import Row
from physmodel.models.fields.parametric_field import ParametricField
from physmodel.models.fields.switched_field import Gate, SwitchedField

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

#: What ``model.json`` says that it is.
KIND = "regimes"


@dataclass(frozen=True, eq=False)
class Regimes(FieldRuns):
    """What `physmodel.fit_regimes` found.

    Attributes
    ----------
    fits : tuple of Fit
        One per regime, in the order in which they first appear in the data.
    labels : tuple of ndarray (n_j - 1,)
        Of each trajectory: the regime of each interval between samples, -1 where it changes.
    switches : tuple of ndarray
        Of each trajectory: the times of the changes, to half a sampling interval.
    gate : Gate or None
        Says from the motion which regime holds; None where the motion does not decide, and where
        there is one regime.
    gate_excess : float
        Nats that the best gate needs beyond a list of the changes; negative where it needs fewer.
        Zero with one regime.
    lengths : dict of int to float
        Description length, in nats, with each number of regimes that was tried.
    warnings : tuple of Finding
        What was noticed about the data; angles in degrees were converted to radians.
    """

    fits: tuple[Fit, ...]
    labels: tuple[Labels, ...]
    switches: tuple[Array, ...]
    gate: Gate | None
    gate_excess: float
    lengths: dict[int, float]
    warnings: tuple[Finding, ...] = ()

    @property
    def n_regimes(self) -> int:
        """Number of regimes."""
        return len(self.fits)

    @property
    def status(self) -> str:
        """That of the first fit which is not ``"identified"``; see `Fit.status`."""
        return next((f.status for f in self.fits if f.status != "identified"), "identified")

    @property
    def remedy(self) -> str:
        """What to do next: about a fit, or about changes that the motion does not explain."""
        short = next((f.remedy for f in self.fits if f.status != "identified"), "")
        if short or self.n_regimes == 1 or self.gate is not None:
            return short or self.fits[0].remedy
        return "Measure what switches the regimes and make it a state: the motion does not tell."

    @property
    def parameters(self) -> pd.DataFrame:
        """``value``, ``std_error`` and ``unit`` of each number, by regime and parameter."""
        return regimes_table(self._rows)

    @property
    def experts(self) -> tuple[ParametricField, ...]:
        """The field of each regime."""
        return tuple(one.model for one in self.fits)

    @property
    def field(self) -> ParametricField:
        """One field that can be simulated, and fitted further.

        Raises
        ------
        ProblemError
            If the motion does not decide which regime holds.
        """
        if self.n_regimes == 1:
            return self.experts[0]
        if self.gate is None:
            raise ProblemError(
                f"the motion does not tell which of {self.n_regimes} regimes holds",
                why=f"the best gate needs {self.gate_excess:.0f} nats more than a list of the "
                "changes: something that is no state switches them, such as time or an input",
                fix="simulate the fields of `experts` one by one between `switches`, or measure "
                "what switches them and make it a state",
            )
        return SwitchedField(self.experts, self.gate)

    @property
    def _hold(self) -> Mapping[str, str]:
        return dict(self.fits[0].problem.hold)

    @property
    def _word(self) -> str:
        return self.status

    def save(self, folder: str | Path) -> Path:
        """Write all regimes into a folder, from which `physmodel.load` reads them.

        Returns
        -------
        Path
            Of ``model.json``.

        Raises
        ------
        ProblemError
            If the field is not made of equations.
        """
        return write_files(folder, self.to_dict, None)

    def to_dict(self, run: str | None = None) -> dict[str, Any]:
        """Plain data: each fit as it is saved, when which regime holds, and the gate.

        Parameters
        ----------
        run : str, optional
            Name of the folder.
        """
        return {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "status": self.status,
            "remedy": self.remedy,
            "fits": [fit_table(one) for one in self.fits],
            "labels": [one.tolist() for one in self.labels],
            "switches": [one.tolist() for one in self.switches],
            "gate": None if self.gate is None else self.gate.to_dict(),
            "gate_excess": self.gate_excess,
            "lengths": {str(count): length for count, length in self.lengths.items()},
            "warnings": [asdict(finding) for finding in self.warnings],
            "run": run,
        }

    @property
    def _rows(self) -> list[list[Row]]:
        return [numbers_of(fit.names, fit.values, fit.std_errors) for fit in self.fits]

    def __repr__(self) -> str:
        return regimes_short(self.status, self._rows)

    def _repr_html_(self) -> str:
        changes = str(self).splitlines()[-1]
        return regimes_card(self.status, self.remedy, self.parameters, changes)

    def __str__(self) -> str:
        """Regimes with their parameters, changes, and whether the motion decides."""
        lines = [f"units: {text}" for text in converted(self.warnings)]
        for k, one in enumerate(self.fits):
            named = zip(one.names, one.values, one.std_errors, strict=True)
            lines.append(
                f"regime {k}: " + ", ".join(f"{n} = {v:.5g} ± {e:.1g}" for n, v, e in named)
            )
        if self.n_regimes == 1:
            enough = "one field is enough"
            if not self.fits[0].explained:
                enough = "no change of regime is seen, but one field does not explain the data"
            return "\n".join([*lines, enough])
        changes = sum(len(one) for one in self.switches)
        decided = "the motion decides which holds"
        if self.gate is None:
            decided = "the motion does not tell which holds"
        return "\n".join([*lines, f"{changes} changes; {decided}"])
