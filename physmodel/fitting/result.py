"""What `physmodel.fit` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physmodel.fitting.card import fit_card, fit_latex, fit_short, fit_text, numbers_of
from physmodel.fitting.record import FitRecord
from physmodel.fitting.storage import save_fit, to_dict
from physmodel.laws.export.formulas import written_out
from physmodel.laws.texts.parameters import Row, parameter_table
from physmodel.laws.texts.render import number
from physmodel.laws.written import Written
from physmodel.models.fields.equations_text import require_equations

if TYPE_CHECKING:
    import pandas as pd
    import sympy

    from physmodel.laws.export.formulas import Formulas


@dataclass(frozen=True, eq=False)
class Fit(FitRecord, Written):
    """A field with fitted parameters; its fields are those of `FitRecord`.

    Examples
    --------
    >>> import numpy as np, physmodel as pm
    >>> t = np.linspace(0, 2, 41)
    >>> found = pm.fit(pm.from_arrays(t, 3 * np.exp(-t)[:, None], names=["x"]), "x' = -k*x")
    >>> bool(abs(found.parameters.loc["k", "value"] - 1.0) < 1e-6)
    True
    """

    @property
    def parameters(self) -> pd.DataFrame:
        """``value``, ``std_error`` and ``unit`` of each number; units are not known."""
        return parameter_table(self._rows, ["parameter"])

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations with their numbers as SymPy objects, one per state.

        Raises
        ------
        ProblemError
            If the field is not made of equations.
        """
        from physmodel.laws.texts.symbolic import field_equations

        return field_equations(require_equations(self.model))

    def to_latex(self) -> str:
        """Equations in their letters and the numbers below, as a LaTeX ``aligned`` block.

        Raises
        ------
        ProblemError
            If the field is not made of equations.
        """
        return fit_latex(require_equations(self.model), self._rows)

    def _formulas(self) -> Formulas:
        notes = [number(value, std) for _, value, std, _ in self._rows]
        return written_out(
            self.problem, require_equations(self.model), self.status, self.data, notes
        )

    def save(self, folder: str | Path) -> Path:
        """Write equations, numbers and data into a folder, from which `physmodel.load` reads them.

        Returns
        -------
        Path
            Of ``model.json``.

        Raises
        ------
        ProblemError
            If the field is not made of equations.
        """
        return save_fit(self, folder)

    def to_dict(self, run: str | None = None) -> dict[str, Any]:
        """Plain data, the object that ``physmodel fit --json`` prints; infinite errors as None.

        Parameters
        ----------
        run : str, optional
            Name of the run folder.
        """
        return to_dict(self, run)

    @property
    def _rows(self) -> list[Row]:
        return numbers_of(self.names, self.values, self.std_errors)

    def __repr__(self) -> str:
        return fit_short(self.status, self._rows)

    def _repr_html_(self) -> str:
        return fit_card(self.status, self.remedy, self._rows, self.noise_std)

    def __str__(self) -> str:
        """Parameters with their errors, noise and what to do."""
        return fit_text(self)
