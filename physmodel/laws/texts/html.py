"""Results as HTML for notebooks: no network, no scripts, colours of the page that they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from physmodel.laws.record import LawRecord
from physmodel.laws.texts.naming import title_of
from physmodel.laws.texts.parameters import law_parameters
from physmodel.laws.texts.render import MAX_TERMS, number
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.algebra.markup import MINUS, rate_html, to_html
from physmodel.problem.algebra.parser import parse

if TYPE_CHECKING:
    import pandas as pd


#: Colour of the badge of each status; white stands out from each by more than 4.5 to 1.
COLOURS = {
    "identified": "#3c7d3c",
    "approximate": "#5c7a1f",
    "known-suffices": "#3c7d3c",
    "ambiguous": "#946500",
    "not-identifiable": "#b0522a",
    "no-law": "#8a2f3c",
}

_BOX = (
    "border:1px solid rgba(128,128,128,.45);border-radius:8px;padding:.7em 1.1em;"
    "max-width:56em;font-family:system-ui,sans-serif;line-height:1.5;color:inherit"
)
_LINE = "margin:.45em 0"
_EQUATION = "margin:.35em 0;font-family:serif;font-size:1.15em"
_BADGE = "color:#fff;border-radius:99px;padding:.1em .7em;font-weight:600"
_CELL = "text-align:left;padding:.15em 1.2em .15em 0;border-bottom:1px solid rgba(128,128,128,.3)"
_QUIET = "opacity:.8;font-size:.92em"


def card(title: str, status: str, remedy: str, parts: Iterable[str]) -> str:
    """A result in a frame.

    Parameters
    ----------
    title, status, remedy : str
        Text; a status without a colour of its own has no badge.
    parts : iterable of str
        HTML between the title and the remedy; empty ones are left out.
    """
    colour = COLOURS.get(status, "#5b6875")
    badge = f'<span style="background:{colour};{_BADGE}">{escape(status)}</span>' if status else ""
    last = f'<div style="{_LINE};{_QUIET}">{escape(remedy)}</div>' if remedy else ""
    inner = "".join(f'<div style="{_LINE}">{part}</div>' for part in parts if part)
    return f'<div style="{_BOX}"><div><b>{escape(title)}</b> {badge}</div>{inner}{last}</div>'


def text_card(title: str, text: str, status: str = "", remedy: str = "") -> str:
    """A result that is a few lines of text, in a frame."""
    return card(title, status, remedy, [f'<pre style="margin:0">{escape(text)}</pre>'])


def equations(rows: Iterable[str]) -> str:
    """Equations below each other."""
    return "".join(f'<div style="{_EQUATION}">{row}</div>' for row in rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], style: str = "") -> str:
    """A table; cells are text.

    Parameters
    ----------
    heads : sequence of str
    rows : iterable of sequence
    style : str
        Of each cell, where the page has none.
    """
    mark = f' style="{style}"' if style else ""
    top = "".join(f"<th{mark}>{escape(str(cell))}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{mark}>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    frame = ' style="border-collapse:collapse"' if style else ""
    return f"<table{frame}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def parameters_html(parameters: pd.DataFrame) -> str:
    """A table of `parameter_table`, values with their errors in parentheses."""
    names = [str(name) for name in parameters.index.names]
    keys = [key if isinstance(key, tuple) else (key,) for key in parameters.index]
    units = any(unit not in {"", "1"} for unit in parameters["unit"])
    columns = zip(
        keys, parameters["value"], parameters["std_error"], parameters["unit"], strict=True
    )
    rows = [(*key, number(v, s), *([unit] if units else [])) for key, v, s, unit in columns]
    return table((*names, "value", *(["unit"] if units else [])), rows[: 4 * MAX_TERMS], _CELL)


def number_html(value: float, std: float) -> str:
    """A value with its standard error as `number` writes it, powers of ten raised."""
    text = re.sub(
        r"e([+-]\d+)", lambda found: f" &times; 10<sup>{int(found[1])}</sup>", number(value, std)
    )
    return text.replace("+-", "&plusmn;").replace("-", MINUS)


def terms_html(items: Iterable[dict[str, Any]], names: Sequence[str], text: str = "") -> str:
    """Terms with their coefficients, behind what stands there already.

    Parameters
    ----------
    items : iterable of dict
        As of `Result.terms`.
    names : sequence of str
        Variables that terms may hold.
    text : str
        HTML of other summands.
    """
    for item in items:
        sign = MINUS if item["coefficient"] < 0 else "+"
        lead = f" {sign} " if text else (MINUS if sign == MINUS else "")
        body = "" if item["term"] == "1" else f" {to_html(parse(item['term'], tuple(names)))}"
        text += f"{lead}{number_html(abs(item['coefficient']), item['std'])}{body}"
    return text or "0"


def result_html(law: LawRecord) -> str:
    """A discovered law as a card."""
    if law.laws:
        exponent = law.laws[0]["exponent"]
        rows = [
            "<b>r</b><sub>i</sub>&#8243; = &Sigma;<sub>j</sub> strength<sub>j</sub> "
            f"<i>r</i><sub>ij</sub><sup>{exponent:g}</sup>, towards body j"
        ]
    else:
        rows = [_equation(law, state) for state in law.problem.states]
    lead = "Closest of what was tried, and no law of these data:" if law.status == "no-law" else ""
    rivals = f"{len(law.rivals)} rivals" if len(law.rivals) != 1 else "1 rival"
    kept = ", ".join(escape(item.label) for item in law.conserved)
    parts = [
        lead,
        equations(rows),
        parameters_html(law_parameters(law)),
        f"Conserved: {kept}" if kept else "",
        f"{rivals} that explain the data nearly as well" if law.rivals else "",
    ]
    return card(title_of(law.problem, law.data, "Discovered law"), law.status, law.remedy, parts)


def _equation(law: LawRecord, state: str) -> str:
    model, items = law.model, law.terms(state)
    names = term_variables(model.states, model.inputs, model.order)
    more = f" + {len(items) - MAX_TERMS} more terms" if len(items) > MAX_TERMS else ""
    return f"{rate_html(state, model.order)} = {terms_html(items[:MAX_TERMS], names)}{more}"
