"""Errors that say what is wrong, where, why it matters and what to do about it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class PhysmodelError(Exception):
    """Base class of every error that physmodel raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str, optional
        The place: variable, rows, file, key.
    why : str, optional
        Why the computation cannot go on.
    fix : str, optional
        What the user can do.

    Attributes
    ----------
    exit_code : int
        Exit status of the command line for this kind of error.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        self.what, self.where, self.why, self.fix = what, where, why, fix
        super().__init__(what)

    def __str__(self) -> str:
        """Join the four parts, leaving out the empty ones."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return "\n".join(
            part
            for part in (head, self.why and f"  why: {self.why}", self.fix and f"  fix: {self.fix}")
            if part
        )


class ProblemError(PhysmodelError):
    """The request itself is wrong: unknown names, impossible settings, bad expressions."""

    exit_code = 2


class DataError(PhysmodelError):
    """The data cannot be used as they are."""

    exit_code = 3


class IntegrityError(PhysmodelError):
    """A file is not the file that its recorded hash or schema promises."""

    exit_code = 4


class MissingDependencyError(PhysmodelError):
    """An optional package is needed and not installed; the message holds the pip line."""

    exit_code = 5


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module.

    Parameters
    ----------
    module : str
        Import name, for example ``"zarr"``.
    extra : str
        The physmodel extra that installs it, for example ``"files"``.

    Returns
    -------
    ModuleType
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the module is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"the package {module!r} is needed here and cannot be imported ({error})",
            fix=f"pip install 'physmodel[{extra}]'",
        ) from error
