"""Reports for people: figures, one self-contained HTML page, run folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.reports.atoms import atoms_figure as atoms_figure
    from physmodel.reports.atoms import chosen_atoms as chosen_atoms
    from physmodel.reports.few_atoms import few_atoms_figure as few_atoms_figure

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "atoms_figure": "physmodel.reports.atoms",
        "chosen_atoms": "physmodel.reports.atoms",
        "few_atoms_figure": "physmodel.reports.few_atoms",
    },
)
