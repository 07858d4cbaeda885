"""What a fit of the coefficients of a partial differential equation returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.laws.texts.html import card, parameters_html
from physmodel.laws.texts.parameters import parameter_table
from physmodel.laws.texts.render import compact, number
from physmodel.optimizers.least_squares.residuals import REMEDIES, Ending

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PdeCoefficients:
    """Coefficients found.

    Attributes
    ----------
    names : tuple of str
    values : ndarray (k,)
    std_errors : ndarray (k,)
        Infinite where the measurements do not determine a coefficient.
    noise_std : float
        Given, or estimated from what is left.
    ending : Ending
    """

    names: tuple[str, ...]
    values: Array
    std_errors: Array
    noise_std: float
    ending: Ending

    @property
    def status(self) -> str:
        """``"identified"``, or ``"not-identifiable"`` where an error is infinite."""
        return "identified" if np.isfinite(self.std_errors).all() else "not-identifiable"

    @property
    def remedy(self) -> str:
        """What to do next."""
        free = [n for n, s in zip(self.names, self.std_errors, strict=True) if not np.isfinite(s)]
        if free:
            return f"The measurements do not determine {', '.join(free)}: measure where they act."
        return REMEDIES[self.ending]

    @property
    def parameters(self) -> pd.DataFrame:
        """``value``, ``std_error`` and ``unit`` of each coefficient; units are not known."""
        columns = zip(self.names, self.values, self.std_errors, strict=True)
        return parameter_table([((n,), v, s, "") for n, v, s in columns], ["parameter"])

    def __str__(self) -> str:
        return "\n".join([*self._lines(), f"noise: {self.noise_std:.2g}", self.remedy])

    def __repr__(self) -> str:
        return compact("PdeCoefficients", self.status, self._lines())

    def _repr_html_(self) -> str:
        noise = f"Noise: {self.noise_std:.2g}"
        parts = [parameters_html(self.parameters), noise]
        return card("Coefficients of an equation", self.status, self.remedy, parts)

    def _lines(self) -> list[str]:
        columns = zip(self.names, self.values, self.std_errors, strict=True)
        return [f"{name} = {number(value, std)}" for name, value, std in columns]
