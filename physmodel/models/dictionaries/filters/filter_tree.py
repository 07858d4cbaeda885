"""The tree of splits behind wavelets and wavelet packets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pywt
from numpy.typing import NDArray

Array = NDArray[np.float64]
Step = Callable[["Node", Array], dict[str, Array]]
#: Along one axis, from the signal down: length before each split, and the half that was taken.
Branch = tuple[tuple[int, str], ...]

#: Numbers held at once while norms are computed.
COLUMNS = 2_000_000


@dataclass(frozen=True)
class Node:
    """An array of coefficients that is kept (no children) or split further.

    `path`: which filters led here, as PyWavelets writes them: ``a`` low, ``d`` high, per axis.
    `axes`: axes along which it is split. `children`: coarse first.
    """

    path: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    children: dict[str, Node]

    def leaves(self) -> list[Node]:
        """Arrays that are kept, in order."""
        if not self.children:
            return [self]
        return [leaf for child in self.children.values() for leaf in child.leaves()]


def grow(
    path: str,
    shape: tuple[int, ...],
    depths: tuple[int, ...],
    depth: int,
    length: int,
    mode: str,
    packet: bool,
) -> Node:
    """Lay out the tree: `depths` splits along each axis, of every part (`packet`) or the first."""
    axes = tuple(axis for axis, most in enumerate(depths) if depth < most)
    if not axes:
        return Node(path, shape, (), {})
    half = tuple(
        (pywt.dwt_coeff_len(n, length, mode) if axis in axes else n) for axis, n in enumerate(shape)
    )
    children = {}
    for letters in np.ndindex((2,) * len(axes)):
        key = "".join("ad"[letter] for letter in letters)
        deeper = packet or not any(letters)
        children[key] = grow(
            f"{path}.{key}" if path else key,
            half,
            depths if deeper else (0,) * len(shape),
            depth + 1,
            length,
            mode,
            packet,
        )
    return Node(path, shape, axes, children)


def merge(node: Node, following: Callable[[], Array], bank: pywt.Wavelet, mode: str) -> Array:
    """Synthesise from the leaves, which `following` hands out in order."""
    if not node.children:
        return np.array(following()).reshape(node.shape)
    x = {key: merge(child, following, bank, mode) for key, child in node.children.items()}
    for axis in reversed(node.axes):
        keys = {key[:-1] for key in x}
        x = {key: pywt.idwt(x[f"{key}a"], x[f"{key}d"], bank, mode, axis) for key in keys}
    return np.asarray(x[""])[tuple(slice(n) for n in node.shape)]


def split(node: Node, x: Array, step: Step) -> list[Array]:
    """Analyse down to the leaves with any one-level `step`, each flattened."""
    if not node.children:
        return [x.ravel()]
    parts = step(node, x)
    return [flat for key, child in node.children.items() for flat in split(child, parts[key], step)]


def decompose(x: Array, bank: pywt.Wavelet, mode: str, axes: tuple[int, ...]) -> dict[str, Array]:
    """One level along `axes`."""
    parts = {"": x}
    for axis in axes:
        halves = {}
        for key, array in parts.items():
            halves[f"{key}a"], halves[f"{key}d"] = pywt.dwt(array, bank, mode, axis)
        parts = halves
    return parts


def leaf_norms(root: Node, bank: pywt.Wavelet, mode: str) -> Array:
    """Norms of all atoms, leaf by leaf: an atom is a product of one-dimensional ones."""
    known: dict[Branch, Array] = {}

    def walk(node: Node, branches: tuple[Branch, ...]) -> Iterator[Array]:
        if not node.children:
            product = np.ones(())
            for branch, side in zip(branches, node.shape, strict=True):
                if branch not in known:
                    known[branch] = _branch_norms(branch, side, bank, mode)
                product = np.multiply.outer(product, known[branch])
            yield product.ravel()
        for key, child in node.children.items():
            letters = dict(zip(node.axes, key, strict=True))
            yield from walk(
                child,
                tuple(
                    (*branch, (side, letters[axis])) if axis in letters else branch
                    for axis, (branch, side) in enumerate(zip(branches, node.shape, strict=True))
                ),
            )

    return np.concatenate(list(walk(root, ((),) * len(root.shape))))


def _branch_norms(branch: Branch, side: int, bank: pywt.Wavelet, mode: str) -> Array:
    """Norms of the one-dimensional atoms at the end of a branch of `side` coefficients."""
    if not branch:
        return np.ones(side)
    width = max(1, COLUMNS // branch[0][0])
    found = []
    for start in range(0, side, width):
        atoms = np.eye(side, min(width, side - start), -start)
        for length, letter in reversed(branch):
            low, high = (atoms, None) if letter == "a" else (None, atoms)
            atoms = pywt.idwt(low, high, bank, mode, 0)[:length]
        found.append(np.linalg.norm(atoms, axis=0))
    return np.concatenate(found)
