"""What a discovery returns: a law that runs, is scored, printed and saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physmodel.laws.record import LawRecord
from physmodel.laws.written import Written

if TYPE_CHECKING:
    import pandas as pd
    import sympy

    from physmodel.laws.export.formulas import Formulas


@dataclass(frozen=True, eq=False)
class Result(LawRecord, Written):
    """A discovered law; its fields are those of `LawRecord`.

    Examples
    --------
    >>> import physmodel as pm
    >>> law = pm.discover("lynx-hare")
    >>> law.status
    'ambiguous'
    """

    rivals: tuple[Result, ...] = ()

    @property
    def parameters(self) -> pd.DataFrame:
        """``value``, ``std_error`` and ``unit`` of each coefficient, by equation and term.

        For bodies: of their strengths, by body.
        """
        from physmodel.laws.texts.parameters import law_parameters

        return law_parameters(self)

    def to_sympy(self) -> dict[str, sympy.Eq]:
        """Equations as SymPy objects, one per state."""
        from physmodel.laws.texts.symbolic import sympy_equations

        return sympy_equations(self)

    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block, numbers with their errors: ``10.020(31)``."""
        from physmodel.laws.texts.latex import latex_equations

        return latex_equations(self)

    def _formulas(self) -> Formulas:
        from physmodel.laws.export.formulas import formulas_of

        return formulas_of(self)

    def to_dict(self, run: str | None = None) -> dict[str, Any]:
        """Plain data, the object that ``physmodel discover --json`` prints.

        Parameters
        ----------
        run : str, optional
            Name of the run folder.
        """
        from physmodel.laws.files.storage import to_dict

        return to_dict(self, run)

    def save(self, folder: str | Path) -> Path:
        """Write ``model.json`` into a run folder, atomically.

        Returns
        -------
        Path
            The file written.
        """
        from physmodel.laws.files.storage import save_result

        return save_result(self, folder)

    def __str__(self) -> str:
        from physmodel.laws.texts.render import render

        return render(self)

    def __repr__(self) -> str:
        from physmodel.laws.texts.render import represent

        return represent(self)

    def _repr_html_(self) -> str:
        from physmodel.laws.texts.html import result_html

        return result_html(self)
