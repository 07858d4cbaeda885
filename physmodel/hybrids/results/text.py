"""Known physics and hidden terms as text for terminals and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physmodel.findings import converted
from physmodel.hybrids.results.record import HybridRecord
from physmodel.hybrids.weak.leftover import REFUSED
from physmodel.laws.files.storage import common
from physmodel.laws.texts.render import MARGIN, WIDTH, compact, folded, left_side, number

#: Standard errors from zero up to which a known number is said to be zero.
ZERO = 2.0

#: Share of the rates up to which what is left is rounding.
ROUNDING = 1e-6

#: Rivals that are printed, and characters of an equation beside which others are aligned.
SHOWN, WIDEST = 3, 44


def to_dict(result: HybridRecord, run: str | None = None) -> dict[str, Any]:
    """A hybrid as plain data, the object that ``physmodel hybrid --json`` prints."""
    own = {
        "known": dict(result.known),
        "parameters": [
            {
                "name": p.name,
                "value": p.value,
                "std": p.std,
                "std_beside_net": p.std_beside_net,
                "told_from_net": p.told_from_net,
            }
            for p in result.known_numbers
        ],
        "residual": dict(result.residual),
        "hidden_share": result.hidden_share,
        "unexplained_fraction": result.unexplained_fraction,
        "p_known": result.p_known,
        "p_left": result.p_left,
        "p_left_by_state": dict(result.p_left_by_state),
        "rivals": list(result.rivals),
    }
    return common(result, own, run)


def represent(result: HybridRecord) -> str:
    """The short form: status and equations."""
    rows = [plain_equation(result, state) for state in result.problem.states]
    return compact("HybridResult", _headline(result), rows)


def render(result: HybridRecord) -> str:
    """A result as text."""
    lines = [_headline(result), ""]
    if result.status == "no-law":
        lines += ["closest of what was tried, and not all of it:"]
    lines += _equations(result)
    count = _count(result)
    parts = [
        ("known", _known(result)),
        ("hidden", [f"{percent(result.hidden_share)} of the mean square of the rates"][:count]),
        ("unexplained", [left_over(result)]),
        (
            "rivals",
            [f"{rival_text(r)}, {percent(r['probability'])}" for r in result.rivals[:SHOWN]],
        ),
        ("noise", [", ".join(f"{s} {v:.2g}" for s, v in result.noise_std.items())]),
        ("units", converted(result.warnings)),
    ]
    lines.append("")
    for title, part in parts:
        rows = [row for item in part for row in folded(item, WIDTH - MARGIN)]
        heads = [f"{title}:", *[""] * len(rows)]
        lines += [f"{head:<{MARGIN}}{row}" for head, row in zip(heads, rows, strict=False)]
    return "\n".join([*lines, "", *folded(result.remedy, WIDTH)])


def left_over(result: HybridRecord) -> str:
    """What known equations and hidden terms do not explain, in words."""
    rounding = result.unexplained_fraction <= ROUNDING
    if result.lawful and rounding and result.p_left < REFUSED:
        return f"a share of {result.unexplained_fraction:.0e} of the rates: rounding"
    if result.status == "known-suffices" and result.p_left < REFUSED:
        return "nothing: noise explains what the fit by shooting leaves"
    if result.status == "known-suffices" or result.unexplained_fraction == 0.0:
        return f"nothing: a network finds no more than in noise (p = {result.p_left:.2g})"
    share = percent(result.unexplained_fraction)
    judged = "as noise may look" if result.p_left >= REFUSED else "more than noise"
    return f"{share} of the mean square of the rates, {judged} (p = {result.p_left:.2g})"


def rival_text(rival: Mapping[str, Any]) -> str:
    """Hidden terms of a rival: ``x*y in x + x*y in y``."""
    parts = [f"{term} in {state}" for state, terms in rival["residual"].items() for term in terms]
    return " + ".join(parts) or "no term"


def plain_equation(result: HybridRecord, state: str) -> str:
    """One equation on one line: ``dx/dt = a*x - 0.40(1)*x*y``."""
    known = result.known[state]
    text = "" if known == "0" else known
    for item in result.residual[state]:
        sign = "-" if item["coefficient"] < 0 else "+"
        lead = f" {sign} " if text else ("-" if sign == "-" else "")
        body = "" if item["term"] == "1" else f"*{item['term']}"
        text += f"{lead}{number(abs(item['coefficient']), item['std'])}{body}"
    return f"{left_side(state, result.model.order)} = {text or '0'}"


def percent(share: float) -> str:
    """A share in percent, with bounds where digits say nothing."""
    if share > 0.99:
        return ">99%"
    return f"{100.0 * share:.2g}%" if share >= 1e-4 or share == 0.0 else "<0.01%"


def _headline(result: HybridRecord) -> str:
    count = _count(result)
    what = {0: "nothing hidden was found", 1: "one hidden term"}.get(count, f"{count} hidden terms")
    what = {"known-suffices": "nothing is hidden"}.get(result.status, what)
    stalled = "" if result.solver_code == "converged" else f" (search {result.solver_code})"
    # A title from a file must not move the cursor of the terminal that it is printed on.
    words = "".join(c if c.isprintable() else " " for c in result.problem.title).strip()
    return f"{result.status}{stalled} - {words + ': ' if words else ''}{what}"


def _count(result: HybridRecord) -> int:
    return sum(len(terms) for terms in result.residual.values())


def _known(result: HybridRecord) -> list[str]:
    """Numbers of the known equations; those of a discovered law stand in its equations already."""
    named = [p for p in result.known_numbers if p.name.isidentifier()]
    rows = [", ".join(f"{p.name} = {number(p.value, p.std)}" for p in named)] if named else []
    loose = ", ".join(p.name for p in named if not p.told_from_net)
    if loose and _count(result):
        rows.append(f"({loose}: from the choice of terms; any hidden function would hide it)")
    zero = ", ".join(p.name for p in named if abs(p.value) <= ZERO * p.std)
    if zero:
        rows.append(f"({zero}: zero within the error; the equations may do without)")
    return rows


def _equations(result: HybridRecord) -> list[str]:
    """Known parts and hidden terms below each other, with what they are in one column."""
    table = [
        row
        for state in result.problem.states
        for row in _rows(result, state, left_side(state, result.model.order))
    ]
    # A long equation does not push the words of the others off the page.
    width = max((len(text) for _, text, _ in table if len(text) <= WIDEST), default=0)
    return [f"{left} {text:<{width}}   {note}".rstrip() for left, text, note in table]


def _rows(result: HybridRecord, state: str, left: str) -> list[tuple[str, str, str]]:
    known = result.known[state]
    rows = [] if known == "0" else [(known, "known")]
    for item in result.residual[state]:
        sign = "-" if item["coefficient"] < 0 else "+"
        body = "" if item["term"] == "1" else f" * {item['term']}"
        if "constant" in item:
            inner = item["constant"]
            body += f",  {inner['name']} = {number(inner['value'], inner['std'])}"
        unit = f" [{item['unit']}]" if item["unit"] not in {"", "1"} else ""
        value = number(abs(item["coefficient"]), item["std"])
        rows.append((f"{sign} {value}{body}{unit}", f"hidden, {percent(item['inclusion'])} sure"))
    heads = [f"{left} =", *[" " * (len(left) + 2)] * len(rows)]
    return [(head, *row) for head, row in zip(heads, rows or [("0", "")], strict=False)]
