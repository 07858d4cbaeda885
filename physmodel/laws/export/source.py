"""Formulas as the source text of a function that gives rates of change."""

from __future__ import annotations

from collections.abc import Mapping

from physmodel.laws.export.formulas import Formulas
from physmodel.laws.export.identifiers import identifiers
from physmodel.laws.export.languages import LANGUAGES, Language
from physmodel.laws.texts.render import left_side
from physmodel.models.fields.sparse_field import velocity_name
from physmodel.problem.algebra.calculus import names_in
from physmodel.problem.algebra.expression import Call, Expression, Variable


def source(formulas: Formulas, language: str) -> str:
    """Text of a function ``rates(t, state[, inputs])``.

    The state holds the states and, for second order, then their velocities; so does the result
    with their rates of change. In C the result is written into a last argument, ``rate``.

    Parameters
    ----------
    formulas : Formulas
    language : {"python", "c", "julia"}

    Returns
    -------
    str
        Needs nothing but the mathematical functions of the language.
    """
    written, problem = LANGUAGES[language], formulas.problem
    velocities = [velocity_name(s) for s in problem.states] if formulas.order == 2 else []
    motion = [*problem.states, *velocities]
    names = identifiers([*motion, *problem.inputs, *formulas.numbers], written.reserved)
    used = {
        name
        for summands in formulas.equations.values()
        for expression, _ in summands
        for name in names_in(expression)
    } | set(velocities)
    signs = False
    lines = [
        *_elements(written, "state", motion, used, names),
        *_elements(written, "inputs", problem.inputs, used, names),
        *(
            _define(written, names[name], repr(value), note)
            for name, (value, note) in formulas.numbers.items()
            if name in used
        ),
    ]
    names["t"] = "t"
    for k, velocity in enumerate(velocities):
        lines.append(f"{_rate(written, k)} = {names[velocity]}{written.end}")
    for k, (state, summands) in enumerate(formulas.equations.items(), len(velocities)):
        lines += ["", written.comment.strip().format(plain(left_side(state, formulas.order)))]
        sums = [(text_of(one, written, names), note) for one, note in summands] or [("0.0", "")]
        for place, (text, note) in enumerate(sums):
            mark = "=" if place == 0 else "+="
            beside = written.comment.format(plain(note)) if note else ""
            lines.append(f"{_rate(written, k)} {mark} {text}{written.end}{beside}")
            signs |= "sign(" in text
    body = "".join(f"    {line}\n" if line else "\n" for line in lines)
    head = ("\n" + written.margin).join(map(plain, formulas.about))
    opening = written.opening.format(
        about="\n".join(line.rstrip() for line in head.split("\n")),
        helpers=written.sign if signs else "",
        inputs=written.inputs if problem.inputs else "",
        size=len(motion),
    )
    return opening + body + written.closing


def text_of(expression: Expression, written: Language, names: Mapping[str, str]) -> str:
    """An expression in a language."""
    text = ""
    for inner, coefficient in expression.summands:
        factors = []
        for base, exponent in inner.factors:
            if isinstance(base, Variable):
                body = names[base.name]
            elif isinstance(base, Call):
                argument = text_of(base.argument, written, names)
                body = f"{written.called(base.function)}({argument})"
            else:
                body = f"({text_of(base, written, names)})"
            factors.append(body if exponent == 1 else written.raised(body, exponent))
        size = abs(coefficient)
        product = " * ".join([*([] if size == 1.0 and factors else [repr(size)]), *factors])
        sign = "-" if coefficient < 0.0 else "+"
        lead = f" {sign} " if text else ("-" if sign == "-" else "")
        text += lead + product
    return text or "0.0"


def plain(text: str) -> str:
    """Text that ends no comment and means nothing to any language."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    for mark, instead in (
        ("\\", "/"),
        ('"', "'"),
        ("$", ""),
        ("*/", "* /"),
        ("/*", "/ *"),
        ("??/", "?? /"),
    ):
        shown = shown.replace(mark, instead)
    return shown.rstrip()


def _rate(written: Language, k: int) -> str:
    return f"rate[{k + written.first}]"


def _define(written: Language, name: str, value: str, note: str = "") -> str:
    beside = written.comment.format(plain(note)) if note else ""
    return written.define.format(name=name, value=value) + written.end + beside


def _elements(
    written: Language,
    array: str,
    columns: list[str] | tuple[str, ...],
    used: set[str],
    names: Mapping[str, str],
) -> list[str]:
    """Variables of an array that a law uses, with the name in the data where it is another one."""
    return [
        _define(
            written,
            names[name],
            f"{array}[{k + written.first}]",
            "" if names[name] == name else f"{name} in the data",
        )
        for k, name in enumerate(columns)
        if name in used
    ]
