"""What `physmodel.hybrid` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physmodel.hybrids.results.card import hybrid_card, hybrid_parameters
from physmodel.hybrids.results.equations import formulas_of, latex_equations
from physmodel.hybrids.results.record import HybridRecord
from physmodel.hybrids.results.storage import save_hybrid
from physmodel.hybrids.results.text import render, represent, to_dict
from physmodel.laws.texts.symbolic import field_equations
from physmodel.laws.written import Written

if TYPE_CHECKING:
    import pandas as pd
    import sympy

    from physmodel.laws.export.formulas import Formulas


@dataclass(frozen=True, eq=False)
class HybridResult(HybridRecord, Written):
    """Known physics with what it leaves out; its fields are those of `HybridRecord`."""

    @property
    def parameters(self) -> pd.DataFrame:
        """``value``, ``std_error`` and ``unit`` of all numbers, by equation and term.

        Those of the known equations stand under ``known``.
        """
        return hybrid_parameters(self)

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations with all their numbers as SymPy objects, one per state."""
        return field_equations(self.model)

    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block: known part in its letters, terms with numbers."""
        return latex_equations(self)

    def _formulas(self) -> Formulas:
        return formulas_of(self)

    def save(self, folder: str | Path) -> Path:
        """Write model, network and data into a folder, from which `physmodel.load` reads them.

        Returns
        -------
        Path
            Of ``model.json``.
        """
        return save_hybrid(self, folder)

    def to_dict(self, run: str | None = None) -> dict[str, Any]:
        """Plain data, the object that ``physmodel hybrid --json`` prints.

        Parameters
        ----------
        run : str, optional
            Name of the run folder.
        """
        return to_dict(self, run)

    def __str__(self) -> str:
        return render(self)

    def __repr__(self) -> str:
        return represent(self)

    def _repr_html_(self) -> str:
        return hybrid_card(self)
