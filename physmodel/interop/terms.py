"""Feature libraries of PySINDy as canonical terms, each verified by its numbers."""

from __future__ import annotations

import copy
import io
import tokenize
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError, ProblemError
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.expression import FUNCTIONS, Expression
from physmodel.problem.algebra.parser import parse

Array = NDArray[np.float64]

#: Largest difference between a feature and its formula, relative to the largest value of the
#: feature: a few operations in another order differ by 1e-15.
AGREEMENT = 1e-12

#: Random states at which formulas are verified; half of them positive, for logarithms and roots.
POINTS = 128


def library_terms(
    library: Any, states: Sequence[str], inputs: Sequence[str] = (), *, at: Array | None = None
) -> tuple[str, ...]:
    """Canonical terms of a PySINDy feature library.

    The names of the features are read as formulas, never run, and compared with what the library
    computes, so that a wrong name does not pass.

    Parameters
    ----------
    library : pysindy library
        Fitted or not; it is not changed.
    states, inputs : sequence of str
        Names of the variables that the library will get, states first.
    at : ndarray (n, v), optional
        Further states and inputs at which the formulas must hold, such as the data.

    Returns
    -------
    tuple of str
        One term per feature, in the order of the features; for ``Problem.library`` and
        ``physmodel.discover(data, library=...)``.

    Raises
    ------
    ProblemError
        If a feature has no formula, or another one than its name says.
    """
    variables = (*states, *inputs)
    points = _points(len(variables))
    if at is not None:
        points = np.concatenate([points, at])
    names, features = _evaluated(library, variables, points)
    expressions = [_formula(name, variables) for name in names]
    computed = TermLibrary(variables, tuple(expressions)).evaluate(points)
    for name, expression, ours, theirs in zip(
        names, expressions, computed.T, features.T, strict=True
    ):
        _agree(name, expression, ours, theirs)
    return tuple(str(expression) for expression in expressions)


def _points(width: int) -> Array:
    """States of ordinary size, away from zero, where powers of any sign are defined."""
    rng = np.random.default_rng(0)
    sizes = rng.uniform(0.2, 2.5, (POINTS, width))
    signs = np.where(rng.random((POINTS, width)) < 0.5, -1.0, 1.0)
    signs[: POINTS // 2] = 1.0
    return sizes * signs


def _evaluated(library: Any, variables: tuple[str, ...], points: Array) -> tuple[list[str], Array]:
    """Names and values of the features of a copy of the library."""
    for method in ("fit", "transform", "get_feature_names"):
        if not hasattr(library, method):
            raise ProblemError(
                f"{type(library).__name__} is no PySINDy feature library",
                why=f"it has no method {method!r}",
                fix="give an object such as pysindy.PolynomialLibrary(degree=3)",
            )
    own = copy.deepcopy(library)
    # Logarithms of negative numbers are no fault here: both sides give NaN.
    with np.errstate(all="ignore"):
        try:
            own.fit(points)
            features = np.asarray(own.transform(points), dtype=float)
            names = [str(name) for name in own.get_feature_names(list(variables))]
        except PhysmodelError:
            raise
        except Exception as error:
            # Whatever PySINDy or a function of the user raises.
            raise ProblemError(
                f"{type(library).__name__} cannot be evaluated on {len(variables)} variables",
                where=", ".join(variables),
                why=f"{type(error).__name__}: {error}",
                fix="use a library of functions of the states and inputs",
            ) from error
    if features.shape != (len(points), len(names)):
        raise ProblemError(
            f"{type(library).__name__} names {len(names)} features and computes values of shape "
            f"{features.shape}",
            fix="use a library of functions of the states and inputs at one time",
        )
    return names, features


def _formula(name: str, variables: tuple[str, ...]) -> Expression:
    try:
        return parse(_explicit_products(name), variables)
    except ProblemError as error:
        raise ProblemError(
            f"the feature {name!r} has no formula",
            where="feature library",
            why=error.what,
            fix="name the function by its formula, as in CustomLibrary(library_functions="
            "[lambda x: np.exp(-x)], function_names=[lambda x: f'exp(-{x})']), with + - * / ^ and "
            + ", ".join(FUNCTIONS),
        ) from None


def _explicit_products(name: str) -> str:
    """Write the products that PySINDy leaves to a space: ``x sin(2 y)`` is ``x*sin(2*y)``."""
    try:
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(name.strip()).readline)
            if token.type in {tokenize.NAME, tokenize.NUMBER, tokenize.OP, tokenize.ERRORTOKEN}
            and token.string.strip()
        ]
    except (tokenize.TokenError, SyntaxError) as error:
        raise ProblemError(str(error)) from None
    pieces: list[str] = []
    before = None
    for token in tokens:
        starts = token.type in {tokenize.NAME, tokenize.NUMBER} or token.string == "("
        if before is not None and starts and _ends(before, token):
            pieces.append("*")
        pieces.append(token.string)
        before = token
    return " ".join(pieces)


def _ends(before: tokenize.TokenInfo, token: tokenize.TokenInfo) -> bool:
    """Whether a factor ends at ``before`` when another one starts at ``token``."""
    if before.type == tokenize.NAME and token.string == "(":
        # A bracket that touches its name is a call; of an unknown function, says the parser.
        return before.string not in FUNCTIONS and before.end != token.start
    return before.type in {tokenize.NAME, tokenize.NUMBER} or before.string == ")"


def _agree(name: str, expression: Expression, ours: Array, theirs: Array) -> None:
    defined = np.isfinite(theirs)
    size = np.abs(theirs[defined]).max(initial=0.0)
    same = np.isfinite(ours) == defined
    same[defined] &= np.abs(ours[defined] - theirs[defined]) <= AGREEMENT * size
    if same.all() and defined.any():
        return
    row = int(np.argmin(same))
    raise ProblemError(
        f"the feature {name!r} is not what its name says",
        where="feature library",
        why=f"read as {expression}, it is {ours[row]:.6g} at a state where the library computes "
        f"{theirs[row]:.6g}",
        fix="name the function by its formula; put sums in brackets, as in '(x + y)'",
    )
