"""Arrays as NumPy and MATLAB save them; shapes are known before values are read."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from physmodel.data.assembly.assemble import MAX_VALUES
from physmodel.errors import DataError

#: Classes of MATLAB variables that are arrays of numbers.
_NUMERIC = {"double", "single", "logical"} | {
    f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64)
}


def read_npy(path: Path) -> NDArray[Any]:
    """Read one array, ``numpy.save``.

    Raises
    ------
    DataError
        If it is none, holds objects, or is too large.
    """
    with path.open("rb") as stream:
        _check_header(stream, path.stat().st_size, path.name)
        stream.seek(0)
        try:
            return np.asarray(npy.read_array(stream, allow_pickle=False))
        except ValueError as error:
            raise DataError(f"not an array of NumPy: {error}", where=path.name) from None


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read named arrays, ``numpy.savez``.

    Raises
    ------
    DataError
        If it is no such archive, holds objects, or is too large. Sizes that the archive states are
        compared with those in the headers of the arrays first.
    """
    arrays: dict[str, NDArray[Any]] = {}
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if item.filename.endswith(".npy")]
            for item in members:
                with archive.open(item) as stream:
                    where = f"array {item.filename[:-4]!r}, {path.name}"
                    total += _check_header(stream, item.file_size, where)
            _check_total(total, path.name)
            for item in members:
                with archive.open(item) as stream:
                    arrays[item.filename[:-4]] = npy.read_array(stream, allow_pickle=False)
    except DataError:
        raise
    except Exception as error:  # what a broken archive raises is anyone's guess
        raise DataError(f"this is no archive of arrays: {error}", where=path.name) from None
    if not arrays:
        raise DataError("the archive holds no arrays", where=path.name)
    return arrays


def read_matlab(path: Path) -> dict[str, NDArray[Any]]:
    """Read numeric variables of a MATLAB file up to version 7.

    Raises
    ------
    DataError
        If it is none, of version 7.3, too large, or holds no arrays of numbers.
    """
    from scipy.io import loadmat, whosmat

    with path.open("rb") as stream:
        head = stream.read(8)
    if head == b"\x89HDF\r\n\x1a\n" or head == b"MATLAB 7":
        raise DataError(
            "this is a MATLAB file of version 7.3, which is HDF5",
            where=path.name,
            fix="save it with '-v7' in MATLAB; or read it with h5py (pip install h5py) and hand "
            "over the arrays: physmodel.open(x, time=t)",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about variables that are passed over
            listed = whosmat(str(path))
        wanted = {n: shape for n, shape, kind in listed if kind in _NUMERIC and 0 not in shape}
        _check_total(sum(_size(shape) for shape in wanted.values()), path.name)
        if not wanted:
            there = ", ".join(f"{name} ({kind})" for name, _, kind in listed)
            raise DataError(
                f"there are no arrays of numbers in {there or 'it'}",
                where=path.name,
                fix="save plain arrays: t = s.t; x = s.x; save('data.mat', 't', 'x')",
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read: Mapping[str, Any] = loadmat(
                str(path), variable_names=[*wanted], struct_as_record=True
            )
    except DataError:
        raise
    except Exception as error:  # what a foreign parser throws at a broken file is anyone's guess
        raise DataError(f"not a MATLAB file: {error}", where=path.name) from None
    return {name: np.asarray(read[name]) for name in wanted}


def _check_header(stream: IO[bytes], size: int, where: str) -> int:
    """Values of an array, after its header has been compared with the bytes that there are."""
    try:
        version = npy.read_magic(stream)
        reader = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, _, dtype = reader[version](stream)
    except (ValueError, KeyError, EOFError) as error:
        raise DataError(f"not an array of NumPy: {error}", where=where) from None
    if dtype.hasobject:
        raise DataError(
            "it holds Python objects, which are not read",
            where=where,
            why="reading them runs code that stands in the file",
            fix="save numbers, x.astype(float)",
        )
    count = _size(shape)
    # Text and records have many bytes in a value.
    _check_total(max(count, count * dtype.itemsize // 8), where)
    if count * dtype.itemsize > size:
        raise DataError(
            f"the header states {count * dtype.itemsize} bytes, and there are {size}", where=where
        )
    return count


def _check_total(count: int, where: str) -> None:
    if count > MAX_VALUES:
        raise DataError(
            f"{count} values; the limit is {MAX_VALUES}", where=where, fix="select a part first"
        )


def _size(shape: tuple[int, ...]) -> int:
    total = 1
    for length in shape:
        total *= int(length)  # Python's numbers do not overflow
    return total
