"""What every dictionary must do: an exact adjoint, and the frame that it claims to be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from physmodel.models.dictionaries import Dictionary
from physmodel.testing.failure import require, require_close, require_refusal

Array = NDArray[np.float64]

#: Rounding of sums of at most 1e4 products, relative to the sizes of their factors.
ROUNDING = 1e-10

#: Steps of the power method: enough to come within some per cent of an extreme singular value.
POWER_STEPS = 20


def check_dictionary(dictionary: LinearOperator, *, seed: int = 0) -> None:
    """Check that an operator is linear with an exact adjoint; a `Dictionary` also as a frame.

    Parameters
    ----------
    dictionary : LinearOperator (m, p)
        Its columns are the atoms.
    seed : int
        Of the vectors that it is tried on.

    Raises
    ------
    AssertionError
        If ``<D a, x>`` differs from ``<a, D' x>``, sums are not kept, an argument is changed or a
        result shared, or if the type is not float64. Of a `Dictionary` also if bands leave gaps,
        frame bounds are not kept, a tight frame is not tight, analysis and synthesis do not give
        a signal back (its projection, where atoms are not complete), or wrong shapes are taken.
    """
    rng = np.random.default_rng(seed)
    m, p = dictionary.shape
    a, b = rng.standard_normal((2, p))
    x = rng.standard_normal(m)
    size = np.linalg.norm(a) * np.linalg.norm(x)
    forward, backward = float((dictionary @ a) @ x), float(a @ (dictionary.T @ x))
    gap = abs(forward - backward)
    require(
        gap <= ROUNDING * (1.0 + size),
        f"{_name(dictionary)}: <D a, x> = {forward:.6g} and <a, D' x> = {backward:.6g} differ by "
        f"{gap:.2g} where {ROUNDING * (1.0 + size):.2g} is allowed: the adjoint is that of another "
        "operator",
    )
    for label, operator, one, other in (
        ("D", dictionary, a, b),
        ("D'", dictionary.T, x, rng.standard_normal(m)),
    ):
        what = f"{_name(dictionary)}: {label}"
        kept = one.copy()
        first = operator @ one
        require(first.dtype == np.float64, f"{what} returns {first.dtype} and not float64")
        stored = first.copy()
        require(np.array_equal(operator @ one, stored), f"{what} differs from call to call")
        first[:] = np.nan  # what is returned is the caller's
        require(np.array_equal(operator @ one, stored), f"{what} returns memory that it still uses")
        require(np.array_equal(one, kept), f"{what} changes its argument")
        second = (operator @ other).copy()
        sums = operator @ (2.0 * one - other)
        bound = ROUNDING * (1.0 + np.abs(one).sum())
        require_close(sums, 2.0 * stored - second, bound, f"{what} is not linear")
        together = operator @ np.column_stack([one, other])
        columns = np.column_stack([stored, second])
        require_close(together, columns, bound, f"{what} of a matrix is not that of its columns")
    if isinstance(dictionary, Dictionary):
        _check_frame(dictionary, x.reshape(dictionary.signal_shape), a)


def _check_frame(dictionary: Dictionary, signal: Array, a: Array) -> None:
    name = dictionary.name
    ends = [0]
    for band in dictionary.bands:
        require(
            band.slice.start == ends[-1],
            f"{name}: band {band.label} begins at {band.slice.start}, not {ends[-1]}",
        )
        ends.append(band.slice.stop)
    require(ends[-1] == dictionary.n_atoms, f"{name}: the bands end at {ends[-1]}")
    labels = [band.label for band in dictionary.bands]
    require(len(set(labels)) == len(labels), f"{name}: two bands share a label")
    norm = float(np.linalg.norm(signal))
    again = dictionary.synthesise(dictionary.analyse(signal))
    if not dictionary.complete:
        # The projection on the span: no atom sees anything of the rest.
        rest = dictionary.adjoint(signal - again)
        require_close(rest, np.zeros_like(rest), 1e-9 * norm, f"{name}: analysis misses atoms")
        signal, again = again, dictionary.synthesise(dictionary.analyse(again))
    # Conjugate gradients stop at 1e-9 where no formula is known.
    require_close(again, signal, 1e-9 * max(norm, 1.0), f"{name}: synthesis of the analysis")
    low, high = dictionary.frame_bounds()
    for label, vector in _extreme_signals(dictionary, signal, high):
        ratio = float(np.sum(dictionary.adjoint(vector) ** 2) / np.sum(vector**2))
        require(
            low * (1.0 - 1e-9) <= ratio <= high * (1.0 + 1e-9),
            f"{name}: |D' x|^2 = {ratio:.6g} |x|^2 for {label} signal is outside the frame bounds "
            f"{low:.6g} and {high:.6g}",
        )
    if dictionary.is_tight:
        # Filters are tabulated to about 1e-12.
        energy, here = float(np.sum(dictionary.adjoint(signal) ** 2)), float(np.sum(signal**2))
        require_close(energy, high * here, 1e-10 * high * here, f"{name}: Parseval's equation")
    one = dictionary.n_atoms // 2
    unit = np.zeros(dictionary.n_atoms)
    unit[one] = 1.0
    require_close(
        dictionary.atom(one),
        dictionary.synthesise(unit),
        0.0,
        f"{name}: atom {one} is not a column",
    )
    length = float(np.linalg.norm(dictionary.atom(one)))
    # Squares of one atom may cancel to rounding: half the digits are lost in the root.
    require_close(dictionary.norms()[one], length, 1e-7 * high**0.5, f"{name}: norm of atom {one}")
    require_refusal(
        lambda: dictionary.synthesise(np.append(a, 0.0)), f"{name}: one coefficient too many"
    )
    require_refusal(lambda: dictionary.analyse(signal[None]), f"{name}: a signal of another shape")
    require_refusal(lambda: dictionary.atom(dictionary.n_atoms), f"{name}: an atom beyond the last")


def _extreme_signals(dictionary: Dictionary, signal: Array, high: float) -> list[tuple[str, Array]]:
    """A signal of the span, and where power iterations take it: towards both frame bounds."""
    strong = weak = signal
    for _ in range(POWER_STEPS):
        strong = dictionary.synthesise(dictionary.adjoint(strong))
        strong = strong / np.linalg.norm(strong)
        if dictionary.complete:  # elsewhere rounding leads out of the span
            rest = high * weak - dictionary.synthesise(dictionary.adjoint(weak))
            size = float(np.linalg.norm(rest))
            if size <= 1e-9 * high * float(np.linalg.norm(weak)):
                break  # it is tight
            weak = rest / size
    return [("a random", signal), ("a strong", strong), ("a weak", weak)]


def _name(operator: LinearOperator) -> str:
    return operator.name if isinstance(operator, Dictionary) else type(operator).__name__
