"""Names that a package imports when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, table: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` of a package that lists where its public names stand.

    `table`: for each name the module that defines it; ``module:other`` where it has another name
    there, ``module:`` for the module itself. No name may be that of a module in the package, which
    Python puts in the same attribute. What the package has in ``__all__`` is listed too.
    """

    def getter(name: str) -> Any:
        if name not in table:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, colon, other = table[name].partition(":")
        found = import_module(module)
        return found if colon and not other else getattr(found, other or name)

    def lister() -> list[str]:
        return sorted({*table, *vars(sys.modules[package]).get("__all__", ())})

    return getter, lister
