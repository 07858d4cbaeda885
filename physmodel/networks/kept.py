"""What records of fitted networks can do: runs against data, and files."""

from __future__ import annotations

from pathlib import Path

from physmodel.laws.field_runs import FieldRuns


class Kept(FieldRuns):
    """A record with a network in its ``field``."""

    def save(self, folder: str | Path) -> Path:
        """Write the network into a folder, from which `physmodel.nets.load_net` reads it.

        Parameters
        ----------
        folder : path
            Made if it is not there.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        ProblemError
            If the form has no name in files, a weight is not finite, or the folder cannot be
            written to.
        """
        from physmodel.models.nets.weights.storage import save_net

        return save_net(self.field, folder)
