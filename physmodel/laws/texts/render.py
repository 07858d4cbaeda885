"""Results as text for terminals."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING, Any

from physmodel.findings import converted
from physmodel.laws.record import LawRecord
from physmodel.laws.runs.scores import scored

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Terms of one equation that are printed; a law with more is not readable anyway.
MAX_TERMS = 12

#: Lines and columns of the short form.
LINES, COLUMNS = 10, 99

#: Columns of text, and those that the titles of its parts take.
WIDTH, MARGIN = 80, 13


def number(value: float, std: float) -> str:
    """A value with its standard error in parentheses: ``0.549(57)`` is 0.549 +- 0.057."""
    if not math.isfinite(value) or not std > 0.0 or not math.isfinite(std):
        return f"{value:.6g}"
    if std < abs(value) * 1e-12:
        return f"{value:.12g}"
    places = 1 - math.floor(math.log10(std))
    digits = round(std * 10.0**places)
    if digits == 100:
        places, digits = places - 1, 10
    if places >= 0 and 1e-4 <= abs(value) < 1e6:
        return f"{value:.{places}f}({digits})"
    exponent = math.floor(math.log10(abs(value))) if value else -places
    decimals = places + exponent
    if decimals < 0:
        return f"{value:.1g} +- {std:.1g}"
    return f"{value / 10.0**exponent:.{decimals}f}({digits})e{exponent:+03d}"


def numbers_inside(item: dict[str, Any]) -> str:
    """Numbers inside a term with their errors, ``k = 0.301(12)``; empty where there are none."""
    return ", ".join(
        f"{one['name']} = {number(one['value'], one['std'])}" for one in item.get("inside", ())
    )


def left_side(state: str, order: int) -> str:
    """``d x/dt`` or ``d2 x/dt2`` as plain text."""
    return f"d{state}/dt" if order == 1 else f"d2{state}/dt2"


def right_side(result: LawRecord, state: str) -> str:
    """The right-hand side of one equation as plain text, with standard errors."""
    text = ""
    for item in result.terms(state)[:MAX_TERMS]:
        sign = "-" if item["coefficient"] < 0 else "+"
        lead = f" {sign} " if text else ("-" if sign == "-" else "")
        text += lead + _value(item) + ("" if item["term"] == "1" else f"*{item['term']}")
    return text or "0"


def compact(kind: str, headline: str, rows: Sequence[str]) -> str:
    """A result in ten lines at most, for a debugger or a list of results.

    Parameters
    ----------
    kind, headline : str
        Name of the class, and what it says first.
    rows : sequence of str
        One thing each.
    """
    lines = [f"<{kind} {headline}", *(f"  {row}" for row in rows)]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"  ... and {len(lines) - LINES + 1} more lines"]
    return "\n".join(t if len(t) < COLUMNS else f"{t[: COLUMNS - 4]}..." for t in lines) + ">"


def represent(result: LawRecord) -> str:
    """The short form of a law: status and equations."""
    rows = [
        f"{left_side(state, result.model.order)} = {right_side(result, state)}"
        for state in result.problem.states
    ]
    if result.laws:
        law = result.laws[0]
        items = law["strengths"].items()
        rows = [f"r_i'' = sum over j of strength_j * r^{law['exponent']:g}, towards body j"]
        rows += [f"{body}: {number(one['value'], one['std'])}" for body, one in items]
    return compact("Result", _headline(result), rows)


def render(result: LawRecord) -> str:
    """A result as text."""
    lines = [f"{_headline(result)}", ""]
    lawless = result.status == "no-law"
    lines += ["closest of what was tried, and no law of these data:"] if lawless else []
    lines += _laws(result) if result.laws else _equations(result)
    for title, part in (
        ("conserved", _invariants(result)),
        ("rivals", [] if lawless else _rivals(result)),
        ("noise", _noise(result)),
        ("unexplained", unexplained(result)),
        ("units", converted(result.warnings)),
        ("filter", [f.message for f in result.warnings if f.code == "I-FILTER"]),
        ("unseen", [f.message for f in result.warnings if f.code == "I-UNSEEN"]),
        ("score", _scores(result)),
    ):
        rows = [row for item in part for row in folded(item, WIDTH - MARGIN)]
        heads = [f"{title}:", *[""] * len(rows)]
        rows = [f"{head:<{MARGIN}}{row}" for head, row in zip(heads, rows, strict=False)]
        lines += ["", *rows] if rows else []
    lines += ["", *folded(result.remedy, WIDTH)]
    return "\n".join(line.rstrip() for line in lines)


def folded(text: str, width: int) -> list[str]:
    """Lines of at most this width where words allow it, indented after the first."""
    # What stands in parentheses stays together.
    whole = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", "\xa0"), text)
    lines = textwrap.wrap(
        whole,
        width,
        subsequent_indent="" if width == WIDTH else "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\xa0", " ") for line in lines]


def _headline(result: LawRecord) -> str:
    # A title from a file must not move the cursor of the terminal that it is printed on.
    words = "".join(c if c.isprintable() else " " for c in result.problem.title)
    title = f" - {words}" if words.strip() else ""
    stalled = "" if result.solver_code == "converged" else f" (search {result.solver_code})"
    return f"{result.status}{stalled}{title}"


def _equations(result: LawRecord) -> list[str]:
    lines = []
    for state in result.problem.states:
        terms = result.terms(state)
        left = left_side(state, result.model.order)
        if not terms:
            lines.append(f"{left} = 0")
        width = max((len(_value(item)) for item in terms[:MAX_TERMS]), default=0)
        for k, item in enumerate(terms[:MAX_TERMS]):
            lead = f"{left} =" if k == 0 else " " * (len(left) + 2)
            body = "" if item["term"] == "1" else f" * {item['term']}"
            unit = f"   [{item['unit']}]" if item["unit"] not in {"", "1"} else ""
            unit += f"   {inside}" if (inside := numbers_inside(item)) else ""
            sign = "-" if item["coefficient"] < 0 else "+"
            lines.append(f"{lead} {sign} {_value(item):<{width}}{body}{unit}")
        if len(terms) > MAX_TERMS:
            lines.append(f"{' ' * (len(left) + 2)} ... and {len(terms) - MAX_TERMS} more terms")
    return lines


def _value(item: dict[str, Any]) -> str:
    return number(abs(item["coefficient"]), item["std"])


def _laws(result: LawRecord) -> list[str]:
    law = result.laws[0]
    strengths = law["strengths"]
    heaviest = max(strengths, key=lambda body: abs(strengths[body]["value"]))
    unit = strengths[heaviest]["unit"]
    head = f"strength [{unit}]" if unit not in {"", "1"} else "strength"
    free = number(law["exponent_free"], law["exponent_std"])
    wide = max(12, *(len(body) + 2 for body in strengths))
    lines = [
        "r_i'' = sum over j of strength_j * r^p, towards body j",
        f"p = {law['exponent']:g}   (as a free exponent: {free})",
        "",
        f"{'body':<{wide}}{head:<34}{heaviest} / body",
    ]
    top = strengths[heaviest]
    for body, item in strengths.items():
        value = number(item["value"], item["std"])
        lines.append(f"{body:<{wide}}{value:<34}{_ratio(top, item)}")
    unseen = law.get("unseen", ())
    if unseen:
        lines += ["", "not in the data, but in the balance of momentum, on ellipses:"]
    for k, body in enumerate(unseen, 1):
        value = number(body["strength"]["value"], body["strength"]["std"])
        lines.append(f"{f'unseen {k}':<{wide}}{value:<34}{_ratio(top, body['strength'])}")
        period = number(body["period"], body["period_std"])
        lines.append(f"{'':<{wide}}half axis {body['semi_major_axis']:.4g}, period {period}")
    return lines


def _ratio(top: dict[str, Any], item: dict[str, Any]) -> str:
    if not item["value"]:
        return "no attraction"
    ratio = top["value"] / item["value"]
    if item is top:
        return "1"
    relative = math.hypot(top["std"] / top["value"], item["std"] / item["value"])
    return number(ratio, abs(ratio) * relative)


def _invariants(result: LawRecord) -> list[str]:
    return [f"{item.label}   (drift {item.drift:.1e})" for item in result.conserved]


def _rivals(result: LawRecord) -> list[str]:
    rows = []
    for rival in result.rivals:
        changes = []
        for state in result.problem.states:
            mine = {item["term"] for item in result.terms(state)}
            theirs = {item["term"] for item in rival.terms(state)}
            changes += [f"+{term} in {state}" for term in sorted(theirs - mine)]
            changes += [f"-{term} in {state}" for term in sorted(mine - theirs)]
        rows.append(f"{', '.join(changes[:6])}   (criterion +{rival.delta:.1f})")
    return rows


def _noise(result: LawRecord) -> list[str]:
    noise = result.noise_std
    if not noise or len(noise) > MAX_TERMS:
        return []
    units = dict(result.problem.units)
    named = {state: f" {units[state]}" if units.get(state, "1") != "1" else "" for state in noise}
    return [", ".join(f"{state} {value:.2g}{named[state]}" for state, value in noise.items())]


def unexplained(result: LawRecord) -> list[str]:
    """What an approximate law leaves, and how long it can be trusted."""
    if result.status != "approximate" or "unexplained" not in result.fit_scores:
        return []
    scores, rows = result.scores, []
    share = result.fit_scores["unexplained"]
    rows.append(f"{100.0 * share:.2g}% of the rates of change")
    if scored(scores):
        unit = f" {result.problem.time_unit}" if result.problem.time_unit not in {"", "1"} else ""
        rows.append(
            f"a free run stays within a tenth of the spread for {scores['tenth_time']:.4g}{unit}"
        )
    return [*rows, *(f.message for f in result.warnings if f.code == "I-UNEXPLAINED")]


def _scores(result: LawRecord) -> list[str]:
    scores = result.scores
    if not scored(scores):
        return [f"explains {100 * scores['explained']:.4g}%"] if "explained" in scores else []
    unit = f" {result.problem.time_unit}" if result.problem.time_unit not in {"", "1"} else ""
    return [
        f"free-run R2 {scores['free_run_r2']:.4f} over {scores['window']:.5g}{unit}; "
        f"from the start valid for {scores['valid_time']:.5g} of "
        f"{scores['record']:.5g}{unit}"
    ]
