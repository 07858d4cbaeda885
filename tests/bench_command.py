"""`physmodel bench` as a user runs it, and runs whose units are done already."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from physmodel.cli.root import root

Records = Sequence[Mapping[str, Any]]


def invoked(*args: str) -> Result:
    """The command, whatever it ends with."""
    return CliRunner().invoke(root, ["bench", *args])


def bench(folder: Path, *args: str) -> tuple[dict[str, Any], str]:
    """What a run that ends well wrote into its folder, and the table that it printed."""
    done = invoked(*args, "-o", str(folder))
    assert done.exit_code == 0, done.output
    return json.loads((folder / "results.json").read_text()), done.stdout


def finished(folder: Path, settings: Mapping[str, Any], units: Mapping[str, Records]) -> None:
    """A run with records made up for its units, as if it had been interrupted after the last."""
    (folder / "units").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"settings": settings}))
    for name, records in units.items():
        (folder / "units" / f"{name}.json").write_text(json.dumps(records))
