"""Wavelets and wavelet packets: one tree of splits, of the approximation only or of everything."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pywt
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.filters.bank import Filters, filters
from physmodel.models.dictionaries.filters.filter_tree import (
    Node,
    Step,
    decompose,
    grow,
    leaf_norms,
    merge,
    split,
)
from physmodel.models.dictionaries.frame import check_level, signal_shape

Array = NDArray[np.float64]

#: Levels of a full packet tree where nothing is said: its atoms stay local.
PACKET_LEVELS = 3


def wavelet(
    shape: int | Sequence[int],
    name: str = "db4",
    level: int | None = None,
    mode: str = "periodization",
) -> Dictionary:
    """Orthogonal or biorthogonal wavelets, separable in two and three dimensions.

    An orthonormal basis where every split side is even and the wavelet orthogonal. A side that is
    odd gets one coefficient more, and the atoms, cut at the border, form a Parseval frame.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of a signal, in one to three dimensions.
    name : str
        A discrete wavelet of PyWavelets.
    level : int, optional
        Number of splits; by default as many on each axis as the filter fits in, at least one.
    mode : str
        ``"periodization"`` for the smallest dictionary. All other modes of PyWavelets differ in
        how they analyse, not in how they synthesise, so they give one and the same dictionary,
        with atoms that reach over the border; its adjoint is the analysis of mode ``"zero"``
        (of the transposed filters), whatever the mode.

    Raises
    ------
    ProblemError
        If shape, name, level or mode is not valid.

    References
    ----------
    Mallat, IEEE Trans. PAMI 11 (1989) 674; Daubechies, Comm. Pure Appl. Math. 41 (1988) 909.
    """
    return _tree_dictionary("wavelet", shape, name, level, mode, packet=False)


def wavelet_packet(
    shape: int | Sequence[int],
    name: str = "db4",
    level: int | None = None,
    mode: str = "periodization",
) -> Dictionary:
    """Wavelet packets: the full tree, so that high frequencies are resolved as finely as low ones.

    Parameters
    ----------
    shape, name, level, mode
        As for `wavelet`; at most three levels where nothing is said.

    References
    ----------
    Coifman and Wickerhauser, IEEE Trans. Information Theory 38 (1992) 713.
    """
    return _tree_dictionary("wavelet_packet", shape, name, level, mode, packet=True)


def _tree_dictionary(
    kind: str,
    shape: int | Sequence[int],
    name: str,
    level: int | None,
    mode: str,
    *,
    packet: bool,
) -> Dictionary:
    sides = signal_shape(shape)
    bank = filters(name)
    if mode not in pywt.Modes.modes:
        raise ProblemError(
            f"{mode!r} is no way to treat the border.",
            where="mode",
            why="PyWavelets defines how filters reach over the border, by name.",
            fix=f"Choose one of {', '.join(pywt.Modes.modes)}.",
        )
    check_level(level)
    mode = mode if mode == "periodization" else "zero"
    depths = _depths(sides, bank, level, PACKET_LEVELS if packet else None)
    root = grow("", sides, depths, 0, bank.wavelet.dec_len, mode, packet)
    leaves = root.leaves()
    ends = np.cumsum([0, *(int(np.prod(leaf.shape)) for leaf in leaves)])
    bands = tuple(
        Band(leaf.path or "signal", int(start), leaf.shape)
        for leaf, start in zip(leaves, ends[:-1], strict=True)
    )

    def synthesis(a: Array) -> Array:
        parts = iter([a[i:j] for i, j in pairwise(ends)])
        return merge(root, parts.__next__, bank.wavelet, mode)

    def flatten(tree: Step, x: Array) -> Array:
        return np.concatenate(split(root, x, tree))

    def transposed(node: Node, x: Array) -> dict[str, Array]:
        # What synthesis cuts off at an odd side, its transpose fills with zeros.
        padding = [(0, n % 2 if axis in node.axes else 0) for axis, n in enumerate(node.shape)]
        return decompose(np.pad(x, padding), bank.transpose, mode, node.axes)

    def inverse(node: Node, x: Array) -> dict[str, Array]:
        return decompose(x, bank.wavelet, mode, node.axes)

    square = int(ends[-1]) == int(np.prod(sides))
    known = square and not bank.orthogonal and name != "dmey"
    return Dictionary(
        name=f"{kind} {name}",
        signal_shape=sides,
        bands=bands,
        synthesis=synthesis,
        adjoint=lambda x: flatten(transposed, x),
        bounds=(1.0, 1.0) if bank.orthogonal or not root.children else None,
        canonical=(lambda x: flatten(inverse, x)) if known else None,
        lengths=lambda: leaf_norms(root, bank.wavelet, mode),
        parameters={"wavelet": name, "levels": max(depths), "mode": mode},
    )


def _depths(
    sides: tuple[int, ...], bank: Filters, level: int | None, most: int | None
) -> tuple[int, ...]:
    """Number of splits along each axis."""
    depths = []
    for side in sides:
        fitting = max(pywt.dwt_max_level(side, bank.wavelet.dec_len), 1)
        depth = level if level is not None else fitting if most is None else min(fitting, most)
        # A side of one sample has nothing to split: ceil(log2 n) halvings lead there.
        depths.append(min(depth, (side - 1).bit_length()))
    return tuple(depths)
