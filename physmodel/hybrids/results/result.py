"""What `physmodel.hybrid` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physmodel.hybrids.results.equations import latex_equations, sympy_equations
from physmodel.hybrids.results.record import HybridRecord
from physmodel.hybrids.results.storage import save_hybrid
from physmodel.hybrids.results.text import as_dict, render

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, eq=False)
class HybridResult(HybridRecord):
    """Known physics with what it leaves out; its fields are those of `HybridRecord`."""

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations with all their numbers as SymPy objects, one per state."""
        return sympy_equations(self)

    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block: known part in its letters, terms with numbers."""
        return latex_equations(self)

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

    def __str__(self) -> str:
        return render(self)

    def _repr_latex_(self) -> str:
        return f"$$ {self.to_latex()} $$"
