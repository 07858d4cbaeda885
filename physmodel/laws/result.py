"""What a discovery returns: a law that runs, is scored, printed and saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from physmodel.laws.record import LawRecord

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, eq=False)
class Result(LawRecord):
    """A discovered law; its fields are those of `LawRecord`.

    Examples
    --------
    >>> import physmodel as pm
    >>> law = pm.discover("lynx-hare")
    >>> law.status
    'ambiguous'
    """

    rivals: tuple[Result, ...] = ()

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations as SymPy objects, one per state."""
        from physmodel.laws.symbolic import sympy_equations

        return sympy_equations(self)

    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block."""
        from physmodel.laws.render import latex_equations

        return latex_equations(self)

    def save(self, folder: str | Path) -> Path:
        """Write ``model.json`` into a run folder, atomically.

        Returns
        -------
        Path
            The file written.
        """
        from physmodel.laws.storage import save_result

        return save_result(self, folder)

    def __str__(self) -> str:
        from physmodel.laws.render import render

        return render(self)

    def _repr_latex_(self) -> str:
        return f"$$ {self.to_latex()} $$"
