"""What `physmodel.hybrid` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physmodel.hybrids.results.card import hybrid_card, hybrid_parameters
from physmodel.hybrids.results.equations import formulas_of, latex_equations, sympy_equations
from physmodel.hybrids.results.record import HybridRecord
from physmodel.hybrids.results.storage import save_hybrid
from physmodel.hybrids.results.text import as_dict, render, represent

if TYPE_CHECKING:
    import pandas as pd
    import sympy
    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class HybridResult(HybridRecord):
    """Known physics with what it leaves out; its fields are those of `HybridRecord`."""

    @property
    def parameters(self) -> pd.DataFrame:
        """``value``, ``std_error`` and ``unit`` of all numbers, by equation and term.

        Those of the known equations stand under ``known``.
        """
        return hybrid_parameters(self)

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations with all their numbers as SymPy objects, one per state."""
        return sympy_equations(self)

    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block: known part in its letters, terms with numbers."""
        return latex_equations(self)

    def to_python(self) -> str:
        """Known part and hidden terms in plain Python; see `physmodel.Result.to_python`."""
        return self._source("python")

    def to_c(self) -> str:
        """Known part and hidden terms in C99; see `physmodel.Result.to_c`."""
        return self._source("c")

    def to_julia(self) -> str:
        """Known part and hidden terms in Julia; see `physmodel.Result.to_julia`."""
        return self._source("julia")

    def _source(self, language: str) -> str:
        from physmodel.laws.export.source import source

        return source(formulas_of(self), language)

    def save(self, folder: str | Path) -> Path:
        """Write model, network and data into a folder, from which `physmodel.load` reads them.

        Returns
        -------
        Path
            Of ``model.json``.
        """
        return save_hybrid(self, folder)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the object that ``physmodel hybrid --json`` prints."""
        return as_dict(self)

    def plot(self, data: xr.Dataset | None = None) -> Figure:
        """Data and free runs of known part and hidden terms; see `physmodel.Result.plot`."""
        from physmodel.laws.figures.overview import overview

        return overview(self, data)

    def __str__(self) -> str:
        return render(self)

    def __repr__(self) -> str:
        return represent(self)

    def _repr_html_(self) -> str:
        return hybrid_card(self)

    def _repr_latex_(self) -> str:
        return f"$$ {self.to_latex()} $$"
