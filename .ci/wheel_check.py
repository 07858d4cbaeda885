"""Check an installed wheel: every room imports, every data file loads, nothing leaks."""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import sys
from pathlib import Path

CHECKOUT = Path(sys.argv[1]).resolve()


def main() -> None:
    """Import every package that setup.cfg lists and load every data set that it ships."""
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    for name in setup["options"]["packages"].split():
        place = Path(str(importlib.import_module(name).__file__)).resolve()
        if Path(sys.prefix).resolve() not in place.parents:
            raise SystemExit(f"{name} was not imported from the wheel: {place}")
    for name in ("cli", "datasets"):
        found = importlib.util.find_spec(name)
        if found is not None and CHECKOUT in Path(str(found.origin)).parents:
            raise SystemExit(f"the wheel installs a module {name!r} of its own")

    catalogue = importlib.import_module("physmodel.data.catalogue")
    for card in catalogue.list_datasets():
        if card.file:
            data = catalogue.load(card.id)
            print(f"{card.id}: {data.sizes['sample']} samples")


main()
