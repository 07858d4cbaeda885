"""The catalogue: curated files with datacards, and simulated systems with known truth."""

from __future__ import annotations

import hashlib
import io
import json
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.io import netcdf_file

from physmodel import datasets
from physmodel.data.cards import Card, card_of_system, read_card
from physmodel.data.contract import make_dataset
from physmodel.errors import DataError, IntegrityError, ProblemError
from physmodel.models.simulated.systems import SYSTEMS, simulate
from physmodel.problem.algebra.parser import suggestion

Array = NDArray[np.float64]

#: Folder with the datacards and their files.
FOLDER = Path(datasets.__path__[0])


def names() -> tuple[str, ...]:
    """Names of all datasets, files first."""
    return (*(path.stem for path in _cards(FOLDER)), *SYSTEMS)


def list_datasets() -> list[Card]:
    """Datacards of all datasets, files first."""
    return [card(name) for name in names()]


def card(name: str) -> Card:
    """Datacard of a dataset.

    Parameters
    ----------
    name : str
        Such as ``"solar-system"`` or ``"lorenz"``.

    Raises
    ------
    DataError
        If there is no such dataset.
    IntegrityError
        If its card is damaged.
    """
    if name in SYSTEMS:
        return card_of_system(SYSTEMS[name])
    if name not in names():
        raise DataError(
            f"there is no dataset {name!r}",
            fix=suggestion(name, names()) + "catalogue: " + ", ".join(names()),
        )
    return read_card((FOLDER / f"{name}.toml").read_text(encoding="utf-8"), name)


def load(name: str, **options: float) -> xr.Dataset:
    """Load a dataset; files are checked against the hash in their card before they are parsed.

    Parameters
    ----------
    name : str
    **options
        For simulated systems only: ``periods``, ``samples_per_period``, ``noise``, ``seed``,
        ``trajectories``; see `physmodel.models.simulated.systems.simulate`.

    Returns
    -------
    xarray.Dataset
        In the shape of `physmodel.data.contract`. The attribute ``problem`` holds, as JSON, what
        is known before any fit.

    Raises
    ------
    DataError
        If there is no such dataset.
    ProblemError
        If an option is not known, or the dataset is a file and takes none.
    IntegrityError
        If the file is not the one that the card describes.
    """
    facts = card(name)
    known = () if facts.file else tuple(simulate.__kwdefaults__ or ())
    for option in options:
        if option not in known:
            raise ProblemError(
                f"the dataset {name!r} has no option {option!r}",
                fix=suggestion(option, known)
                + (f"options: {', '.join(known)}" if known else "files are loaded as they are"),
            )
    if facts.file:
        times, values = _read(facts, _verified_bytes(facts))
    else:
        times, values = simulate(name, **options)  # type: ignore[arg-type]
    data = make_dataset(
        times,
        values,
        tuple(facts.units),
        inputs=tuple(facts.problem.get("inputs", ())),
        units=facts.units,
        long_names={v["name"]: v["long_name"] for v in facts.facts.get("variables", ())},
        time_units=facts.time_unit,
        title=facts.title,
        source=facts.file or name,
    )
    return data.assign_attrs(problem=json.dumps(dict(facts.problem)))


def verify(name: str | None = None) -> list[Card]:
    """Check files against the hashes in their cards, and that they can be read.

    Parameters
    ----------
    name : str, optional
        All files by default.

    Returns
    -------
    list of Card
        Those checked; simulated systems have no file and are left out.

    Raises
    ------
    DataError
        If there is no such dataset.
    IntegrityError
        For the first file that differs, with the expected and the found hash.
    """
    checked = [facts for facts in map(card, [name] if name else names()) if facts.file]
    for facts in checked:
        _read(facts, _verified_bytes(facts))
    return checked


@cache
def _cards(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.toml")))


def _verified_bytes(facts: Card) -> bytes:
    """Content of a card's file, once it has been checked: what is parsed is what was checked."""
    path = FOLDER / facts.file
    if not path.is_file():
        raise IntegrityError("the file is missing", where=facts.file, fix="reinstall physmodel")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != facts.sha256:
        raise IntegrityError(
            f"the file has the hash {found}; its card promises {facts.sha256}",
            where=facts.file,
            why="results on a changed file could not be compared or reproduced",
            fix=f"reinstall physmodel, or rebuild it with {facts.facts['transform']['script']}",
        )
    return content


def _read(facts: Card, content: bytes) -> tuple[list[Array], list[Array]]:
    """Split the content into trajectories, columns in the order of the card."""
    reader = _read_netcdf if facts.file.endswith(".nc") else _read_csv
    time, values, sizes = reader(facts, content)
    if len(time) != facts.facts["n_rows"] or len(sizes) != facts.facts["n_trajectories"]:
        raise IntegrityError(
            f"{len(time)} rows in {len(sizes)} trajectories; the card promises "
            f"{facts.facts['n_rows']} in {facts.facts['n_trajectories']}",
            where=facts.file,
        )
    cuts = np.cumsum(sizes)[:-1]
    return np.split(time, cuts), np.split(values, cuts)


def _read_netcdf(facts: Card, content: bytes) -> tuple[Array, Array, NDArray[np.int64]]:
    with netcdf_file(io.BytesIO(content), "r", mmap=False) as file:
        wanted = (*facts.units, facts.facts["time"]["name"], "row_size")
        missing = [name for name in wanted if name not in file.variables]
        if missing:
            raise IntegrityError(f"no variable {missing[0]!r}", where=facts.file)
        # The file is big-endian; a native copy outlives it.
        columns = [file.variables[name][:].astype(np.float64) for name in facts.units]
        time = file.variables[facts.facts["time"]["name"]][:].astype(np.float64)
        sizes = file.variables["row_size"][:].astype(np.int64)
    return time, np.stack(columns, axis=1), sizes


def _read_csv(facts: Card, content: bytes) -> tuple[Array, Array, NDArray[np.int64]]:
    head, _, body = content.decode("utf-8").partition("\n")
    columns = [facts.facts["time"]["name"], *facts.units]
    if head.strip().split(",") != columns:
        raise IntegrityError(
            f"the columns are {head.strip()!r}; the card promises {','.join(columns)!r}",
            where=facts.file,
        )
    table = np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2)
    return table[:, 0], table[:, 1:], np.array([len(table)])
