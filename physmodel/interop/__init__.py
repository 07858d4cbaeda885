"""Neighbours: other people's toolkits, plugged into this one and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.errors import require
from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.interop.foreign import selector as selector
    from physmodel.interop.pysindy import latent_parts as latent_parts
    from physmodel.interop.subset_pysindy import SubsetOptimizer as SubsetOptimizer
    from physmodel.interop.terms import library_terms as library_terms

require("pysindy", "pysindy")

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "SubsetOptimizer": "physmodel.interop.subset_pysindy",
        "latent_parts": "physmodel.interop.pysindy",
        "library_terms": "physmodel.interop.terms",
        "selector": "physmodel.interop.foreign",
    },
)
