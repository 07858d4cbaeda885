"""The version, its only source, and what else a result depends on."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib import metadata

__version__ = "0.1.0"


def environment(packages: Iterable[str]) -> dict[str, object]:
    """Versions for a manifest.

    Parameters
    ----------
    packages : iterable of str
        Distributions whose versions matter to a result.

    Returns
    -------
    dict
        ``physmodel``, ``python`` and ``packages``.
    """
    return {
        "physmodel": __version__,
        "python": platform.python_version(),
        "packages": {name: _installed(name) for name in packages},
    }


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
