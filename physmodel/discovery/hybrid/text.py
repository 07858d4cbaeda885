"""Known physics and hidden terms as text for terminals and as plain data."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from physmodel.discovery.hybrid.leftover import REFUSED
from physmodel.discovery.render import MARGIN, WIDTH, folded, left_side, number
from physmodel.discovery.storage import SCHEMA_VERSION, finite

if TYPE_CHECKING:
    from physmodel.discovery.hybrid.record import HybridResult

#: Rivals that are printed.
SHOWN = 3


def as_dict(result: HybridResult) -> dict[str, Any]:
    """A result as plain data, in the shape of ``physmodel discover --json``.

    Parameters
    ----------
    result : HybridResult

    Returns
    -------
    dict
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "status": result.status,
        "remedy": result.remedy,
        "solver_code": result.solver_code,
        "states": list(result.problem.states),
        "order": result.model.order,
        "known": dict(result.known),
        "parameters": [
            {
                "name": p.name,
                "value": p.value,
                "std": p.std,
                "std_beside_net": p.std_beside_net,
                "told_from_net": p.told_from_net,
            }
            for p in result.parameters
        ],
        "residual": dict(result.residual),
        "hidden_share": result.hidden_share,
        "unexplained_fraction": result.unexplained_fraction,
        "p_known": result.p_known,
        "p_left": result.p_left,
        "rivals": list(result.rivals),
        "noise_std": dict(result.noise_std),
        "warnings": [asdict(finding) for finding in result.warnings],
        "problem": result.problem.to_mapping(),
        "run": None,
    }


def dumps(result: HybridResult) -> str:
    """JSON text of a result; numbers keep all their digits."""
    return json.dumps(finite(as_dict(result)), indent=1, allow_nan=False) + "\n"


def render(result: HybridResult) -> str:
    """A result as text.

    Parameters
    ----------
    result : HybridResult

    Returns
    -------
    str
    """
    count = sum(len(terms) for terms in result.residual.values())
    what = {0: "nothing hidden was found", 1: "one hidden term"}.get(count, f"{count} hidden terms")
    what = {"known-suffices": "nothing is hidden"}.get(result.status, what)
    lines = [f"{result.status} - {what}", ""]
    if result.status == "no-law":
        lines += ["closest of what was tried, and not all of it:"]
    for state in result.problem.states:
        lines += _equation(result, state)
    # The numbers of a discovered law stand in its equations already.
    named = [p for p in result.parameters if "[" not in p.name]
    values = ", ".join(f"{p.name} = {number(p.value, p.std)}" for p in named)
    loose = [p.name for p in named if not p.told_from_net]
    parts = [("known", [values] if values else [])]
    if loose and count:
        names = ", ".join(loose)
        parts[0][1].append(
            f"({names}: from the choice of terms; any hidden function would hide it)"
        )
    parts += [
        ("hidden", [f"{_percent(result.hidden_share)} of the mean square of the rates"][:count]),
        ("left over", [_left(result)]),
        ("rivals", [_rival(result, k) for k in range(min(SHOWN, len(result.rivals)))]),
        ("noise", [", ".join(f"{s} {v:.2g}" for s, v in result.noise_std.items())]),
    ]
    lines.append("")
    for title, part in parts:
        rows = [row for item in part for row in folded(item, WIDTH - MARGIN)]
        heads = [f"{title}:", *[""] * len(rows)]
        lines += [f"{head:<{MARGIN}}{row}" for head, row in zip(heads, rows, strict=False)]
    return "\n".join([*lines, "", *folded(result.remedy, WIDTH)])


def _equation(result: HybridResult, state: str) -> list[str]:
    left = left_side(state, result.model.order)
    known, terms = result.known[state], result.residual[state]
    rows = [] if known == "0" else [(known, "known")]
    for item in terms:
        sign = "-" if item["coefficient"] < 0 else "+"
        body = "" if item["term"] == "1" else f" * {item['term']}"
        if "constant" in item:
            inner = item["constant"]
            body += f",  {inner['name']} = {number(inner['value'], inner['std'])}"
        unit = f" [{item['unit']}]" if item["unit"] not in {"", "1"} else ""
        value = number(abs(item["coefficient"]), item["std"])
        rows.append((f"{sign} {value}{body}{unit}", f"hidden, {_percent(item['inclusion'])} sure"))
    if not rows:
        return [f"{left} = 0"]
    width = max(len(text) for text, _ in rows)
    heads = [f"{left} =", *[" " * (len(left) + 2)] * len(rows)]
    return [
        f"{head} {text:<{width}}   {note}" for head, (text, note) in zip(heads, rows, strict=False)
    ]


def _left(result: HybridResult) -> str:
    if result.lawful and result.p_left < REFUSED:
        return f"a share of {result.unexplained_fraction:.0e} of the rates: rounding"
    if result.status == "known-suffices" or result.unexplained_fraction == 0.0:
        return f"nothing: a network finds no more than in noise (p = {result.p_left:.2g})"
    share = _percent(result.unexplained_fraction)
    judged = "as noise may look" if result.p_left >= REFUSED else "more than noise"
    return f"{share} of the mean square of the rates, {judged} (p = {result.p_left:.2g})"


def _rival(result: HybridResult, number_: int) -> str:
    rival = result.rivals[number_]
    parts = [f"{term} in {state}" for state, terms in rival["residual"].items() for term in terms]
    return f"{' + '.join(parts) or 'no term'}, {_percent(rival['probability'])}"


def _percent(share: float) -> str:
    if share > 0.99:
        return ">99%"
    return f"{100.0 * share:.2g}%" if share >= 1e-4 or share == 0.0 else "<0.01%"
