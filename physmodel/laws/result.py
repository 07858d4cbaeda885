"""What a discovery returns: a law that runs, is scored, printed and saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from physmodel.laws.record import LawRecord

if TYPE_CHECKING:
    import pandas as pd
    import sympy
    import xarray as xr
    from matplotlib.figure import Figure


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

    def to_python(self) -> str:
        """Source text of a function ``rates(t, state[, inputs])`` in plain Python.

        Returns
        -------
        str
            ``state`` holds the states and, for second order, then their velocities; the function
            returns a list of their rates of change. It imports the module ``math`` only.

        Examples
        --------
        >>> import numpy as np, physmodel as pm
        >>> t = np.linspace(0.0, 20.0, 400)
        >>> x = np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(t), np.sin(t)])
        >>> names = {}
        >>> exec(pm.discover(pm.from_arrays(t, x)).to_python(), names)
        >>> [round(rate, 6) for rate in names["rates"](0.0, [1.0, 0.0])]
        [-0.1, 1.0]
        """
        return self._source("python")

    def to_c(self) -> str:
        """The function of `to_python` in C99: ``void rates(t, state[, inputs], rate)``."""
        return self._source("c")

    def to_julia(self) -> str:
        """The function of `to_python` in Julia, which counts from one."""
        return self._source("julia")

    def _source(self, language: str) -> str:
        from physmodel.laws.export.formulas import formulas_of
        from physmodel.laws.export.source import source

        return source(formulas_of(self), language)

    def save(self, folder: str | Path) -> Path:
        """Write ``model.json`` into a run folder, atomically.

        Returns
        -------
        Path
            The file written.
        """
        from physmodel.laws.files.storage import save_result

        return save_result(self, folder)

    def plot(self, data: xr.Dataset | None = None) -> Figure:
        """Data and free runs, what the runs miss, and the portrait of two or three states.

        Parameters
        ----------
        data : xarray.Dataset, optional
            Other data than those of the fit, such as ones that the law has not seen.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ProblemError
            If the result does not hold its data and none are given.
        """
        from physmodel.laws.figures.overview import overview

        return overview(self, data)

    def __str__(self) -> str:
        from physmodel.laws.texts.render import render

        return render(self)

    def __repr__(self) -> str:
        from physmodel.laws.texts.render import represent

        return represent(self)

    def _repr_html_(self) -> str:
        from physmodel.laws.texts.html import result_html

        return result_html(self)

    def _repr_latex_(self) -> str:
        return f"$$ {self.to_latex()} $$"
