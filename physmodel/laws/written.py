"""What every law does with its equations: source text, LaTeX and a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from physmodel.errors import ProblemError
from physmodel.laws.runs.free_runs import FreeRuns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from physmodel.laws.export.formulas import Formulas


class Written(FreeRuns, ABC):
    """A law with equations; the record that inherits it gives these as formulas and as LaTeX.

    Attributes
    ----------
    status : str
    """

    status: Any

    @abstractmethod
    def _formulas(self) -> Formulas:
        """The equations as source text needs them."""

    @abstractmethod
    def to_latex(self) -> str:
        """Equations as a LaTeX ``aligned`` block."""

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
        from physmodel.laws.export.source import source

        return source(self._formulas(), language)

    def plot(self, data: Any = None) -> Figure:
        """Data and free runs, what the runs miss, and the portrait of two or three states.

        Parameters
        ----------
        data : xarray.Dataset, path, DataFrame or catalogue name, optional
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

    def _repr_latex_(self) -> str | None:
        """For notebooks, which show something else where this is None."""
        try:
            return f"$$ {self.to_latex()} $$"
        except ProblemError:  # a field that is not made of equations
            return None
