"""Results as LaTeX; with amsmath it compiles, letters beyond Greek need a Unicode engine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from physmodel.laws.record import LawRecord
from physmodel.laws.texts.render import MAX_TERMS, number
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.algebra.parser import parse
from physmodel.problem.algebra.printing import name_latex, text_latex, to_latex

if TYPE_CHECKING:
    from collections.abc import Sequence


def latex_equations(result: LawRecord) -> str:
    """All equations, with the strengths of bodies below, as a LaTeX ``aligned`` block."""
    return aligned(latex_rows(result))


def latex_rows(result: LawRecord, *, align: str = "&") -> list[str]:
    """The equations one by one; for bodies the law, then its strengths.

    Parameters
    ----------
    result : LawRecord
    align : str
        Alignment mark before the equals signs.
    """
    if not result.laws:
        return [latex_equation(result, state, align=align) for state in result.problem.states]
    law = result.laws[0]
    rows = [
        f"\\ddot{{\\mathbf{{r}}}}_i {align}= \\sum_{{j \\ne i}} \\mu_j \\, "
        f"|\\mathbf{{r}}_j - \\mathbf{{r}}_i|^{{{law['exponent']:g}}} \\, "
        "\\frac{\\mathbf{r}_j - \\mathbf{r}_i}{|\\mathbf{r}_j - \\mathbf{r}_i|}"
    ]
    for body, item in law["strengths"].items():
        value = latex_number(item["value"], item["std"])
        unit = unit_latex(item["unit"])
        rows.append(f"\\mu_{{{text_latex(body)}}} {align}= {value}{unit}")
    return rows


def aligned(rows: Sequence[str]) -> str:
    """Rows as one LaTeX ``aligned`` block."""
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def latex_equation(result: LawRecord, state: str, *, align: str = "&") -> str:
    """One equation in LaTeX, its numbers with their standard errors: ``10.020(31)``."""
    left = latex_rate(state, result.model.order)
    right = inside = ""
    names = term_variables(result.model.states, result.model.inputs, result.model.order)
    for item in result.terms(state)[:MAX_TERMS]:
        value = item["coefficient"]
        sign = "-" if value < 0 else ("+" if right else "")
        body = "" if item["term"] == "1" else f" \\, {to_latex(parse(item['term'], names))}"
        right += f" {sign} {latex_number(abs(value), item['std'])}{body}"
        for one in item.get("inside", ()):
            inside += f" \\quad {one['name']} = {latex_number(one['value'], one['std'])}"
    if len(result.terms(state)) > MAX_TERMS:
        right += " + \\cdots"
    return f"{left} {align}= {right.strip() or '0'}{inside}"


def latex_rate(state: str, order: int) -> str:
    """A dotted letter, or a fraction where a dot would get lost over a word."""
    name = name_latex(state)
    if name.startswith(("\\mathrm", "\\text")):
        power = "" if order == 1 else f"^{order}"
        return f"\\frac{{d{power} {name}}}{{dt{power}}}"
    dots = "\\dot" if order == 1 else "\\ddot"
    return f"{dots}{{{name}}}"


def latex_number(value: float, std: float) -> str:
    """A value with its standard error as `number` writes it, powers of ten raised."""
    raised = re.sub(r"e([+-]\d+)", _power_of_ten, number(value, std))
    if "+-" not in raised:
        return raised
    return "\\left(" + raised.replace("+-", "\\pm") + "\\right)"


def unit_latex(unit: str) -> str:
    """A unit behind a number, after a thin space; empty where there is none."""
    if unit in {"", "1"}:
        return ""
    pieces = re.split(r"\^(-?[\d.]+|\([^()]*\))", unit)  # what is raised stands at odd places
    upright = [
        f"^{{{piece.strip('()')}}}" if k % 2 else text_latex(piece)
        for k, piece in enumerate(pieces)
        if piece
    ]
    return "\\," + "".join(upright)


def _power_of_ten(found: re.Match[str]) -> str:
    return f" \\times 10^{{{int(found[1])}}}"
